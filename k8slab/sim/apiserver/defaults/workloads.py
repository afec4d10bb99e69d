"""Defaults of the kinds that make pods.

Upstream: pkg/apis/apps/v1/defaults.go, pkg/apis/batch/v1/defaults.go, pkg/apis/core/v1/defaults.go (ReplicationController).
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.defaults.pod_spec import default_pod_template

__all__ = ["default_cron_job", "default_daemon_set", "default_deployment", "default_job", "default_pod_template_object",
           "default_replica_set", "default_replication_controller", "default_stateful_set"]  # fmt: skip


def _spec_of(obj: Object) -> Object:
    spec: Object = obj.setdefault("spec", {})
    default_pod_template(spec.setdefault("template", {}))
    return spec


def _absent(obj: Object, **values: object) -> None:
    for name, value in values.items():
        if obj.get(name) is None:
            obj[name] = value


def default_deployment(deployment: Object) -> None:
    """One replica, rolling update with a quarter more and a quarter less, ten revisions, ten minutes."""
    spec = _spec_of(deployment)
    _absent(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        if strategy.get("rollingUpdate") is None:
            strategy["rollingUpdate"] = {}
        _absent(strategy["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")


def default_replica_set(replica_set: Object) -> None:
    """One replica."""
    _absent(_spec_of(replica_set), replicas=1)


def default_replication_controller(controller: Object) -> None:
    """One replica; selector and labels come from the template where they are not given."""
    spec = controller.setdefault("spec", {})
    template = spec.get("template")
    if template is not None:
        default_pod_template(template)
        labels = template["metadata"].get("labels")
        if labels:
            if not spec.get("selector"):
                spec["selector"] = dict(labels)
            if not controller["metadata"].get("labels"):
                controller["metadata"]["labels"] = dict(labels)
    _absent(spec, replicas=1)


def default_stateful_set(stateful_set: Object) -> None:
    """One replica, in order, rolling update of all; claims stay when pods go."""
    spec = _spec_of(stateful_set)
    if not spec.get("podManagementPolicy"):
        spec["podManagementPolicy"] = "OrderedReady"
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        if strategy.get("rollingUpdate") is None:
            strategy["rollingUpdate"] = {}
        _absent(strategy["rollingUpdate"], partition=0)
    if spec.get("persistentVolumeClaimRetentionPolicy") is None:
        spec["persistentVolumeClaimRetentionPolicy"] = {}
    policy = spec["persistentVolumeClaimRetentionPolicy"]
    for name in ("whenDeleted", "whenScaled"):
        if not policy.get(name):
            policy[name] = "Retain"
    _absent(spec, replicas=1, revisionHistoryLimit=10)
    for claim in spec.get("volumeClaimTemplates") or ():
        _absent(claim, kind="PersistentVolumeClaim", apiVersion="v1")
        claim.setdefault("metadata", {})
        _absent(claim.setdefault("spec", {}), resources={}, volumeMode="Filesystem")
        claim["status"] = {**(claim.get("status") or {}), "phase": (claim.get("status") or {}).get("phase") or "Pending"}


def default_daemon_set(daemon_set: Object) -> None:
    """Rolling update, one node at a time; ten revisions."""
    spec = _spec_of(daemon_set)
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        if strategy.get("rollingUpdate") is None:
            strategy["rollingUpdate"] = {}
        _absent(strategy["rollingUpdate"], maxUnavailable=1, maxSurge=0)
    _absent(spec, revisionHistoryLimit=10)


def default_job(job: Object) -> None:
    """One pod to completion, six retries; labels come from the template where they are not given."""
    spec = _spec_of(job)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = spec["parallelism"] = 1
    retries = 2**31 - 1 if spec.get("backoffLimitPerIndex") is not None else 6
    replacement = "Failed" if spec.get("podFailurePolicy") is not None else "TerminatingOrFailed"
    _absent(spec, parallelism=1, backoffLimit=retries, completionMode="NonIndexed", suspend=False, manualSelector=False)
    _absent(spec, podReplacementPolicy=replacement)
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for condition in rule.get("onPodConditions") or ():
            _absent(condition, status="True")
    labels = spec["template"]["metadata"].get("labels")
    if labels and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(labels)


def default_cron_job(cron_job: Object) -> None:
    """Runs may overlap; three successes and one failure are kept."""
    spec = cron_job.setdefault("spec", {})
    if not spec.get("concurrencyPolicy"):
        spec["concurrencyPolicy"] = "Allow"
    _absent(spec, suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    default_pod_template(template.setdefault("spec", {}).setdefault("template", {}))


def default_pod_template_object(template: Object) -> None:
    """Defaults of the kind PodTemplate."""
    default_pod_template(template.setdefault("template", {}))

"""PodSecurity: the standards applied to namespaces by their labels.

Upstream: k8s.io/pod-security-admission/admission. ``enforce`` refuses pods, ``warn`` warns the client, ``audit`` marks the
audit event; the latter two also look into the templates of workloads. Tightening a namespace warns about pods already there.
Simplified: no exemptions are configured; at most the first ten reasons for existing pods are listed.
"""

import re
from collections.abc import Iterator

from k8slab.apimachinery.types import Object, labels, name_of
from k8slab.sim.apiserver.admission.pod_security.levels import LEVELS, evaluate, summary
from k8slab.sim.apiserver.admission.pod_security.spec import Violation
from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.apiserver.errors import FieldError, invalid
from k8slab.sim.client import Client

__all__ = ["PodSecurity"]

_PREFIX = "pod-security.kubernetes.io/"
_MODES = ("enforce", "audit", "warn")
_VERSION = re.compile(r"latest|v1\.(0|[1-9]\d*)")
_TEMPLATES = {
    "replicationcontrollers",
    "podtemplates",
    "deployments.apps",
    "replicasets.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
    "cronjobs.batch",
}
_POD_WRITES = {("", "CREATE"), ("ephemeralcontainers", "UPDATE")}
_NO_LABELS: dict[str, str] = {}
_LISTED = 10


class PodSecurity(Plugin):
    """Evaluates pods, templates and changes of namespaces."""

    def __init__(self, client: Client) -> None:
        self._namespaces = client.informer("namespaces")
        self._pods = client.informer("pods")

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """What creates pods, and namespaces."""
        if resource == "pods":
            return (subresource, operation) in _POD_WRITES
        return not subresource and operation in ("CREATE", "UPDATE") and (resource in _TEMPLATES or resource == "namespaces")

    def validate(self, request: AdmissionRequest) -> None:
        """Refuse, warn, annotate."""
        if request.resource.plural == "namespaces":
            self._namespace(request)
            return
        namespace = self._namespaces.get(request.namespace)
        policy = (namespace or {}).get("metadata", {}).get("labels") or _NO_LABELS
        if any(label.startswith(_PREFIX) for label in policy):
            self._pod(request, policy)

    def _pod(self, request: AdmissionRequest, policy: dict[str, str]) -> None:
        meta, spec = _pod_parts(request.new)
        is_pod = request.resource.plural == "pods"
        results = {mode: _violations(policy, mode, meta, spec) for mode in _MODES if is_pod or mode != "enforce"}
        if is_pod:
            request.annotations[f"{_PREFIX}enforce-policy"] = _level(policy, "enforce")
            if results["enforce"]:
                raise request.forbidden(_text("violates", policy, "enforce", results["enforce"]))
        if results["audit"]:
            request.annotations[f"{_PREFIX}audit-violations"] = _text("would violate", policy, "audit", results["audit"])
        if results["warn"]:
            request.warnings.append(_text("would violate", policy, "warn", results["warn"]))

    def _namespace(self, request: AdmissionRequest) -> None:
        policy = labels(request.new)
        errors = list(_label_errors(policy))
        if errors:
            raise invalid("", "Namespace", name_of(request.new), errors)
        if request.operation != "UPDATE" or _level(policy, "enforce") == _level(labels(request.old), "enforce"):
            return
        found: dict[str, list[str]] = {}
        for pod in self._pods.list(name_of(request.new)):
            violations = _violations(policy, "enforce", pod["metadata"], pod["spec"])
            if violations:
                found.setdefault(", ".join(v.reason for v in violations), []).append(name_of(pod))
        if found:
            name, level = name_of(request.new), _level(policy, "enforce")
            request.warnings.append(f'existing pods in namespace "{name}" violate the new PodSecurity enforce level "{level}"')
            request.warnings += [_pods_line(pods, reasons) for reasons, pods in list(found.items())[:_LISTED]]


def _pod_parts(obj: Object) -> tuple[Object, Object]:
    """Return metadata and spec of the pod that an object is or makes."""
    if obj.get("kind") == "CronJob":
        obj = obj["spec"]["jobTemplate"]
    if obj.get("kind") == "Pod":
        return obj["metadata"], obj["spec"]
    template = obj.get("template") or obj["spec"].get("template") or {}
    return template.get("metadata") or {}, template.get("spec") or {}


def _level(policy: dict[str, str], mode: str) -> str:
    return f"{policy.get(_PREFIX + mode, 'privileged')}:{policy.get(f'{_PREFIX}{mode}-version', 'latest')}"


def _violations(policy: dict[str, str], mode: str, meta: Object, spec: Object) -> list[Violation]:
    version = policy.get(f"{_PREFIX}{mode}-version", "latest")
    return evaluate(policy.get(_PREFIX + mode, "privileged"), meta, spec, version)


def _text(verb: str, policy: dict[str, str], mode: str, violations: list[Violation]) -> str:
    return f'{verb} PodSecurity "{_level(policy, mode)}": {summary(violations)}'


def _pods_line(pods: list[str], reasons: str) -> str:
    others = f" (and {len(pods) - 1} other pod{'s' if len(pods) > 2 else ''})" if len(pods) > 1 else ""
    return f"{pods[0]}{others}: {reasons}"


def _label_errors(policy: dict[str, str]) -> Iterator[FieldError]:
    for mode in _MODES:
        level, version = policy.get(_PREFIX + mode), policy.get(f"{_PREFIX}{mode}-version")
        if level is not None and level not in LEVELS:
            field, detail = f"metadata.labels[{_PREFIX}{mode}]", f"must be one of {', '.join(LEVELS)}"
            yield FieldError("FieldValueInvalid", field, detail, level)
        if version is not None and not _VERSION.fullmatch(version):
            field = f"metadata.labels[{_PREFIX}{mode}-version]"
            yield FieldError("FieldValueInvalid", field, 'must be "latest" or "v1.x"', version)

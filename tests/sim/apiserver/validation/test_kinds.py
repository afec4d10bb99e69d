"""What the API server refuses of other kinds than pods, in its words: on create, and on update."""

from typing import Any

import pytest

from k8slab.sim.apiserver.validation import validate_update
from k8slab.sim.apiserver.validation.cron import schedule_complaint
from tests.sim.apiserver.objects import changed, created, on_create, on_update, sample
from tests.sim.apiserver.recorded import kind_of

APPS, BATCH, NET, RBAC = "apps/v1", "batch/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1"
MISMATCH = "`selector` does not match template `labels`"
CREATE: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (APPS, "Deployment", {"spec__selector": None}, [
        "spec.selector: Required value",
        f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {MISMATCH}']),
    (APPS, "Deployment", {"spec__selector": {"matchLabels": {"app": "x"}}}, [
        f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {MISMATCH}']),
    (APPS, "Deployment", {"spec__selector": {}}, [
        "spec.selector: Invalid value: {}: empty selector is invalid for deployment"]),
    (APPS, "Deployment", {"spec__replicas": -1}, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    (APPS, "Deployment", {"spec__strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}}, [
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0']),
    (APPS, "Deployment", {"spec__strategy": {"rollingUpdate": {"maxUnavailable": "110%"}}}, [
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "110%": must not be greater than 100%']),
    (APPS, "Deployment", {"spec__strategy": {"type": "Recreate", "rollingUpdate": {}}}, [
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]),
    (APPS, "Deployment", {"spec__progressDeadlineSeconds": 5, "spec__minReadySeconds": 5}, [
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"]),
    (APPS, "Deployment", {"spec__template__spec__restartPolicy": "Never"}, [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']),
    (APPS, "DaemonSet", {"spec__updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}}, [
        "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"]),
    (APPS, "StatefulSet", {"spec__podManagementPolicy": "Any"}, [
        "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'"]),
    ("v1", "ReplicationController", {"spec__template": None}, ["spec.selector: Required value", "spec.template: Required value"]),
    (BATCH, "Job", {"spec__template__spec__restartPolicy": "Always"}, [
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']),
    (BATCH, "Job", {"spec__completionMode": "Indexed", "spec__parallelism": 2}, [
        "spec.completions: Required value: when completion mode is Indexed"]),
    (BATCH, "Job", {"spec__backoffLimit": -1}, ["spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"]),
    (BATCH, "CronJob", {"spec__schedule": "every day"}, [
        'spec.schedule: Invalid value: "every day": expected exactly 5 fields, found 2: [every day]']),
    (BATCH, "CronJob", {"spec__timeZone": "Mars/Olympus"}, [
        'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus']),
    (BATCH, "CronJob", {"spec__concurrencyPolicy": "Queue"}, [
        'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"']),
    ("v1", "Service", {"spec__ports": []}, ["spec.ports: Required value"]),
    ("v1", "Service", {"spec__ports": [{"port": 80}, {"port": 81}]}, [
        "spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]),
    ("v1", "Service", {"spec__ports": [{"port": 0, "targetPort": 1}]}, [
        "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
    ("v1", "Service", {"spec__ports": [{"port": 80, "nodePort": 30000}]}, [
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
    ("v1", "Service", {"spec__type": "Magic"}, [
        'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']),
    ("v1", "Service", {"spec__type": "ExternalName"}, ["spec.externalName: Required value"]),
    ("v1", "Service", {"spec__clusterIP": "somewhere"}, [
        'spec.clusterIPs[0]: Invalid value: "somewhere": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']),
    ("v1", "Service", {"spec__ipFamilies": ["IPv6"]}, [
        'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster']),
    ("v1", "Service", {"spec__ipFamilyPolicy": "RequireDualStack"}, [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services']),
    ("v1", "Service", {"spec__clusterIP": "fd00::1"}, [
        'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster']),
    ("v1", "PersistentVolumeClaim", {"spec__resources": {"requests": {"storage": "0"}}}, [
        'spec.resources[storage]: Invalid value: "0": must be greater than zero']),
    ("v1", "PersistentVolume", {"spec__hostPath": None}, ["spec: Required value: must specify a volume type"]),
    ("v1", "PersistentVolume", {"spec__hostPath": None, "spec__local": {"path": "/x"}}, [
        "spec.nodeAffinity: Required value: Local volume requires node affinity"]),
    ("v1", "Node", {"spec__taints": [{"key": "a", "effect": "Never"}]}, [
        'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", '
        '"NoExecute"']),
    ("v1", "ResourceQuota", {"spec__hard": {"apples": "1"}}, [
        'spec.hard[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
        'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota']),
    ("v1", "LimitRange", {"spec__limits": [
        {"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}, "default": {"cpu": "2"}}]}, [
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than max value 1',
        'spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1']),
    ("autoscaling/v2", "HorizontalPodAutoscaler", {"spec__minReplicas": 5}, [
        "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"]),
    ("policy/v1", "PodDisruptionBudget", {"spec__maxUnavailable": "x"}, [
        'spec: Invalid value: {"minAvailable":1,"selector":{"matchLabels":{"app":"web"}},"maxUnavailable":"x"}: minAvailable '
        "and maxUnavailable cannot be both set",
        'spec.maxUnavailable: Invalid value: "x": a valid percent string must be a numeric string followed by an ending '
        "'%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]),
    (NET, "NetworkPolicy", {"spec__ingress": [{"from": [{}]}]}, ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
    (NET, "NetworkPolicy", {"spec__egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}]}]}, [
        'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`']),
    (NET, "Ingress", {"spec__rules": [{"http": {"paths": [{"path": "a", "pathType": "Prefix", "backend": {}}]}}]}, [
        'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path',
        "spec.rules[0].http.paths[0].backend: Required value: resource or service backend is required"]),
    (RBAC, "RoleBinding", {"roleRef__kind": "Group"}, [
        'roleRef.kind: Unsupported value: "Group": supported values: "Role", "ClusterRole"']),
    (RBAC, "RoleBinding", {"subjects": [{"kind": "Robot", "name": "r"}]}, [
        'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"']),
    ("scheduling.k8s.io/v1", "PriorityClass", {"value": 2_000_000_000}, [
        "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
    ("coordination.k8s.io/v1", "Lease", {"spec__leaseDurationSeconds": 0}, [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"]),
    ("discovery.k8s.io/v1", "EndpointSlice", {"endpoints": [{"addresses": ["x"]}]}, [
        'endpoints[0].addresses[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']),
]  # fmt: skip
STATEFUL_FIXED = (
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
UPDATE: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (APPS, "Deployment", {"spec__replicas": 3}, []),
    (APPS, "Deployment", {"spec__selector__matchLabels": {"app": "x"}}, [
        f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {MISMATCH}',
        'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable']),
    (APPS, "StatefulSet", {"spec__replicas": 3, "spec__minReadySeconds": 1}, []),
    (APPS, "StatefulSet", {"spec__serviceName": "other"}, [STATEFUL_FIXED]),
    (BATCH, "Job", {"spec__parallelism": 2, "spec__suspend": True}, []),
    (BATCH, "Job", {"spec__completions": 2}, ["spec.completions: Invalid value: 2: field is immutable"]),
    ("v1", "Secret", {"type": "Other"}, ['type: Invalid value: "Other": field is immutable']),
    ("v1", "PersistentVolumeClaim", {"spec__volumeName": "pv-1"}, []),
    ("storage.k8s.io/v1", "StorageClass", {"provisioner": "example.com/other"}, [
        "provisioner: Forbidden: updates to provisioner are forbidden."]),
    ("scheduling.k8s.io/v1", "PriorityClass", {"value": 2}, ["value: Forbidden: may not be changed in an update."]),
    (RBAC, "RoleBinding", {"roleRef__name": "writer"}, [
        'roleRef: Invalid value: {"kind":"Role","name":"writer","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef']),
    ("discovery.k8s.io/v1", "EndpointSlice", {"addressType": "FQDN", "endpoints": []}, [
        'addressType: Invalid value: "FQDN": field is immutable']),
]  # fmt: skip


@pytest.mark.parametrize(("api_version", "kind", "values", "errors"), CREATE)
def test_what_is_wrong_with_a_new_object(api_version: str, kind: str, values: dict[str, Any], errors: list[str]) -> None:
    assert on_create(sample(api_version, kind, **values)) == errors


@pytest.mark.parametrize(("api_version", "kind"), sorted({case[:2] for case in CREATE} | {case[:2] for case in UPDATE}))
def test_the_samples_are_fine(api_version: str, kind: str) -> None:
    stored = created(sample(api_version, kind))
    assert on_create(sample(api_version, kind)) == []
    assert on_update(stored, stored) == []


@pytest.mark.parametrize(("api_version", "kind", "values", "errors"), UPDATE)
def test_what_may_not_change(api_version: str, kind: str, values: dict[str, Any], errors: list[str]) -> None:
    old = created(sample(api_version, kind))
    assert on_update(old, changed(old, **values)) == errors


@pytest.mark.parametrize(
    ("source", "target", "error"),
    [
        ("pods", {"value": "4"}, "averageValue: Required value: must specify a positive target averageValue"),
        ("object", {}, "averageValue: Required value: must set either a target value or averageValue"),
        ("external", {}, "averageValue: Required value: must set either a target value for metric or a per-pod target"),
        (
            "external",
            {"value": "4", "averageValue": "4"},
            "value: Forbidden: may not set both a target value for metric and a per-pod target",
        ),
        (
            "resource",
            {"value": "4"},
            "averageUtilization: Required value: must set either a target raw value or a target utilization",
        ),
        (
            "resource",
            {"averageUtilization": 5, "averageValue": "4"},
            "averageValue: Forbidden: may not set both a target raw value and a target utilization",
        ),
        ("pods", {"averageValue": "4"}, None),
        ("object", {"value": "4"}, None),
    ],
)
def test_each_source_of_a_metric_has_targets_of_its_own(source: str, target: dict[str, Any], error: str | None) -> None:
    of_it = {"name": "cpu", "metric": {"name": "requests"}, "target": {"type": "Value", **target}}
    scaler = sample("autoscaling/v2", "HorizontalPodAutoscaler", spec__metrics=[{"type": source.title(), source: of_it}])
    assert on_create(scaler) == ([f"spec.metrics[0].{source}.target.{error}"] if error else [])


def test_an_address_range_is_given_to_a_node_once() -> None:
    free = created(sample("v1", "Node"))
    taken = changed(free, spec__podCIDR="10.1.0.0/24", spec__podCIDRs=["10.1.0.0/24"])
    assert on_update(free, taken) == []
    refused = 'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'
    assert on_update(taken, changed(taken, spec__podCIDRs=["10.2.0.0/24"])) == [refused]


def test_a_bound_claim_may_grow_but_not_shrink() -> None:
    old = changed(created(sample("v1", "PersistentVolumeClaim")), status={"phase": "Bound", "capacity": {"storage": "1Gi"}})
    assert on_update(old, changed(old, spec__resources={"requests": {"storage": "2Gi"}})) == []
    (error,) = on_update(old, changed(old, spec__resources={"requests": {"storage": "1Mi"}}))
    assert error == "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"


def test_a_claim_that_is_not_bound_is_fixed() -> None:
    old = created(sample("v1", "PersistentVolumeClaim"))
    (error,) = on_update(old, changed(old, spec__accessModes=["ReadOnlyMany"]))
    assert error.startswith("spec: Forbidden: spec is immutable after creation except resources.requests and")


def test_what_a_suspended_job_may_still_change() -> None:
    old = created(sample(BATCH, "Job", spec__suspend=True))
    assert on_update(old, changed(old, spec__template__spec__nodeSelector={"disk": "ssd"})) == []
    running = changed(old, spec__suspend=False)
    (error,) = on_update(running, changed(running, spec__template__spec__nodeSelector={"disk": "ssd"}))
    assert error.endswith(": field is immutable")


def test_the_status_of_a_deployment_adds_up() -> None:
    old = created(sample(APPS, "Deployment"))
    (error,) = on_update(old, changed(old, status={"replicas": 1, "readyReplicas": 2}), "status")
    assert error == "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"


def test_a_namespace_is_terminating_only_when_it_is_being_deleted() -> None:
    old = created(sample("v1", "Namespace"))
    (error,) = on_update(old, changed(old, status={"phase": "Terminating"}), "status")
    assert error == "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        ("*/15 0-6,22 1 jan-mar mon", ""),
        ("@every 1h30m", ""),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@sometimes", "unrecognized descriptor: @sometimes"),
    ],
)
def test_cron_schedules(schedule: str, complaint: str) -> None:
    assert schedule_complaint(schedule) == complaint


def test_a_claim_keeps_its_volume() -> None:
    old = changed(created(sample("v1", "PersistentVolumeClaim")), spec__volumeName="pv-1")
    (error,) = on_update(old, changed(old, spec__volumeName=None))
    assert error.startswith("spec: Forbidden: spec is immutable after creation")


@pytest.mark.parametrize(
    ("api_version", "kind", "causes"),
    [("apps/v1", "Deployment", 2), ("apps/v1", "ReplicaSet", 3), ("v1", "ConfigMap", 3), ("v1", "PersistentVolumeClaim", 4)],
)
def test_how_often_upstream_reports_a_bad_label_of_an_update(api_version: str, kind: str, causes: int) -> None:
    old = created(sample(api_version, kind))
    new = changed(old, metadata__labels={"a": "-"})
    found = validate_update(kind_of(new), new, old)
    assert [error.field for error in found] == ["metadata.labels"] * causes

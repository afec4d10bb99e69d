"""What the API server refuses of a pod, in its words."""

from typing import Any

import pytest

from tests.sim.apiserver.objects import changed, container, created, on_create, on_update, sample

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def pod(**spec: Any) -> dict[str, Any]:
    return sample("v1", "Pod", **{f"spec__{name}": value for name, value in spec.items()})


def test_a_simple_pod_is_fine() -> None:
    assert on_create(pod()) == []


SPECS: list[tuple[dict[str, Any], list[str]]] = [
    ({"containers": []}, ["spec.containers: Required value"]),
    ({"containers": [{"name": "c"}]}, ["spec.containers[0].image: Required value"]),
    ({"containers": [{"image": "nginx"}]}, ["spec.containers[0].name: Required value"]),
    ({"containers": container(name="C")}, [f'spec.containers[0].name: Invalid value: "C": {LABEL}']),
    ({"containers": container() * 2}, ['spec.containers[1].name: Duplicate value: "c"']),
    (
        {"containers": container(imagePullPolicy="Sometimes")},
        [
            'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", '
            '"Never"'
        ],
    ),
    ({"containers": container(image=" nginx")}, [
        'spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace']),
    ({"restartPolicy": "Maybe"}, [
        'spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"']),
    ({"dnsPolicy": "None"}, ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
    ({"nodeName": "Bad_Node"}, [f'spec.nodeName: Invalid value: "Bad_Node": {SUBDOMAIN}']),
    ({"activeDeadlineSeconds": 0}, [
        "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"]),
    ({"containers": container(ports=[{"containerPort": 0}])}, ["spec.containers[0].ports[0].containerPort: Required value"]),
    ({"containers": container(ports=[{"containerPort": 70000}])}, [
        "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"]),
    ({"containers": container(ports=[{"name": "web", "containerPort": 1}, {"name": "web", "containerPort": 2}])}, [
        'spec.containers[0].ports[1].name: Duplicate value: "web"']),
    ({"containers": container(volumeMounts=[{"name": "data", "mountPath": "/data"}])}, [
        'spec.containers[0].volumeMounts[0].name: Not found: "data"']),
    ({"volumes": [{"name": "a", "configMap": {}}]}, ["spec.volumes[0].configMap.name: Required value"]),
    ({"volumes": [{"name": "a", "emptyDir": {}, "hostPath": {"path": "/x"}}]}, [
        "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"]),
    ({"volumes": [{"name": "a", "hostPath": {"path": "/x", "type": "Disk"}}]}, [
        'spec.volumes[0].hostPath.type: Unsupported value: "Disk": supported values: "", "BlockDevice", "CharDevice", '
        '"Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"']),
    ({"containers": container(livenessProbe={"httpGet": {"port": 80}, "exec": {"command": ["true"]}})}, [
        "spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type"]),
    ({"containers": container(livenessProbe={})}, [
        "spec.containers[0].livenessProbe: Required value: must specify a handler type"]),
    ({"containers": container(livenessProbe={"exec": {"command": ["true"]}, "successThreshold": 2})}, [
        "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"]),
    ({"initContainers": [{"name": "i", "image": "busybox", "readinessProbe": {"tcpSocket": {"port": 1}}}]}, [
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"]),
    ({"initContainers": [{"name": "c", "image": "busybox"}]}, ['spec.initContainers[0].name: Duplicate value: "c"']),
    ({"containers": container(resources={"requests": {"apples": "1"}})}, [
        'spec.containers[0].resources.requests[apples]: Invalid value: "apples": must be a standard resource type or fully '
        "qualified",
        'spec.containers[0].resources.requests[apples]: Invalid value: "apples": must be a standard resource for containers']),
    ({"tolerations": [{"key": "a", "operator": "Like"}]}, [
        'spec.tolerations[0].operator: Unsupported value: "Like": supported values: "Equal", "Exists"']),
    ({"tolerations": [{"operator": "Equal", "value": "x"}]}, [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means '
        '"match all values and all keys"']),
    ({"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "Wait"}]}, [
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
        'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Wait": supported values: "DoNotSchedule", '
        '"ScheduleAnyway"']),
    ({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}}, [
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must "
        "have at least one node selector term"]),
    ({"ephemeralContainers": container(name="debug")}, ["spec.ephemeralContainers: Forbidden: cannot be set on create"]),
    ({"nodeName": "n", "schedulingGates": [{"name": "example.com/wait"}]}, [
        "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "errors"), SPECS)
def test_what_is_wrong_with_a_new_pod(spec: dict[str, Any], errors: list[str]) -> None:
    assert on_create(pod(**spec)) == errors


def test_the_image_of_a_pod_may_change() -> None:
    old = created(pod())
    assert on_update(old, changed(old, spec__containers=[{**old["spec"]["containers"][0], "image": "nginx:2"}])) == []


def test_almost_nothing_else_of_a_pod_may_change() -> None:
    old = created(pod())
    (error,) = on_update(old, changed(old, spec__restartPolicy="Never"))
    assert error.startswith(
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
        "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
    )
    assert "'Always'" in error
    assert "'Never'" in error


def test_containers_may_not_be_added_to_a_pod() -> None:
    old = created(pod())
    new = changed(old, spec__containers=[*old["spec"]["containers"], *container(name="more")])
    assert on_update(old, new) == ["spec.containers: Forbidden: pod updates may not add or remove containers"]


def test_tolerations_may_only_be_added() -> None:
    toleration = {"key": "a", "operator": "Exists", "effect": "NoExecute"}
    old = created(pod(tolerations=[toleration]))
    more = [{**toleration, "tolerationSeconds": 5}, {"key": "b", "operator": "Exists"}]
    assert on_update(old, changed(old, spec__tolerations=more)) == []
    refused = "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    assert on_update(old, changed(old, spec__tolerations=[])) == [refused]


def test_scheduling_gates_may_only_go_away() -> None:
    old = created(pod(schedulingGates=[{"name": "example.com/wait"}]))
    assert on_update(old, changed(old, spec__schedulingGates=None)) == []
    refused = "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'example.com/x'"
    assert on_update(old, changed(old, spec__schedulingGates=[{"name": "example.com/x"}])) == [refused]


def test_a_container_that_ended_for_good_does_not_run_again() -> None:
    old = created(pod(restartPolicy="Never"))
    old["status"]["containerStatuses"] = [{"name": "c", "state": {"terminated": {"exitCode": 0}}}]
    new = changed(old, status__containerStatuses=[{"name": "c", "state": {"running": {}}}])
    refused = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
    assert on_update(old, new, "status") == [refused]


def test_ephemeral_containers_are_added_through_their_subresource() -> None:
    old = created(pod())
    new = changed(old, spec__ephemeralContainers=container(name="debug"))
    assert on_update(old, new, "ephemeralcontainers") == []
    with_ports = changed(old, spec__ephemeralContainers=container(name="debug", ports=[{"containerPort": 1}]))
    refused = "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container"
    assert on_update(old, with_ports, "ephemeralcontainers") == [refused]


def test_resources_are_resized_through_their_subresource() -> None:
    old = created(pod(containers=container(resources={"requests": {"cpu": "100m"}})))
    assert on_update(old, changed(old, spec__containers=container(resources={"requests": {"cpu": "1"}})), "resize") == []
    gone = changed(old, spec__containers=container(resources={"requests": {"memory": "1Gi"}}))
    assert on_update(old, gone, "resize") == [
        "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"
    ]
    best_effort = changed(old, spec__containers=container(resources={}))
    assert on_update(old, best_effort, "resize")[0] == (
        'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'
    )

"""What the server warns of, in its words."""

from typing import Any

import pytest

from k8slab.sim.apiserver.strategy import warnings
from tests.sim.apiserver.objects import changed, container, created, sample
from tests.sim.apiserver.recorded import kind_of


def warned(obj: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    return warnings(kind_of(obj), obj, old)


def test_nothing_to_warn_of() -> None:
    assert warned(created(sample("v1", "Pod"))) == []


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        (
            {"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
            'nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        ),
        (
            {"containers": container(ports=[{"containerPort": 80}, {"name": "again", "containerPort": 80}])},
            "containers[0].ports[1]: duplicate port definition with {prefix}containers[0].ports[0]",
        ),
        (
            {"containers": container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}])},
            'containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
        ),
        (
            {"containers": container(resources={"limits": {"memory": "100m"}, "requests": {"memory": "0"}})},
            'containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
        ),
        (
            {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]},
            "topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
        ),
        (
            {"terminationGracePeriodSeconds": -1},
            "terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
        ),
    ],
)
def test_pods_and_templates_are_warned_of_alike(spec: dict[str, Any], warning: str) -> None:
    pod = created(sample("v1", "Pod", **{f"spec__{name}": value for name, value in spec.items()}))
    assert warned(pod) == ["spec." + warning.replace("{prefix}", "spec.")]
    values = {f"spec__template__spec__{name}": value for name, value in spec.items()}
    prefix = "spec.template.spec."
    assert warned(created(sample("apps/v1", "Deployment", **values))) == [prefix + warning.replace("{prefix}", prefix)]


def test_an_update_that_leaves_the_template_is_not_warned_of() -> None:
    values = {"spec__template__spec__nodeSelector": {"beta.kubernetes.io/os": "linux"}}
    old = created(sample("apps/v1", "Deployment", **values))
    assert warned(changed(old, spec__replicas=3), old) == []


def test_unqualified_finalizers() -> None:
    warning = (
        'metadata.finalizers: "mine": prefer a domain-qualified finalizer name including a path (/) to avoid accidental '
        "conflicts with other finalizer writers"
    )
    obj = created(sample("v1", "ConfigMap", metadata__finalizers=["mine", "orphan", "example.com/hold"]))
    assert warned(obj) == [warning]
    assert warned(obj, obj) == []


def test_endpoints_are_deprecated() -> None:
    endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "e"}}
    assert warned(endpoints) == ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]


def test_names_that_make_poor_hostnames() -> None:
    warning = (
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is "
        "recommended: [must not contain dots]"
    )
    obj = created(sample("v1", "Pod", metadata__name="a.b"))
    assert warned(obj) == [warning]
    assert warned(obj, obj) == []


def test_who_writes_a_policy_that_nobody_evaluates_is_told_so_until_nothing_changes() -> None:
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy"}
    policy = {**kind, "metadata": {"name": "x"}, "spec": {"failurePolicy": "Fail"}}
    (said,) = warned(policy)
    assert said.startswith("the embedded cluster stores this ValidatingAdmissionPolicy, but never evaluates it")
    assert warned(changed(policy, metadata={"labels": {"a": "b"}}), policy) == []
    assert warned({**policy, "spec": {**policy["spec"], "failurePolicy": "Ignore"}}, policy) == [said]


def test_a_group_that_the_api_server_serves_itself_needs_no_service() -> None:
    local = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.x"},
        "spec": {"group": "x"},
    }
    assert warned(local) == []
    assert warned({**local, "spec": {"group": "x", "service": {"name": "metrics", "namespace": "x"}}}) == [
        "the embedded cluster stores this APIService, but passes no requests on to its Service"
    ]


def test_fields_that_containers_would_miss_are_named() -> None:
    source = {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}
    rules = [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [1]}}]
    pod = created(sample("v1", "Pod"))
    pod["spec"]["containers"] = container(env=[{"name": "A", "valueFrom": source}], restartPolicyRules=rules)
    assert warned(pod) == [
        "spec.containers[0].env[0].valueFrom.fileKeyRef: the embedded cluster stores it, but never sets the variable",
        "spec.containers[0].restartPolicyRules[0].action: the embedded cluster stores it, but restarts this container only",
    ]

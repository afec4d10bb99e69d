"""What admission adds to a pod."""

import pytest

from k8slab.sim.apiserver.admission.service_account import TOKEN_PATH
from k8slab.sim.apiserver.errors import StatusError


@pytest.fixture
def created(admit, make_pod):
    """The spec of a pod after admission."""
    return lambda **spec: admit("CREATE", "pods", make_pod(**spec)).new["spec"]


def _refusal(created, **spec):
    with pytest.raises(StatusError) as caught:
        created(**spec)
    assert caught.value.code == 403
    return caught.value.message


# ServiceAccount


def test_a_pod_runs_as_the_default_account_and_gets_its_token(created):
    spec = created()
    (volume,) = spec["volumes"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    assert volume["name"].startswith("kube-api-access-")
    assert spec["containers"][0]["volumeMounts"] == [{"name": volume["name"], "readOnly": True, "mountPath": TOKEN_PATH}]
    assert volume["projected"] == {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {
                "downwardAPI": {
                    "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
                }
            },
        ],
        "defaultMode": 420,
    }


def test_every_container_that_has_nothing_there_mounts_the_token(created):
    own = {"name": "b", "volumeMounts": [{"name": "x", "mountPath": TOKEN_PATH}]}
    spec = created(initContainers=[{"name": "a"}, own], volumes=[{"name": "x", "emptyDir": {}}])
    assert [len(c["volumeMounts"]) for c in [*spec["initContainers"], *spec["containers"]]] == [1, 1, 1]
    assert len(spec["volumes"]) == 2


def test_no_token_if_the_pod_says_so(created):
    assert "volumes" not in created(automountServiceAccountToken=False)


def test_no_token_if_the_account_says_so_unless_the_pod_insists(created, client):
    client.add(
        {"kind": "ServiceAccount", "metadata": {"name": "quiet", "namespace": "chat"}, "automountServiceAccountToken": False}
    )
    assert "volumes" not in created(serviceAccountName="quiet")
    assert "volumes" in created(serviceAccountName="quiet", automountServiceAccountToken=True)


def test_pull_secrets_come_from_the_account_unless_the_pod_has_some(created, client):
    account = {"kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "chat"}, "imagePullSecrets": [{"name": "hub"}]}
    client.add(account)
    assert created(serviceAccountName="web")["imagePullSecrets"] == [{"name": "hub"}]
    assert created(serviceAccountName="web", imagePullSecrets=[{"name": "own"}])["imagePullSecrets"] == [{"name": "own"}]


def test_a_missing_account(created):
    text = 'error looking up service account chat/nobody: serviceaccount "nobody" not found'
    assert _refusal(created, serviceAccountName="nobody") == f'pods "web" is forbidden: {text}'


def test_a_pod_without_a_name_yet_is_called_by_its_prefix(admit, make_pod):
    pod = make_pod(serviceAccountName="nobody")
    pod["metadata"] = {"generateName": "web-", "namespace": "chat"}
    with pytest.raises(StatusError, match='pods "web-" is forbidden'):
        admit("CREATE", "pods", pod)


# DefaultTolerationSeconds

_FIVE_MINUTES = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}


def test_pods_stay_five_minutes_on_a_node_in_trouble(created):
    assert created()["tolerations"] == [
        {"key": "node.kubernetes.io/not-ready", **_FIVE_MINUTES},
        {"key": "node.kubernetes.io/unreachable", **_FIVE_MINUTES},
    ]


@pytest.mark.parametrize(
    ("own", "added"),
    [
        ({"operator": "Exists"}, 0),
        ({"key": "node.kubernetes.io/not-ready", "operator": "Exists"}, 1),
        ({"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"}, 2),
        ({"key": "gpu", "operator": "Exists"}, 2),
    ],
)
def test_own_tolerations_count(created, own, added):
    assert len(created(tolerations=[own])["tolerations"]) == 1 + added


# Priority


@pytest.fixture
def classes(client):
    for name, value, more in (("high", 1000, {}), ("quiet", 5, {"preemptionPolicy": "Never"})):
        client.add({"kind": "PriorityClass", "metadata": {"name": name}, "value": value, **more})


def _priority(spec):
    return spec.get("priorityClassName"), spec["priority"], spec["preemptionPolicy"]


def test_priority_is_zero_without_a_class(created):
    assert _priority(created()) == (None, 0, "PreemptLowerPriority")


def test_priority_comes_from_the_class(created, classes):
    assert _priority(created(priorityClassName="high")) == ("high", 1000, "PreemptLowerPriority")
    assert _priority(created(priorityClassName="quiet")) == ("quiet", 5, "Never")


def test_the_default_class_is_for_pods_without_one(created, client):
    client.add({"kind": "PriorityClass", "metadata": {"name": "usual"}, "value": 7, "globalDefault": True})
    assert _priority(created()) == ("usual", 7, "PreemptLowerPriority")


def test_an_unknown_class(created):
    assert _refusal(created, priorityClassName="x") == 'pods "web" is forbidden: no PriorityClass with name x was found'


def test_the_number_is_not_for_the_user_to_set(created):
    assert _refusal(created, priority=9) == (
        'pods "web" is forbidden: the integer value of priority (9) must not be provided in pod spec; '
        "priority admission controller computed 0 from the given PriorityClass name"
    )


def test_one_default_class_is_enough(admit, client):
    client.add({"kind": "PriorityClass", "metadata": {"name": "usual"}, "value": 7, "globalDefault": True})
    second = {"kind": "PriorityClass", "metadata": {"name": "other"}, "value": 8, "globalDefault": True}
    with pytest.raises(StatusError, match=r"PriorityClass usual is already marked as default\. Only one default can exist"):
        admit("CREATE", "priorityclasses.scheduling.k8s.io", second)


# RuntimeClass


def test_a_runtime_class_brings_overhead_and_placement(created, client):
    scheduling = {"nodeSelector": {"sandbox": "yes"}, "tolerations": [{"key": "sandbox", "operator": "Exists"}]}
    client.add(
        {
            "kind": "RuntimeClass",
            "metadata": {"name": "gvisor"},
            "overhead": {"podFixed": {"cpu": "10m"}},
            "scheduling": scheduling,
        }
    )
    spec = created(runtimeClassName="gvisor", nodeSelector={"disk": "ssd"})
    assert (spec["overhead"], spec["nodeSelector"]) == ({"cpu": "10m"}, {"disk": "ssd", "sandbox": "yes"})
    assert {"key": "sandbox", "operator": "Exists"} in spec["tolerations"]


def test_an_unknown_runtime_class(created):
    assert _refusal(created, runtimeClassName="x") == 'pods "web" is forbidden: pod rejected: RuntimeClass "x" not found'


def test_a_pod_without_containers_is_left_to_validation(created):
    assert created(containers=None)["serviceAccountName"] == "default"


def test_limit_ranges_and_quotas_that_say_nothing_change_nothing(created, client):
    meta = {"name": "empty", "namespace": "chat"}
    client.add({"kind": "LimitRange", "metadata": meta}, {"kind": "ResourceQuota", "metadata": meta})
    assert created()["containers"][0].get("resources", {}) == {}

"""A quota is counted and enforced, as recorded from a real API server."""

import pytest

from k8slab.sim.apiserver.errors import StatusError


@pytest.fixture
def quota(client):
    def add(hard, used=None, **spec):
        status = {"hard": hard, "used": used or dict.fromkeys(hard, "0")}
        meta = {"name": "q", "namespace": "chat"}
        client.add({"kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard, **spec}, "status": status})

    return add


def _used(client):
    return client.get("resourcequotas", "q", "chat")["status"]["used"]


def _refusal(admit, *request, **more):
    with pytest.raises(StatusError) as caught:
        admit(*request, **more)
    assert caught.value.code == 403
    return caught.value.message


def test_what_is_admitted_is_booked(admit, client, quota, make_pod):
    quota({"pods": "2", "requests.cpu": "1", "requests.memory": "1Gi"})
    admit("CREATE", "pods", make_pod(requests={"cpu": "500m", "memory": "128Mi"}))
    assert _used(client) == {"pods": "1", "requests.cpu": "500m", "requests.memory": "128Mi"}


def test_a_dry_run_books_nothing(admit, client, quota, make_pod):
    quota({"pods": "2"})
    admit("CREATE", "pods", make_pod(), dry_run=True)
    assert _used(client) == {"pods": "0"}


def test_only_what_goes_over_is_named(admit, quota, make_pod):
    quota({"pods": "1", "requests.cpu": "1"}, {"pods": "1", "requests.cpu": "500m"})
    small, large = (_refusal(admit, "CREATE", "pods", make_pod(requests={"cpu": cpu})) for cpu in ("500m", "700m"))
    assert small == 'pods "web" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'
    assert large == (
        'pods "web" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=700m, '
        "used: pods=1,requests.cpu=500m, limited: pods=1,requests.cpu=1"
    )


def test_what_is_counted_must_be_said(admit, quota, make_pod):
    quota({"requests.cpu": "1", "limits.memory": "1Gi"})
    text = "failed quota: q: must specify limits.memory for: c; requests.cpu for: c"
    assert _refusal(admit, "CREATE", "pods", make_pod()) == f'pods "web" is forbidden: {text}'


def test_a_quota_that_the_controller_has_not_seen_limits_nothing(admit, client, make_pod):
    meta = {"name": "q", "namespace": "chat"}
    client.add({"kind": "ResourceQuota", "metadata": meta, "spec": {"hard": {"pods": "0"}}, "status": {}})
    admit("CREATE", "pods", make_pod())


def test_other_namespaces_have_quotas_of_their_own(admit, client, quota, make_pod):
    quota({"pods": "0"})
    client.add(
        {"kind": "Namespace", "metadata": {"name": "other"}, "status": {"phase": "Active"}},
        {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "other"}},
    )
    admit("CREATE", "pods", make_pod(namespace="other"))


@pytest.mark.parametrize(
    ("resource", "name"),
    [("configmaps", "configmaps"), ("configmaps", "count/configmaps"), ("deployments.apps", "count/deployments.apps")],
)
def test_objects_are_counted(admit, quota, resource, name):
    quota({name: "0"})
    obj = {"metadata": {"name": "x", "namespace": "chat"}, "spec": {}}
    text = f"exceeded quota: q, requested: {name}=1, used: {name}=0, limited: {name}=0"
    assert _refusal(admit, "CREATE", resource, obj).endswith(f'"x" is forbidden: {text}')


def test_node_ports_are_counted_by_port_and_when_a_service_changes(admit, client, quota):
    quota({"services": "5", "services.nodeports": "3"})
    meta = {"name": "web", "namespace": "chat"}
    plain = {"kind": "Service", "metadata": meta, "spec": {"type": "ClusterIP", "ports": [{"port": 80}, {"port": 81}]}}
    admit("CREATE", "services", plain)
    admit("UPDATE", "services", {**plain, "spec": {**plain["spec"], "type": "NodePort"}}, plain)
    assert _used(client) == {"services": "1", "services.nodeports": "2"}


def test_claims_are_counted_in_sum_and_by_class(admit, client, quota):
    of_class = "fast.storageclass.storage.k8s.io/requests.storage"
    quota({"requests.storage": "10Gi", of_class: "2Gi"})
    spec = {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}
    admit("CREATE", "persistentvolumeclaims", {"metadata": {"name": "d", "namespace": "chat"}, "spec": spec})
    assert _used(client) == {"requests.storage": "1Gi", of_class: "1Gi"}


@pytest.mark.parametrize(
    ("spec", "pod", "counted"),
    [
        ({"scopes": ["BestEffort"]}, {}, True),
        ({"scopes": ["BestEffort"]}, {"requests": {"cpu": "1"}}, False),
        ({"scopes": ["NotBestEffort"]}, {"limits": {"memory": "1Gi"}}, True),
        ({"scopes": ["Terminating"]}, {"activeDeadlineSeconds": 5}, True),
        ({"scopes": ["NotTerminating"]}, {"activeDeadlineSeconds": 5}, False),
    ],
)
def test_scopes(admit, client, quota, make_pod, spec, pod, counted):
    quota({"pods": "1"}, **spec)
    admit("CREATE", "pods", make_pod(**pod))
    assert _used(client) == {"pods": "1" if counted else "0"}


def test_a_quota_for_a_priority_class(admit, client, quota, make_pod):
    client.add({"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 9})
    selector = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}
    quota({"pods": "1"}, scopeSelector=selector)
    admit("CREATE", "pods", make_pod())
    admit("CREATE", "pods", make_pod(priorityClassName="high"))
    assert _used(client) == {"pods": "1"}

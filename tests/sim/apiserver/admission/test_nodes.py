"""New nodes are tainted; kubelets write their own node and pods only."""

import pytest

from k8slab.sim.apiserver.authentication import node_user
from k8slab.sim.apiserver.errors import StatusError

KUBELET = node_user("worker-1")
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def _node(name="worker-1", labels=None, **spec):
    return {"kind": "Node", "metadata": {"name": name, "labels": labels or {}}, "spec": spec}


def _pod(node="worker-1", **meta):
    return {"kind": "Pod", "metadata": {"name": "web", "namespace": "chat", **meta}, "spec": {"nodeName": node, "containers": []}}


def _refusal(admit, *request, **more):
    with pytest.raises(StatusError) as caught:
        admit(*request, user=KUBELET, **more)
    return caught.value.message


def test_a_new_node_is_not_ready(admit):
    assert admit("CREATE", "nodes", _node()).new["spec"]["taints"] == [NOT_READY]
    assert admit("CREATE", "nodes", _node(taints=[NOT_READY])).new["spec"]["taints"] == [NOT_READY]


def test_a_kubelet_registers_its_own_node_with_its_own_labels(admit):
    own = {"kubernetes.io/hostname": "worker-1", "topology.kubernetes.io/zone": "a", "disk": "ssd"}
    admit("CREATE", "nodes", _node(labels=own), user=KUBELET)
    text = _refusal(admit, "CREATE", "nodes", _node("worker-2"))
    assert text == 'nodes "worker-2" is forbidden: node "worker-1" is not allowed to modify node "worker-2"'


@pytest.mark.parametrize("label", ["node-role.kubernetes.io/control-plane", "node-restriction.kubernetes.io/tier"])
def test_a_kubelet_does_not_give_itself_reserved_labels(admit, label):
    created = _refusal(admit, "CREATE", "nodes", _node(labels={label: ""}))
    assert created.endswith(f'node "worker-1" is not allowed to set the following labels: {label}')
    updated = _refusal(admit, "UPDATE", "nodes", _node(labels={label: ""}), _node())
    assert updated.endswith(f"is not allowed to modify labels: {label}")


def test_a_kubelet_does_not_touch_its_taints(admit):
    text = _refusal(admit, "UPDATE", "nodes", _node(), _node(taints=[NOT_READY]))
    assert text.endswith('node "worker-1" is not allowed to modify taints')


def test_a_kubelet_reports_the_status_of_its_own_pods(admit):
    admit("UPDATE", "pods", _pod(), _pod(), subresource="status", user=KUBELET)
    text = _refusal(admit, "UPDATE", "pods", _pod("worker-2"), _pod("worker-2"), subresource="status")
    assert text == (
        'pods "web" is forbidden: node "worker-1" can only update pod status for pods with spec.nodeName set to itself'
    )


def test_a_kubelet_deletes_its_own_pods(admit):
    admit("DELETE", "pods", old=_pod(), user=KUBELET)
    assert "can only delete pods" in _refusal(admit, "DELETE", "pods", old=_pod("worker-2"))


def test_a_kubelet_creates_mirror_pods_only(admit):
    admit("CREATE", "pods", _pod(annotations={"kubernetes.io/config.mirror": "x"}), user=KUBELET)
    text = _refusal(admit, "CREATE", "pods", _pod())
    assert text.endswith(
        'pod does not have "kubernetes.io/config.mirror" annotation, node "worker-1" can only create mirror pods'
    )

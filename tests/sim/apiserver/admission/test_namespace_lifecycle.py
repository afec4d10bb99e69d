"""Nothing new in a namespace that is missing or going; three namespaces stay."""

import pytest

from k8slab.sim.apiserver.errors import StatusError


def _config_map(namespace):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": namespace}}


def test_a_missing_namespace(admit):
    with pytest.raises(StatusError) as caught:
        admit("CREATE", "configmaps", _config_map("no-such-ns"))
    status = caught.value.status()
    assert (status["code"], status["message"]) == (404, 'namespaces "no-such-ns" not found')
    assert status["details"] == {"name": "no-such-ns", "kind": "namespaces"}


def test_a_namespace_that_is_going_takes_nothing_new_but_lets_the_rest_change(admit, client):
    client.add({"kind": "Namespace", "metadata": {"name": "going"}, "status": {"phase": "Terminating"}})
    with pytest.raises(StatusError) as caught:
        admit("CREATE", "configmaps", _config_map("going"))
    status = caught.value.status()
    text = "unable to create new content in namespace going because it is being terminated"
    assert (status["code"], status["message"]) == (403, f'configmaps "b" is forbidden: {text}')
    assert status["details"] == {
        "name": "b",
        "kind": "configmaps",
        "causes": [
            {
                "reason": "NamespaceTerminating",
                "message": "namespace going is being terminated",
                "field": "metadata.namespace",
            }
        ],
    }
    admit("UPDATE", "configmaps", _config_map("going"), _config_map("going"))


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_immortal_namespaces(admit, name):
    namespace = {"kind": "Namespace", "metadata": {"name": name}}
    with pytest.raises(StatusError) as caught:
        admit("DELETE", "namespaces", old=namespace)
    assert caught.value.message == f'namespaces "{name}" is forbidden: this namespace may not be deleted'


def test_other_namespaces_may_go(admit):
    admit("DELETE", "namespaces", old={"kind": "Namespace", "metadata": {"name": "chat"}})

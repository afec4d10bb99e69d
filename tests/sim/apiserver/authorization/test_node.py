"""A kubelet sees its node, its pods and what they mention; nothing of other nodes' pods."""

import pytest

from k8slab.sim.apiserver.authentication import node_user
from k8slab.sim.apiserver.authorization import Attributes

NODE = node_user("worker-1")


@pytest.fixture
def authorizer(authorizer, client):
    spec = {
        "nodeName": "worker-1",
        "serviceAccountName": "web",
        "imagePullSecrets": [{"name": "registry"}],
        "containers": [
            {
                "name": "c",
                "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}],
                "envFrom": [{"secretRef": {"name": "password"}}],
            }
        ],
        "volumes": [
            {"name": "a", "secret": {"secretName": "tls"}},
            {"name": "b", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
        ],
    }
    other = {"nodeName": "worker-2", "containers": [], "volumes": [{"name": "a", "secret": {"secretName": "others"}}]}
    client.add(
        {"kind": "Pod", "metadata": {"name": "web", "namespace": "chat"}, "spec": spec},
        {"kind": "Pod", "metadata": {"name": "other", "namespace": "chat"}, "spec": other},
        {
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "chat"},
            "spec": {"volumeName": "pv-7"},
        },
    )
    return authorizer


def _may(authorizer, verb, resource, name="", group="", subresource="", namespace="chat"):
    return authorizer.authorize(Attributes(NODE, verb, group, "v1", resource, subresource, namespace, name))


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("secrets", "registry"),
        ("secrets", "password"),
        ("secrets", "tls"),
        ("configmaps", "settings"),
        ("configmaps", "kube-root-ca.crt"),
        ("persistentvolumeclaims", "data"),
        ("serviceaccounts", "web"),
    ],
)
def test_what_its_pods_mention(authorizer, resource, name):
    assert _may(authorizer, "get", resource, name).allowed


def test_the_volume_behind_a_claim(authorizer):
    assert _may(authorizer, "get", "persistentvolumes", "pv-7", namespace="").allowed


def test_a_token_for_the_account_of_its_pod(authorizer):
    assert _may(authorizer, "create", "serviceaccounts", "web", subresource="token").allowed
    assert not _may(authorizer, "create", "serviceaccounts", "admin", subresource="token").allowed


def test_not_what_other_nodes_pods_mention(authorizer):
    decision = _may(authorizer, "get", "secrets", "others")
    assert decision == (False, "no relationship found between node 'worker-1' and this object", None)


def test_a_pod_that_leaves_takes_its_secrets_along(authorizer, client):
    assert _may(authorizer, "get", "secrets", "tls").allowed
    client.delete("pods", "web", "chat", grace_period=0)
    assert not _may(authorizer, "get", "secrets", "tls").allowed


def test_secrets_are_not_to_be_changed(authorizer):
    assert not _may(authorizer, "update", "secrets", "tls").allowed


@pytest.mark.parametrize(
    ("verb", "resource", "subresource"),
    [("patch", "nodes", "status"), ("patch", "pods", "status"), ("create", "events", ""), ("delete", "pods", "")],
)
def test_what_every_kubelet_does(authorizer, verb, resource, subresource):
    assert _may(authorizer, verb, resource, "x", subresource=subresource).allowed


def test_its_own_lease_only(authorizer):
    lease = {"group": "coordination.k8s.io", "namespace": "kube-node-lease"}
    assert _may(authorizer, "update", "leases", "worker-1", **lease).allowed
    refused = _may(authorizer, "update", "leases", "worker-2", **lease)
    assert refused.reason == "can only access node lease with the same name as the requesting node"


def test_no_deployments(authorizer):
    assert not _may(authorizer, "list", "deployments", group="apps").allowed

"""The API as a program in a pod reaches it: the Service kubernetes, the CA and the token that are mounted."""

import json

import pytest

from tests.processes import Kubectl, eventually

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: main, image: curlimages/curl:8.17.0, command: [sleep, "3600"]}
"""
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture
def inside(kubectl: Kubectl) -> Kubectl:
    """A namespace with a running pod that has curl."""
    kubectl("create", "-f", "-", stdin=POD)
    kubectl("wait", "pod/client", "--for=condition=Ready", "--timeout=60s")
    return kubectl


def curl(kubectl: Kubectl, arguments: str) -> str:
    return kubectl("exec", "client", "--", "sh", "-c", f"curl {arguments}; true").out


def test_the_ca_that_is_mounted_vouches_for_the_server(inside: Kubectl) -> None:
    refused = inside.try_("exec", "client", "--", "curl", "-sS", "https://kubernetes.default/version")
    assert "SSL certificate problem: unable to get local issuer certificate" in refused.err
    assert json.loads(curl(inside, f"-s --cacert {ACCOUNT}/ca.crt https://kubernetes.default.svc/version"))["major"] == "1"


def test_plain_http_is_told_to_use_tls(inside: Kubectl) -> None:
    assert curl(inside, "-s http://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/").startswith(
        "Client sent an HTTP request to an HTTPS server."
    )


def test_without_a_token_the_pod_is_nobody(inside: Kubectl) -> None:
    assert 'User \\"system:anonymous\\" cannot get path \\"/api\\"' in curl(inside, "-sk https://kubernetes.default/api")


def test_with_its_token_the_pod_may_do_what_its_account_may(inside: Kubectl) -> None:
    namespace = f"https://kubernetes.default/api/v1/namespaces/$(cat {ACCOUNT}/namespace)"
    ask = f'-sk -H "Authorization: Bearer $(cat {ACCOUNT}/token)" {namespace}'
    assert json.loads(curl(inside, f"{ask}/pods"))["message"] == (
        f'pods is forbidden: User "system:serviceaccount:{inside.namespace}:default" cannot list resource "pods" '
        f'in API group "" in the namespace "{inside.namespace}"'
    )
    inside("create", "role", "reader", "--verb=list", "--resource=pods")
    inside("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={inside.namespace}:default")
    pods = eventually(lambda: (got := json.loads(curl(inside, f"{ask}/pods")))["kind"] == "PodList" and got)
    assert [pod["metadata"]["name"] for pod in pods["items"]] == ["client"]


def test_a_pod_can_change_the_cluster(inside: Kubectl) -> None:
    inside("create", "role", "writer", "--verb=create,get", "--resource=configmaps")
    inside("create", "rolebinding", "writer", "--role=writer", f"--serviceaccount={inside.namespace}:default")
    body = '{"metadata":{"name":"made-inside"},"data":{"a":"1"}}'
    made = curl(
        inside,
        f'-sk -X POST -H "Authorization: Bearer $(cat {ACCOUNT}/token)" -H "Content-Type: application/json" '
        f"-d '{body}' https://kubernetes.default/api/v1/namespaces/{inside.namespace}/configmaps",
    )
    assert json.loads(made)["kind"] == "ConfigMap"
    assert inside("get", "configmap", "made-inside", "-o", "jsonpath={.data.a}").out == "1"


def test_a_watch_is_refused_honestly(inside: Kubectl) -> None:
    inside(
        "create",
        "clusterrolebinding",
        f"{inside.namespace}-view",
        "--clusterrole=view",
        f"--serviceaccount={inside.namespace}:default",
    )
    ask = f'-sk -H "Authorization: Bearer $(cat {ACCOUNT}/token)" "https://kubernetes.default/api/v1/namespaces/{inside.namespace}/pods'
    assert json.loads(curl(inside, f'{ask}?watch=1"'))["reason"] == "NotImplemented"
    inside("delete", "clusterrolebinding", f"{inside.namespace}-view")

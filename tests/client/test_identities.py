"""Identities made by a learner, through the real API: certificates that are asked for, tokens, passwords, and their ends."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, connect
from k8slab.client.identities import (
    certificate_names,
    certificate_request,
    certificate_table,
    server_certificate,
    sign_in,
    signing_request,
    with_certificate,
)
from k8slab.errors import K8slabError
from k8slab.sim.server import ServerConfig, ServerThread
from k8slab.sim.shape import default_nodes

CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    state = tmp_path_factory.mktemp("state")
    with ServerThread(ServerConfig(state, nodes=default_nodes(0), seed=1, clock_mode="stepped")) as server:
        opened = connect(kubeconfig=server.kubeconfig)
        yield opened
        opened.close()


def approve(cluster: Cluster, request: Object) -> None:
    name = request["metadata"]["name"]
    cluster.request("POST", CSRS, body=request)
    found = cluster.get("csr", name)
    found["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "Test"}]}
    cluster.request("PUT", f"{CSRS}/{name}/approval", body=found)
    cluster.clock.sleep(1)


def who(cluster: Cluster) -> Object:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    info: Object = cluster.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=body)["status"]["userInfo"]
    return info


def refusal(cluster: Cluster) -> tuple[int, str]:
    with pytest.raises(ApiException) as caught:
        cluster.request("GET", "/api/v1/namespaces/default/pods")
    return caught.value.status, str(caught.value.body)


def test_a_request_names_user_and_groups_and_does_not_hold_the_key(cluster: Cluster) -> None:
    key, asked = certificate_request("zoe", ["front-team", "ops"])
    assert "PRIVATE KEY" in key
    assert "PRIVATE KEY" not in asked
    approve(cluster, signing_request("zoe", asked))
    zoe = with_certificate(cluster, "zoe", key)
    info = who(zoe)
    assert (info["username"], info["groups"]) == ("zoe", ["front-team", "ops", "system:authenticated"])
    assert stat.S_IMODE(Path(zoe.kubeconfig).stat().st_mode) == 0o600


def test_a_certificate_ends_on_the_clusters_clock_whatever_the_hosts_says(cluster: Cluster) -> None:
    key, asked = certificate_request("guest")
    approve(cluster, signing_request("guest", asked, seconds=600))
    guest = with_certificate(cluster, "guest", key)
    assert refusal(guest)[0] == 403
    cluster.clock.sleep(600)
    assert refusal(guest)[0] == 401


def test_without_a_signed_certificate_one_is_told_what_to_do(cluster: Cluster) -> None:
    key, asked = certificate_request("early")
    cluster.request("POST", CSRS, body=signing_request("early", asked))
    with pytest.raises(K8slabError, match="kubectl certificate approve early"):
        with_certificate(cluster, "early", key)


def test_a_certificate_for_another_key_is_told_as_such(cluster: Cluster) -> None:
    first, asked = certificate_request("again")
    approve(cluster, signing_request("again", asked))
    second, _ = certificate_request("again")
    assert who(with_certificate(cluster, "again", first))["username"] == "again"
    with pytest.raises(K8slabError, match=r"for another key.*kubectl delete csr again"):
        with_certificate(cluster, "again", second)


def test_one_group_is_a_list_of_one() -> None:
    with pytest.raises(K8slabError, match=r'\["front-team"\], not "front-team"'):
        certificate_request("lin", "front-team")


def test_a_token_signs_in_as_its_service_account(cluster: Cluster) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = cluster.request("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", body=body)
    assert (
        who(sign_in(cluster, "bot", {"token": answer["status"]["token"]}))["username"] == "system:serviceaccount:default:default"
    )


@pytest.mark.parametrize("credentials", [{"username": "zoe", "password": "secret"}, None], ids=["a password", "nothing"])
def test_who_brings_no_credentials_that_count_is_anonymous(cluster: Cluster, credentials: dict[str, str] | None) -> None:
    code, said = refusal(sign_in(cluster, "zoe", credentials))
    assert code == 403
    assert "system:anonymous" in said


def test_a_table_says_what_a_certificate_is_good_for(cluster: Cluster) -> None:
    server = server_certificate(cluster)
    assert certificate_names(server) == ("kube-apiserver", ())
    assert dict(certificate_table(server).rows) == {
        "common name": "kube-apiserver",
        "signed by": "kubernetes",
        "lasts": "10 years",
        "is good for": "showing that one is the server",
    }

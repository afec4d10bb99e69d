"""The issuer's documents, and certificates that end on the cluster's clock."""

from base64 import b64decode, b64encode
from collections.abc import Callable

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from k8slab.sim.apiserver.authentication.authenticator import Authenticator
from k8slab.sim.apiserver.errors import StatusError
from tests.sim.conftest import Api

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


def test_tokens_are_signed_by_the_key_that_is_published(api: Api) -> None:
    answer = api.get("/openid/v1/jwks")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    token = api.post("/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {"audiences": ["vault"]}}).json
    keys = jwt.PyJWKSet.from_dict(answer.json)
    header = jwt.get_unverified_header(token["status"]["token"])
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims = jwt.decode(token["status"]["token"], keys[header["kid"]], algorithms=["ES256"], audience="vault", options=options)
    assert claims["iss"] == api.get("/.well-known/openid-configuration").json["issuer"]


def issued(api: Api, seconds: int) -> bytes:
    """Return a new client certificate in DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anna")])
    key = ec.generate_private_key(ec.SECP256R1())
    pem = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    encoded = b64encode(pem.public_bytes(serialization.Encoding.PEM)).decode()
    spec = {"request": encoded, "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}
    made = api.post(REQUESTS, {"metadata": {"name": "anna"}, "spec": {**spec, "expirationSeconds": seconds}})
    assert made.json["spec"]["username"] == "kubernetes-admin"
    approval = {"type": "Approved", "status": "True", "reason": "Test", "message": ""}
    api.put(f"{REQUESTS}/anna/approval", {**made.json, "status": {"conditions": [approval]}})
    certificate = b64decode(api.get(f"{REQUESTS}/anna").json["status"]["certificate"])
    return x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)


def test_a_certificate_ends_on_the_clusters_clock(make_api: Callable[..., Api]) -> None:
    api = make_api()
    der = issued(api, 3600)
    authenticator = Authenticator(api.cluster.tokens, api.cluster.kernel.now)
    assert authenticator.authenticate("", der).name == "anna"
    api.advance(3500)
    assert authenticator.authenticate("", der).name == "anna"
    api.advance(200)
    with pytest.raises(StatusError, match="Unauthorized") as refusal:
        authenticator.authenticate("", der)
    assert refusal.value.code == 401


def test_what_is_asked_for_does_not_change_and_who_asked_is_not_the_clients_to_say(api: Api) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anna")])
    pem = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    encoded = b64encode(pem.public_bytes(serialization.Encoding.PEM)).decode()
    spec = {"request": encoded, "signerName": "example.com/mine", "usages": ["client auth"], "username": "somebody-else"}
    made = api.post(REQUESTS, {"metadata": {"name": "anna"}, "spec": spec}).json
    assert made["spec"]["username"] == "kubernetes-admin"
    assert "kubeadm:cluster-admins" in made["spec"]["groups"]
    api.patch(f"{REQUESTS}/anna", {"spec": {"usages": ["server auth"]}})
    assert api.get(f"{REQUESTS}/anna").json["spec"] == made["spec"]

"""A cluster's certificates: made once, private, and good enough for TLS as Python and Go check it."""

import socket
import ssl
import stat
import threading

import pytest
import yaml

from k8slab.errors import K8slabError
from k8slab.sim.apiserver.authentication.authenticator import user_of_certificate, user_of_peer
from k8slab.sim.apiserver.certificates import client_certificate, sign_request
from k8slab.sim.apiserver.pki import ADMIN_GROUP, ensure_pki, kubeconfig, write_private


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return ensure_pki(tmp_path_factory.mktemp("state") / "pki")


def _der(pem):
    return ssl.PEM_cert_to_DER_cert(pem.decode())


def test_a_second_call_finds_what_the_first_made(pki):
    assert ensure_pki(pki.directory) == pki


def test_private_keys_are_only_for_their_owner(pki):
    modes = {stat.S_IMODE(path.stat().st_mode) for path in pki.directory.glob("*.key")}
    assert modes == {0o600}


def test_a_missing_file_is_named(tmp_path):
    ensure_pki(tmp_path / "pki")
    (tmp_path / "pki" / "ca.key").unlink()
    with pytest.raises(K8slabError, match=r'lacks "ca\.key": remove the directory'):
        ensure_pki(tmp_path / "pki")


def test_administrators_are_bound_by_rbac_and_the_super_administrator_is_above_it(pki):
    admin, superuser = user_of_certificate(_der(pki.admin.certificate)), user_of_certificate(_der(pki.super_admin.certificate))
    assert (admin.name, admin.groups) == ("kubernetes-admin", (ADMIN_GROUP, "system:authenticated"))
    assert superuser.groups == ("system:masters", "system:authenticated")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc", "10.96.0.1"])
def test_server_and_client_accept_each_other(pki, host, tmp_path):
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pki.ca_file))
    server.load_cert_chain(*pki.serving_files)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(pki.ca_file))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_cert_chain(pki.directory / "admin.crt", pki.directory / "admin.key")
    peer = _handshake(server, client, host)
    assert user_of_peer(peer).name == "kubernetes-admin"


def _handshake(server, client, host):
    ours, theirs = socket.socketpair()
    found = []

    def serve():
        with server.wrap_socket(theirs, server_side=True) as wrapped:
            found.append(wrapped.getpeercert())
            wrapped.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(ours, server_hostname=host) as wrapped:
        wrapped.send(b"x")
        thread.join()
    return found[0]


def test_a_signing_request_becomes_a_certificate_of_its_subject(pki):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    names = [(NameOID.COMMON_NAME, "jane"), (NameOID.ORGANIZATION_NAME, "dev")]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    pem = request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    certificate = x509.load_pem_x509_certificate(sign_request(pki.ca, pem, seconds=3600))
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(pki.ca.certificate))
    assert certificate.subject == subject
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).total_seconds() == 3600 + 300


def test_a_kubeconfig_holds_everything_and_is_private(pki, tmp_path):
    text = kubeconfig("https://127.0.0.1:6443", pki.ca.certificate, client_certificate(pki.ca, "jane", ["dev"]), name="lab")
    write_private(tmp_path / "kubeconfig", text)
    parsed = yaml.safe_load((tmp_path / "kubeconfig").read_text())
    assert parsed["current-context"] == "lab"
    assert parsed["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    assert set(parsed["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}
    assert stat.S_IMODE((tmp_path / "kubeconfig").stat().st_mode) == 0o600

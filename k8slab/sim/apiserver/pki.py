"""The cluster's certificates and keys, made afresh for each cluster.

Real component: what ``kubeadm init phase certs`` and ``phase kubeconfig`` leave in /etc/kubernetes. One CA signs the
server's and the clients' certificates; ServiceAccount tokens have a key of their own. All keys are EC P-256 (RSA would
take longer to make than the whole cluster to start). Simplified: no front-proxy and etcd CAs; every certificate lasts as
long as the CA, since nothing here renews one.

Certificates follow the host's clock, not the cluster's: the host's programs check them.
"""

import os
import shutil
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from k8slab.errors import K8slabError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["ADMIN_GROUP", "KeyPair", "Pki", "client_certificate", "ensure_pki", "kubeconfig", "sign_request", "write_private"]

ADMIN_GROUP = "kubeadm:cluster-admins"
_DAYS = 3650
_DNS_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
_ADDRESSES = ("127.0.0.1", "::1", "10.96.0.1")


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, both in PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True)
class Pki:
    """What `ensure_pki` made or found.

    Attributes
    ----------
    directory
        Holds ``ca``, ``apiserver``, ``admin`` and ``super-admin``, each as ``.crt`` and ``.key``, and ``sa.key``, ``sa.pub``.
    ca, serving, admin, super_admin
        The pairs; admin is in `ADMIN_GROUP`, super_admin in ``system:masters``.
    account_key, account_public_key
        Sign and verify ServiceAccount tokens (ES256).
    """

    directory: Path
    ca: KeyPair
    serving: KeyPair
    admin: KeyPair
    super_admin: KeyPair
    account_key: bytes
    account_public_key: bytes

    @property
    def serving_files(self) -> tuple[Path, Path]:
        """Paths of the server's certificate and key, for `ssl.SSLContext.load_cert_chain`."""
        return self.directory / "apiserver.crt", self.directory / "apiserver.key"

    @property
    def ca_file(self) -> Path:
        """Path of the CA certificate, for `ssl.SSLContext.load_verify_locations`."""
        return self.directory / "ca.crt"


_PAIRS = ("ca", "apiserver", "admin", "super-admin")
_FILES = (*(f"{name}.{end}" for name in _PAIRS for end in ("crt", "key")), "sa.key", "sa.pub")


def ensure_pki(directory: Path) -> Pki:
    """Return the certificates in a directory; make them, all at once, if there is no such directory yet.

    Raises
    ------
    K8slabError
        If the directory is there and a file is missing.
    """
    if not directory.exists():
        _create(directory)
    missing = [name for name in _FILES if not (directory / name).exists()]
    if missing:
        raise K8slabError(f'certificate directory "{directory}" lacks "{missing[0]}": remove the directory to have all made anew')
    files = {name: (directory / name).read_bytes() for name in _FILES}
    ca, serving, admin, super_admin = (KeyPair(files[f"{name}.crt"], files[f"{name}.key"]) for name in _PAIRS)
    return Pki(directory, ca, serving, admin, super_admin, files["sa.key"], files["sa.pub"])


def _create(directory: Path) -> None:
    draft = directory.with_name(f".{directory.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    for name, content in _generate().items():
        if name.endswith(".key"):
            write_private(draft / name, content)
        else:
            (draft / name).write_bytes(content)
    draft.rename(directory)


def _generate() -> dict[str, bytes]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID

    ca_key, ca_pem = _new_key()
    ca = _certificate(_name("kubernetes"), ca_key, None, ca_key, None)
    files = {"ca.crt": ca.public_bytes(serialization.Encoding.PEM), "ca.key": ca_pem}
    pair = KeyPair(files["ca.crt"], files["ca.key"])
    serving, files["apiserver.key"] = _new_key()
    certificate = _certificate(_name("kube-apiserver"), serving, ca, ca_key, ExtendedKeyUsageOID.SERVER_AUTH)
    files["apiserver.crt"] = certificate.public_bytes(serialization.Encoding.PEM)
    for name, user, group in (
        ("admin", "kubernetes-admin", ADMIN_GROUP),
        ("super-admin", "kubernetes-super-admin", "system:masters"),
    ):
        client = client_certificate(pair, user, [group])
        files |= {f"{name}.crt": client.certificate, f"{name}.key": client.key}
    account, files["sa.key"] = _new_key()
    encoding, layout = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    files["sa.pub"] = account.public_key().public_bytes(encoding, layout)
    return files


def _new_key() -> "tuple[ec.EllipticCurvePrivateKey, bytes]":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    return key, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _name(user: str, groups: Iterable[str] = ()) -> "x509.Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _certificate(
    subject: "x509.Name",
    key: "ec.EllipticCurvePrivateKey | x509.CertificateSigningRequest",
    issuer: "x509.Certificate | None",
    issuer_key: "ec.EllipticCurvePrivateKey",
    usage: "x509.ObjectIdentifier | None",
    seconds: float = _DAYS * 86400.0,
) -> "x509.Certificate":
    """Sign a certificate: of a CA if there is no issuer, else for one use."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    now, public = datetime.now(UTC), key.public_key()
    authority = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(seconds=seconds))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(_key_usage(authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if usage == ExtendedKeyUsageOID.SERVER_AUTH:
        builder = builder.add_extension(_alternative_names(), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(authority: bool) -> "x509.KeyUsage":
    from cryptography import x509

    none = dict.fromkeys(("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(
        digital_signature=True, key_encipherment=not authority, key_cert_sign=authority, crl_sign=authority, **none
    )


def _alternative_names() -> "x509.SubjectAlternativeName":
    from ipaddress import ip_address

    from cryptography import x509

    addresses = [x509.IPAddress(ip_address(address)) for address in _ADDRESSES]
    return x509.SubjectAlternativeName([*(x509.DNSName(name) for name in _DNS_NAMES), *addresses])


def _load_ca(ca: KeyPair) -> "tuple[x509.Certificate, ec.EllipticCurvePrivateKey]":
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(ca.key, None)
    return x509.load_pem_x509_certificate(ca.certificate), key  # type: ignore[return-value]


def client_certificate(ca: KeyPair, user: str, groups: Sequence[str] = ()) -> KeyPair:
    """Return a new client certificate: the user is its common name, the groups are its organizations."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID

    issuer, issuer_key = _load_ca(ca)
    key, pem = _new_key()
    certificate = _certificate(_name(user, groups), key, issuer, issuer_key, ExtendedKeyUsageOID.CLIENT_AUTH)
    return KeyPair(certificate.public_bytes(serialization.Encoding.PEM), pem)


def sign_request(ca: KeyPair, request: bytes, seconds: float = 365 * 86400.0, server: bool = False) -> bytes:
    """Return the certificate (PEM) for a certificate signing request (PEM), as the CSR signing controller issues it.

    Raises
    ------
    ValueError
        If the request cannot be parsed or its signature is wrong.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID

    csr = x509.load_pem_x509_csr(request)
    if not csr.is_signature_valid:
        raise ValueError("the signature of the certificate signing request is not valid")
    issuer, issuer_key = _load_ca(ca)
    usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    return _certificate(csr.subject, csr, issuer, issuer_key, usage, seconds).public_bytes(serialization.Encoding.PEM)


_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- name: {name}
  cluster:
    server: {server}
    certificate-authority-data: {ca}
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: {name}
  context:
    cluster: {name}
    user: {user}
current-context: {name}
"""


def kubeconfig(server: str, ca: bytes, client: KeyPair, name: str = "k8slab", user: str = "kubernetes-admin") -> str:
    """Return the text of a kubeconfig with everything embedded; `write_private` puts it on disk."""
    data = {"ca": ca, "certificate": client.certificate, "key": client.key}
    texts = {key: b64encode(value).decode() for key, value in data.items()}
    return _KUBECONFIG.format(server=server, name=name, user=user, **texts)


def write_private(path: Path, content: bytes | str) -> None:
    """Write a file that only its owner may read, at once or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    draft.replace(path)

"""Making and signing certificates.

Real component: kubeadm's pkiutil, and the signers of kube-controller-manager. All keys are EC P-256: an RSA key would take
longer to make than the whole cluster takes to start. The cluster's own certificates follow the host's clock, because the
host's programs check them; one that is asked for by a CertificateSigningRequest is valid from the earlier of both clocks, and
to an end on the cluster's. The library is loaded at the first certificate; a cluster that has its own needs none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

__all__ = [
    "SERVER_NAMES",
    "KeyPair",
    "certificate",
    "client_certificate",
    "new_key",
    "request_contents",
    "sign_request",
    "subject",
]

_DAYS = 3650
_DNS_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
_ADDRESSES = ("127.0.0.1", "::1", "10.96.0.1")
#: Names and addresses in the API server's certificate.
SERVER_NAMES = (*_DNS_NAMES, *_ADDRESSES)


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, both in PEM."""

    certificate: bytes
    key: bytes


def new_key() -> "tuple[ec.EllipticCurvePrivateKey, bytes]":
    """Return a new private key, as an object and in PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    return key, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def subject(user: str, groups: Iterable[str] = ()) -> "x509.Name":
    """Return the name in a certificate that stands for a user in groups."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def certificate(
    name: "x509.Name",
    key: "ec.EllipticCurvePrivateKey | x509.CertificateSigningRequest",
    issuer: "x509.Certificate | None",
    issuer_key: "ec.EllipticCurvePrivateKey",
    usage: "x509.ObjectIdentifier | None",
    seconds: float = _DAYS * 86400.0,
    moment: float | None = None,
) -> "x509.Certificate":
    """Sign a certificate: of a CA if there is no issuer, else for one use."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    now, public = datetime.now(UTC), key.public_key()
    cluster = now if moment is None else datetime.fromtimestamp(moment, UTC)
    authority = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, cluster) - timedelta(minutes=5))
        .not_valid_after(cluster + timedelta(seconds=seconds))
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
    key, pem = new_key()
    signed = certificate(subject(user, groups), key, issuer, issuer_key, ExtendedKeyUsageOID.CLIENT_AUTH)
    return KeyPair(signed.public_bytes(serialization.Encoding.PEM), pem)


def request_contents(request: bytes) -> tuple[tuple[str, ...], str, tuple[str, ...], tuple[str, ...], bool]:
    """Return (organizations, common name, DNS names, addresses, whether there are other names) of a request (PEM).

    Raises
    ------
    ValueError
        If it cannot be parsed.
    """
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    csr = x509.load_pem_x509_csr(request)
    organizations = tuple(str(a.value) for a in csr.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    names = [str(a.value) for a in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        found = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return organizations, names[0] if names else "", (), (), False
    dns, addresses = found.get_values_for_type(x509.DNSName), found.get_values_for_type(x509.IPAddress)
    others = len(list(found)) > len(dns) + len(addresses)
    return organizations, names[0] if names else "", tuple(dns), tuple(map(str, addresses)), others


def sign_request(
    ca: KeyPair, request: bytes, seconds: float = 365 * 86400.0, server: bool = False, moment: float | None = None
) -> bytes:
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
    return certificate(csr.subject, csr, issuer, issuer_key, usage, seconds, moment).public_bytes(serialization.Encoding.PEM)

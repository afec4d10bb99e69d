"""Another identity than one's own: a key, a certificate request, a kubeconfig of one user, what a certificate says.

It is what ``openssl req``, ``kubectl config set-credentials`` and ``openssl x509 -text`` do, in one line each, so that a
notebook cell can show the step that matters. Keys stay in this computer: only the request goes to the cluster.
"""

import atexit
import base64
import json
import os
import ssl
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from k8slab.apimachinery.types import Object
from k8slab.client.cluster import Cluster, connect
from k8slab.client.tables import Table
from k8slab.errors import K8slabError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, Name, ObjectIdentifier

__all__ = [
    "certificate_names",
    "certificate_request",
    "certificate_table",
    "server_certificate",
    "sign_in",
    "signing_request",
    "with_certificate",
]

_DAY = 86400


def certificate_request(user: str, groups: Iterable[str] = ()) -> tuple[str, str]:
    """Make a private key and ask for a certificate: the user is its common name, the groups its organizations.

    Returns
    -------
    tuple[str, str]
        The key and the request (PKCS#10), both in PEM. The key is not in the request.

    Raises
    ------
    K8slabError
        If the groups are one text: each of its letters would be a group.
    """
    if isinstance(groups, str):
        raise K8slabError(f'Groups are a list: ["{groups}"], not "{groups}".')
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, user)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, form, plain).decode(), request.public_bytes(pem).decode()


def signing_request(name: str, request: str, *, seconds: int = _DAY) -> Object:
    """Return the CertificateSigningRequest that asks the cluster for a client certificate."""
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": base64.b64encode(request.encode()).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "expirationSeconds": seconds,
            "usages": ["client auth"],
        },
    }


def with_certificate(cluster: Cluster, request: str, key: str) -> Cluster:
    """Return the cluster for the user whose CertificateSigningRequest of this name has been signed."""
    signed = cluster.get("csr", request)["status"].get("certificate")
    if not signed:
        raise K8slabError(
            f"There is no certificate in csr/{request} yet: kubectl certificate approve {request}, then wait a moment."
        )
    if not _belong_together(base64.b64decode(signed), key.encode()):
        raise K8slabError(
            f"The certificate in csr/{request} is for another key: it was asked for before this key was made. "
            f"kubectl delete csr {request}, then ask and approve again."
        )
    encoded = base64.b64encode(key.encode()).decode()
    return sign_in(cluster, request, {"client-certificate-data": signed, "client-key-data": encoded})


def _belong_together(certificate: bytes, key: bytes) -> bool:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    signed: object = x509.load_pem_x509_certificate(certificate).public_key()
    return signed == load_pem_private_key(key, None).public_key()


def sign_in(cluster: Cluster, user: str, credentials: Mapping[str, str] | None = None) -> Cluster:
    """Return the same cluster for another user, through a kubeconfig file that has nothing but that user's credentials.

    The file is deleted when this Python ends.

    Parameters
    ----------
    cluster
        Its address, its authority and its default namespace are taken over; its own credentials are not.
    user
        What the kubeconfig calls the user; the API server never reads that.
    credentials
        As below ``user`` in a kubeconfig: ``token``, ``client-certificate-data`` and ``client-key-data``, ``username`` and
        ``password``. None: no credentials at all.
    """
    configuration = cluster.api.configuration
    known: dict[str, str] = {"server": configuration.host}
    if configuration.ssl_ca_cert:
        known["certificate-authority-data"] = base64.b64encode(Path(configuration.ssl_ca_cert).read_bytes()).decode()
    context = {"cluster": "lab", "user": user, "namespace": cluster.namespace}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": known}],
        "users": [{"name": user, "user": {**(credentials or {})}}],
        "contexts": [{"name": user, "context": context}],
        "current-context": user,
    }
    handle, path = tempfile.mkstemp(prefix=f"kubeconfig-{user}-", suffix=".json")  # only we may read it
    atexit.register(Path(path).unlink, missing_ok=True)
    with os.fdopen(handle, "w") as file:
        json.dump(kubeconfig, file)
    return connect(kubeconfig=path)


def server_certificate(cluster: Cluster) -> str:
    """Return the certificate that the API server shows to everyone who connects, in PEM."""
    address = urlsplit(cluster.host)
    return ssl.get_server_certificate((address.hostname or "", address.port or 443))


def certificate_table(certificate: str) -> Table:
    """Show what a certificate says: whose it is, who signed it, how long it lasts (``openssl x509 -noout -text``)."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    read = x509.load_pem_x509_certificate(certificate.encode())
    said = {
        "common name": ", ".join(_values(read.subject, NameOID.COMMON_NAME)),
        "organizations": ", ".join(_values(read.subject, NameOID.ORGANIZATION_NAME)),
        "signed by": ", ".join(_values(read.issuer, NameOID.COMMON_NAME)),
        "lasts": _span((read.not_valid_after_utc - read.not_valid_before_utc).total_seconds()),
        "is good for": _purposes(read),
    }
    return Table(("FIELD", "VALUE"), tuple((field, value) for field, value in said.items() if value), "Certificate")


def certificate_names(certificate: str) -> tuple[str, tuple[str, ...]]:
    """Return the user and the groups that a client certificate stands for."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = x509.load_pem_x509_certificate(certificate.encode()).subject
    return ", ".join(_values(subject, NameOID.COMMON_NAME)), _values(subject, NameOID.ORGANIZATION_NAME)


def _values(name: "Name", oid: "ObjectIdentifier") -> tuple[str, ...]:
    return tuple(str(attribute.value) for attribute in name.get_attributes_for_oid(oid))


def _purposes(certificate: "Certificate") -> str:
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    words = {"serverAuth": "showing that one is the server", "clientAuth": "showing that one is a client"}
    return ", ".join(words.get(purpose._name, purpose._name) for purpose in usage)


def _span(seconds: float) -> str:
    """Return a span of time in words.

    >>> _span(3650 * 86400), _span(86400), _span(600)
    ('10 years', '1 day', '10 minutes')
    """
    for size, word in ((365 * _DAY, "year"), (_DAY, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {word}{'' if count == 1 else 's'}"
    return f"{seconds:g} seconds"

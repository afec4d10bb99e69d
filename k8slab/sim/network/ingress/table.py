"""The Ingresses of the cluster as the controller's nginx knows them: sites, backends' addresses, certificates.

Ingresses of a class whose controller is `CONTROLLER` are served, and those without a class (kind's manifest of ingress-nginx has
``--watch-ingress-without-class``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from k8slab.apimachinery.types import Object, annotations, key_of
from k8slab.sim.client import Client, EventType
from k8slab.sim.network.ingress.rules import Backend, Site, build, find_site
from k8slab.sim.network.services import ServiceTable
from k8slab.sim.network.tls import Identity, SniIdentity

__all__ = ["CONTROLLER", "Certificate", "IngressTable", "is_served"]

CONTROLLER = "k8s.io/ingress-nginx"
_LEGACY = "kubernetes.io/ingress.class"


@dataclass(frozen=True)
class Certificate:
    """A certificate with its chain and key, in PEM."""

    chain: str
    key: str

    @cached_property
    def identity(self) -> Identity:
        """What a client inside the simulated network sees of it."""
        from cryptography import x509

        first, *rest = x509.load_pem_x509_certificates(self.chain.encode())
        try:
            names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            found = [*names.get_values_for_type(x509.DNSName), *(str(a) for a in names.get_values_for_type(x509.IPAddress))]
        except x509.ExtensionNotFound:
            found = []
        issuer = (rest or [first])[-1]
        return Identity(tuple(found), _pem(issuer), _pem(rest[-1] if rest else first))


def _pem(certificate: object) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return str(certificate.public_bytes(Encoding.PEM).decode())  # type: ignore[attr-defined]


def is_served(ingress: Object, classes: dict[str, Object]) -> bool:
    """Whether an Ingress is the controller's."""
    name = ingress["spec"].get("ingressClassName")
    if name is not None:
        return bool((classes.get(name) or {}).get("spec", {}).get("controller") == CONTROLLER)
    return annotations(ingress).get(_LEGACY, "nginx") == "nginx"


class IngressTable:
    """What the controller serves, current with the API.

    Parameters
    ----------
    client
        Reads Ingresses, classes and Secrets.
    services
        Knows the endpoints of Services.
    """

    def __init__(self, client: Client, services: ServiceTable) -> None:
        self._ingresses = client.informer("ingresses.networking.k8s.io")
        self._classes = client.informer("ingressclasses.networking.k8s.io")
        self._secrets = client.informer("secrets")
        self._services = services
        self._sites: dict[str, Site] | None = None
        self._certificates: dict[str, tuple[str, Certificate | None]] = {}
        self._fallback: Certificate | None = None
        self._endings: list[Callable[[], None]] = []
        self.host_ports: dict[str, str] = {}  #: ports of the host that lead to HTTP, and those that lead to HTTPS

    def start(self) -> None:
        """Follow the Ingresses."""
        self._endings = [informer.subscribe(self._changed) for informer in (self._ingresses, self._classes)]

    def stop(self) -> None:
        """Stop following."""
        for end in self._endings:
            end()
        self._endings = []

    def _changed(self, type: EventType, obj: Object, old: Object | None) -> None:
        self._sites = None

    @property
    def sites(self) -> dict[str, Site]:
        """What is served, by host."""
        if self._sites is None:
            classes = {c["metadata"]["name"]: c for c in self._classes.list()}
            self._sites = build(i for i in self._ingresses.list() if is_served(i, classes))
        return self._sites

    def served(self, ingress: Object) -> bool:
        """Whether an Ingress is the controller's."""
        return is_served(ingress, {c["metadata"]["name"]: c for c in self._classes.list()})

    def addresses(self, backend: Backend) -> list[tuple[str, int]]:
        """Return the ready endpoints of a backend; empty if there is no such Service or port."""
        service = self._services.get(backend.service, backend.namespace)
        if service is None:
            return []
        ports = service["spec"].get("ports") or ()
        port = next((p for p in ports if backend.port in (p.get("name") or None, p["port"])), None)
        if port is None:
            return []
        if service["spec"].get("type") == "ExternalName":
            return [(service["spec"]["externalName"], port["port"])]
        found = self._services.endpoints(key_of(service), port.get("name") or "")
        return [(e.ip, number) for e, number in found if e.ready]

    def certificate(self, host: str) -> Certificate:
        """Return the certificate for a server name: its Secret's, or the controller's own fake one."""
        _, site = find_site(self.sites, host)
        namespace, _, name = (site.tls or "").partition("/")
        return (self._of_secret(namespace, name) if name else None) or self.fallback

    def _of_secret(self, namespace: str, name: str) -> Certificate | None:
        secret = self._secrets.get(name, namespace)
        if secret is None:
            return None
        key, version = key_of(secret), secret["metadata"].get("resourceVersion", "")
        if self._certificates.get(key, ("", None))[0] != version:
            self._certificates[key] = (version, _read(secret))
        return self._certificates[key][1]

    @property
    def fallback(self) -> Certificate:
        """The certificate for hosts that have none."""
        if self._fallback is None:
            self._fallback = _fake_certificate()
        return self._fallback

    def identity(self) -> Identity:
        """Return what a client sees that names the host it wants (SNI)."""
        return SniIdentity((), "", choose=lambda host: self.certificate(host).identity)


def _read(secret: Object) -> Certificate | None:
    """Return the certificate of a Secret of type kubernetes.io/tls; None if it is none."""
    from base64 import b64decode

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = secret.get("data") or {}
    try:
        chain, key = (b64decode(data.get(name, "")) for name in ("tls.crt", "tls.key"))
        first = x509.load_pem_x509_certificates(chain)[0]
        private = load_pem_private_key(key, None)
    except (ValueError, TypeError, IndexError):
        return None
    return Certificate(chain.decode(), key.decode()) if private.public_key() == first.public_key() else None


def _fake_certificate() -> Certificate:
    """Make the certificate that ingress-nginx shows when it has none for a host."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme Co"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Kubernetes Ingress Controller Fake Certificate"),
        ]
    )
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin, begin + timedelta(3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ingress.local")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificate(made.public_bytes(Encoding.PEM).decode(), private.decode())

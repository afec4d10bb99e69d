"""TLS between simulated programs: whose certificate a server shows, and what a client makes of it.

Nothing is encrypted in the simulated network; what a learner meets of TLS is: plain text against TLS, a name that the
certificate does not have, and an authority that the client does not know. Certificates do not expire here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from k8slab.sim.network.errors import ConnectError
from k8slab.sim.network.http import Response

__all__ = ["PLAIN_TEXT", "STRICT", "Identity", "NameMismatch", "PlainText", "SniIdentity", "Trust", "UnknownAuthority", "check"]

#: What a Go server answers to plain HTTP on a port with TLS.
PLAIN_TEXT = Response(400, b"Client sent an HTTP request to an HTTPS server.\n")


@dataclass(frozen=True)
class Identity:
    """The certificate of a server.

    Parameters
    ----------
    names
        DNS names and addresses it is for; ``*.x`` stands for one label.
    authority
        The certificate that signed it, in PEM.
    certificate
        The last one of the chain that the server sends, in PEM, if whoever signed that is not sent along.
    """

    names: tuple[str, ...]
    authority: str
    certificate: str = ""

    def named(self, host: str) -> "Identity":
        """Return the certificate for the host that a client asks for (SNI)."""
        return self


@dataclass(frozen=True)
class SniIdentity(Identity):
    """A server with a certificate per host."""

    choose: Callable[[str], Identity] = field(default=lambda host: Identity((), ""))

    def named(self, host: str) -> Identity:  # noqa: D102
        return self.choose(host)


@dataclass(frozen=True)
class Trust:
    """What a client checks.

    Parameters
    ----------
    verify
        Whether it checks anything.
    authorities
        Certificates it trusts, in PEM, one after the other.
    """

    verify: bool = True
    authorities: str = ""


#: Checks everything and trusts nobody.
STRICT = Trust()


class PlainText(ConnectError):
    """The server speaks plain HTTP."""

    kind, text = "tls-plain-text", "server gave HTTP response to HTTPS client"


class UnknownAuthority(ConnectError):
    """Nobody the client trusts signed the certificate."""

    kind, text = "tls-unknown-authority", "certificate signed by unknown authority"


class NameMismatch(ConnectError):
    """The certificate is somebody else's."""

    kind, text = "tls-name-mismatch", "certificate is not valid for the host"


def check(identity: Identity | None, trust: Trust, host: str, port: int, ip: str) -> None:
    """Raise what a TLS client would report of a server's certificate."""
    if identity is None:
        raise PlainText(host, port, ip)
    if not trust.verify:
        return
    shown = identity.named(host)
    if _bare(shown.authority) not in _bare(trust.authorities) and not _signed(shown.certificate, trust.authorities):
        raise UnknownAuthority(host, port, ip)
    if not any(_matches(name, host) for name in shown.names):
        raise NameMismatch(host, port, ip)


def _bare(pem: str) -> str:
    return "".join(pem.split())


def _signed(certificate: str, authorities: str) -> bool:
    """Whether one of the authorities signed a certificate."""
    if not certificate or "BEGIN CERTIFICATE" not in authorities:
        return False
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        shown, known = x509.load_pem_x509_certificate(certificate.encode()), x509.load_pem_x509_certificates(authorities.encode())
    except ValueError:
        return False
    for authority in known:
        try:
            shown.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def _matches(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])

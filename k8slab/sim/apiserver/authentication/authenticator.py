"""Who is asking: the client's certificate, else its bearer token, else nobody in particular.

Upstream: k8s.io/apiserver/pkg/authentication/request/{x509,bearertoken,union,anonymous} and
pkg/kubeapiserver/authenticator. TLS has checked that the certificate is the CA's before it comes here.
Simplified: no bootstrap tokens, OIDC, webhook or request-header authentication.
"""

from collections.abc import Callable
from typing import Any

from k8slab.sim.apiserver.authentication.accounts import InvalidToken, ServiceAccountTokens
from k8slab.sim.apiserver.authentication.user import ANONYMOUS, AUTHENTICATED, UserInfo, extra_pairs
from k8slab.sim.apiserver.errors import unauthorized

__all__ = ["Authenticator", "user_of_certificate", "user_of_peer"]


def user_of_peer(peer: dict[str, Any]) -> UserInfo | None:
    """Return the user of a certificate as `ssl.SSLSocket.getpeercert` describes it; None without a common name.

    >>> user_of_peer({"subject": ((("organizationName", "dev"),), (("commonName", "jane"),))}).groups
    ('dev', 'system:authenticated')
    """
    pairs = [pair for rdn in peer.get("subject", ()) for pair in rdn]
    name = next((value for key, value in pairs if key == "commonName"), "")
    return _user(name, [value for key, value in pairs if key == "organizationName"], ())


def user_of_certificate(der: bytes) -> UserInfo | None:
    """Return the user of a certificate (DER); None without a common name."""
    from hashlib import sha256

    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = x509.load_der_x509_certificate(der).subject
    names = [str(a.value) for a in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = [str(a.value) for a in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    fingerprint = f"X509SHA256={sha256(der).hexdigest()}"
    extra = extra_pairs({"authentication.kubernetes.io/credential-id": [fingerprint]})
    return _user(names[0] if names else "", groups, extra)


def _user(name: str, groups: list[str], extra: tuple[tuple[str, tuple[str, ...]], ...]) -> UserInfo | None:
    return UserInfo(name, "", (*groups, AUTHENTICATED), extra) if name else None


class Authenticator:
    """Answers with the user of a request.

    Parameters
    ----------
    tokens
        Knows the ServiceAccount tokens.
    now
        The cluster's clock: on it certificates expire, which TLS checks by the host's.
    """

    def __init__(self, tokens: ServiceAccountTokens, now: Callable[[], float] = lambda: 0.0) -> None:
        self._tokens, self._now = tokens, now
        self._certificates: dict[bytes, tuple[UserInfo | None, float]] = {}

    def authenticate(self, authorization: str, certificate: bytes | dict[str, Any] | None = None) -> UserInfo:
        """Return the user.

        Parameters
        ----------
        authorization
            The header of that name, "" if there is none.
        certificate
            The verified client certificate, in DER or as `ssl.SSLSocket.getpeercert` gives it.

        Raises
        ------
        StatusError
            401, if there is a bearer token and it is not good, or the certificate has expired.
        """
        user = self._of_certificate(certificate) if certificate else None
        if user is not None:
            return user
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return ANONYMOUS
        try:
            return self._tokens.verify(token)[0]
        except InvalidToken as error:
            raise unauthorized() from error

    def _of_certificate(self, certificate: bytes | dict[str, Any]) -> UserInfo | None:
        if isinstance(certificate, dict):
            return user_of_peer(certificate)
        if certificate not in self._certificates:
            self._certificates[certificate] = (user_of_certificate(certificate), _end_of(certificate))
        user, end = self._certificates[certificate]
        if self._now() >= end:
            raise unauthorized()
        return user


def _end_of(der: bytes) -> float:
    from cryptography import x509

    return x509.load_der_x509_certificate(der).not_valid_after_utc.timestamp()

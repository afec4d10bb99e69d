"""What the claims of a ServiceAccount token say.

Upstream: pkg/serviceaccount/claims.go (tokens of today) and legacy.go (those that Secrets hold).
"""

from dataclasses import dataclass
from typing import Any

from k8slab.errors import K8slabError
from k8slab.sim.apiserver.authentication.user import UserInfo, service_account_user

__all__ = ["ISSUER", "LEGACY_ISSUER", "InvalidToken", "Verified", "from_claims"]

ISSUER = "https://kubernetes.default.svc.cluster.local"
LEGACY_ISSUER = "kubernetes/serviceaccount"
_CREDENTIAL = "authentication.kubernetes.io/"


class InvalidToken(K8slabError):
    """Why a bearer token is refused; the client only hears 401, a TokenReview the text."""


@dataclass(frozen=True)
class Verified:
    """What the signature has proved; the rest is looked up at each use."""

    namespace: str
    name: str
    uid: str
    audiences: tuple[str, ...]
    not_before: float
    expires: float
    bound: tuple[tuple[str, str, str], ...]  #: (resource, name, uid)
    token: str = ""  #: set for a legacy token: what its secret must contain
    user: UserInfo | None = None


def from_claims(claims: dict[str, Any], token: str) -> Verified:
    """Read the claims of a token whose signature is good.

    Raises
    ------
    InvalidToken
        If it is for something else than a ServiceAccount of this cluster.
    """
    return _from_current(claims) if claims.get("iss") == ISSUER else _from_legacy(claims, token)


def _from_current(claims: dict[str, Any]) -> Verified:
    private = claims["kubernetes.io"]
    account = private["serviceaccount"]
    bound = tuple(
        (resource, private[kind]["name"], private[kind]["uid"])
        for kind, resource in (("pod", "pods"), ("secret", "secrets"), ("node", "nodes"))
        if kind in private and not (kind == "node" and "pod" in private)
    )
    extra = {f"{_CREDENTIAL}credential-id": [f"JTI={claims['jti']}"]}
    for kind in ("pod", "node"):
        if kind in private:
            extra |= {f"{_CREDENTIAL}{kind}-name": [private[kind]["name"]], f"{_CREDENTIAL}{kind}-uid": [private[kind]["uid"]]}
    user = service_account_user(private["namespace"], account["name"], account["uid"], extra)
    audiences, times = tuple(claims["aud"]), (claims["nbf"], claims["exp"])
    return Verified(private["namespace"], account["name"], account["uid"], audiences, *times, bound, user=user)


def _from_legacy(claims: dict[str, Any], token: str) -> Verified:
    def claim(name: str) -> str:
        return str(claims.get(f"{LEGACY_ISSUER}/{name}", ""))

    if claims.get("iss") != LEGACY_ISSUER or not claim("service-account.name"):
        raise InvalidToken("invalid bearer token")
    namespace, name, uid = claim("namespace"), claim("service-account.name"), claim("service-account.uid")
    secret = (("secrets", claim("secret.name"), ""),)
    user = service_account_user(namespace, name, uid)
    return Verified(namespace, name, uid, (), 0.0, float("inf"), secret, token, user)

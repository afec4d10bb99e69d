"""ServiceAccount tokens: signed JWTs, bound to what they were made for.

Upstream: pkg/serviceaccount (claims.go, jwt.go, legacy.go) and pkg/registry/core/serviceaccount/storage/token.go.
A token is good as long as its signature, its time on the cluster's clock, its ServiceAccount and the pod, secret or node it
is bound to are. The library that signs is loaded at the first token.

Simplified: one signing key, one issuer, no external signer.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.sim.apiserver.authentication.claims import ISSUER, LEGACY_ISSUER, InvalidToken, Verified, from_claims
from k8slab.sim.apiserver.authentication.issuer import key_id
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.errors import FieldError, bad_request, conflict, invalid, not_found
from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["ISSUER", "InvalidToken", "ServiceAccountTokens"]

_YEAR = 365 * 24 * 3600
#: The duration a kubelet asks for; upstream extends such a token to a year for clients that never read it again.
_KUBELET_SECONDS = 3607
_BOUND = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
_REMEMBERED = 4096


class ServiceAccountTokens:
    """Issues and verifies.

    Parameters
    ----------
    client
        Whose informers tell whether accounts and bound objects still exist.
    kernel
        The clock that tokens expire on, and the source of their ids.
    key, public_key
        PEM, EC P-256.
    """

    def __init__(self, client: Client, kernel: Kernel, key: bytes, public_key: bytes) -> None:
        self._client, self._kernel = client, kernel
        self._key, self._public_key = key, public_key
        self._verified: dict[str, Verified] = {}

    @cached_property
    def _signing_key(self) -> "ec.EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        return load_pem_private_key(self._key, None)  # type: ignore[return-value]

    @cached_property
    def _key_id(self) -> str:
        return key_id(self._public_key)

    def request(self, namespace: str, name: str, body: Object) -> Object:
        """Answer a TokenRequest: POST /api/v1/namespaces/<namespace>/serviceaccounts/<name>/token."""
        account = self._client.informer("serviceaccounts").get(name, namespace)
        if account is None:
            raise not_found("", "serviceaccounts", name)
        spec = body.get("spec") or {}
        audiences = list(spec.get("audiences") or (ISSUER,))
        seconds = spec.get("expirationSeconds") or 3600
        _check_duration(seconds)
        bound = self._bound_claims(account, spec.get("boundObjectRef"))
        now = int(self._kernel.now())
        extended = seconds == _KUBELET_SECONDS and "pod" in bound and audiences == [ISSUER]
        private: Object = {"namespace": namespace, "serviceaccount": _ref(account), **bound}
        if extended:
            private["warnafter"] = now + seconds
        lifetime = _YEAR if extended else seconds
        claims = {"aud": audiences, "exp": now + lifetime, "iat": now, "nbf": now, "iss": ISSUER, "jti": self._kernel.uuid()}
        claims |= {"kubernetes.io": private, "sub": f"system:serviceaccount:{namespace}:{name}"}
        status = {"token": self._sign(claims), "expirationTimestamp": rfc3339(now + seconds)}
        asked = {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": spec.get("boundObjectRef")}
        meta = {**(body.get("metadata") or {}), "name": name, "namespace": namespace, "creationTimestamp": rfc3339(now)}
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": meta,
            "spec": asked,
            "status": status,
        }

    def legacy(self, account: Object, secret: Object) -> str:
        """Return a token without an end, for a Secret of type kubernetes.io/service-account-token."""
        prefix, namespace = f"{LEGACY_ISSUER}/", namespace_of(account)
        claims = {
            "iss": LEGACY_ISSUER,
            f"{prefix}namespace": namespace,
            f"{prefix}secret.name": name_of(secret),
            f"{prefix}service-account.name": name_of(account),
            f"{prefix}service-account.uid": account["metadata"]["uid"],
            "sub": f"system:serviceaccount:{namespace}:{name_of(account)}",
        }
        return self._sign(claims)

    def verify(self, token: str, audiences: tuple[str, ...] = (ISSUER,)) -> tuple[UserInfo, tuple[str, ...]]:
        """Return the user of a token and those of the audiences that it is for.

        Raises
        ------
        InvalidToken
            If it is not one of ours, or no longer good.
        """
        known = self._verified.get(token) or self._open(token)
        now = self._kernel.now()
        if now >= known.expires:
            raise InvalidToken("service account token has expired")
        if now < known.not_before:
            raise InvalidToken("service account token is not valid yet")
        matching = tuple(a for a in audiences if a in known.audiences) if known.audiences else audiences
        if not matching:
            raise InvalidToken(
                f"token audiences {_go_list(known.audiences)} is invalid for the target audiences {_go_list(audiences)}"
            )
        self._check_account(known)
        for resource, name, uid in known.bound:
            self._check_bound(known, resource, name, uid)
        assert known.user is not None
        return known.user, matching

    def _sign(self, claims: dict[str, Any]) -> str:
        import jwt

        return jwt.encode(claims, self._signing_key, algorithm="ES256", headers={"typ": None, "kid": self._key_id})

    def _open(self, token: str) -> Verified:
        import jwt

        checks = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
        try:
            claims = jwt.decode(token, self._public_key, algorithms=["ES256"], options=checks)  # type: ignore[arg-type]
        except jwt.PyJWTError as error:
            raise InvalidToken("invalid bearer token") from error
        verified = from_claims(claims, token)
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[token] = verified
        return verified

    def _check_account(self, known: Verified) -> None:
        account = self._client.informer("serviceaccounts").get(known.name, known.namespace)
        if account is None:
            raise InvalidToken(f'serviceaccounts "{known.name}" not found')
        self._check_alive(account, f"service account {known.namespace}/{known.name}")
        if known.uid != account["metadata"]["uid"]:
            told = account["metadata"]["uid"]
            raise InvalidToken(f"service account UID ({told}) does not match claim ({known.uid})")

    def _check_bound(self, known: Verified, resource: str, name: str, uid: str) -> None:
        found = self._client.informer(resource).get(name, "" if resource == "nodes" else known.namespace)
        kind = resource[:-1]
        if found is None:
            raise InvalidToken("service account token has been invalidated")
        if uid and found["metadata"]["uid"] != uid:
            raise InvalidToken(f"{kind} UID ({found['metadata']['uid']}) does not match service account {kind} ref claim ({uid})")
        self._check_alive(found, f"{kind} {known.namespace}/{name}")
        if known.token:
            self._check_secret(found, known.token)

    def _check_alive(self, obj: Object, what: str) -> None:
        """Upstream's grace after a deletion: 60 seconds."""
        deleted = obj["metadata"].get("deletionTimestamp")
        if deleted and self._kernel.now() > parse_time(deleted) + 60:
            raise InvalidToken(f"{what} has been deleted")

    def _check_secret(self, secret: Object, token: str) -> None:
        from base64 import b64decode

        if b64decode((secret.get("data") or {}).get("token", "")).decode() != token:
            raise InvalidToken("token does not match server's copy")

    def _bound_claims(self, account: Object, ref: Object | None) -> Object:
        if not ref:
            return {}
        kind, name, namespace = ref.get("kind", ""), ref.get("name", ""), namespace_of(account)
        if kind not in _BOUND or ref.get("apiVersion") != "v1":
            raise bad_request(f"cannot bind token to object of type {ref.get('apiVersion', '')}, Kind={kind}")
        found = self._client.informer(_BOUND[kind]).get(name, "" if kind == "Node" else namespace)
        if found is None:
            raise not_found("", _BOUND[kind], name)
        uid = found["metadata"]["uid"]
        if ref.get("uid") and ref["uid"] != uid:
            text = f"the UID in the bound object reference ({ref['uid']}) does not match the UID in record. "
            raise conflict("", kind, name, f"{text}The object might have been deleted and then recreated")
        claims: Object = {kind.lower(): _ref(found)}
        if kind == "Pod":
            self._check_pod(account, found)
            node = self._client.informer("nodes").get(found["spec"].get("nodeName", ""))
            claims |= {"node": _ref(node)} if node else {}
        return claims

    def _check_pod(self, account: Object, pod: Object) -> None:
        if pod["spec"].get("serviceAccountName") != name_of(account):
            name = name_of(account)
            raise bad_request(f'cannot bind token for serviceaccount "{name}" to pod running with different serviceaccount name.')


def _ref(obj: Object) -> Object:
    return {"name": name_of(obj), "uid": obj["metadata"]["uid"]}


def _check_duration(seconds: int) -> None:
    detail = ""
    if seconds < 600:
        detail = "may not specify a duration less than 10 minutes"
    elif seconds > 1 << 32:
        detail = "may not specify a duration larger than 2^32 seconds"
    if detail:
        error = FieldError("FieldValueInvalid", "spec.expirationSeconds", detail, seconds)
        raise invalid("authentication.k8s.io", "TokenRequest", "", [error])


def _go_list(values: tuple[str, ...]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"

"""Who a request comes from.

Upstream: k8s.io/apiserver/pkg/authentication/user. Every authenticator answers with a `UserInfo`; authorization, admission
and audit read it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from k8slab.apimachinery.types import Object

__all__ = ["ANONYMOUS", "AUTHENTICATED", "MASTERS", "UserInfo", "extra_pairs", "node_user", "service_account_user"]

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True, slots=True)
class UserInfo:
    """A user as authentication found it; immutable, and cheap to use as a key.

    Parameters
    ----------
    name
        ``jane``, ``system:node:worker-1``, ``system:serviceaccount:chat:web``.
    uid
        Set for ServiceAccounts.
    groups
        All groups, ``system:authenticated`` among them.
    extra
        Further facts as sorted pairs: ``(("authentication.kubernetes.io/pod-name", ("web-0",)),)``.
    """

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.name, self.uid, self.groups, self.extra)))

    def __hash__(self) -> int:
        return self._hash

    def extra_value(self, key: str) -> str:
        """Return the first value of an extra key, "" if there is none."""
        return next((values[0] for k, values in self.extra if k == key and values), "")

    def to_object(self) -> Object:
        """Return the ``authentication.k8s.io/v1 UserInfo`` object.

        >>> UserInfo("jane", groups=("dev",)).to_object()
        {'username': 'jane', 'groups': ['dev']}
        """
        info: Object = {"username": self.name, "uid": self.uid, "groups": list(self.groups)}
        info["extra"] = {key: list(values) for key, values in self.extra}
        return {key: value for key, value in info.items() if value}


def extra_pairs(extra: Mapping[str, Iterable[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return an extra map in the hashable form of `UserInfo`."""
    return tuple(sorted((key, tuple(values)) for key, values in extra.items()))


ANONYMOUS = UserInfo("system:anonymous", groups=("system:unauthenticated",))


def service_account_user(namespace: str, name: str, uid: str = "", extra: Mapping[str, Iterable[str]] | None = None) -> UserInfo:
    """Return the user that a ServiceAccount is.

    >>> service_account_user("chat", "web").groups
    ('system:serviceaccounts', 'system:serviceaccounts:chat', 'system:authenticated')
    """
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return UserInfo(f"system:serviceaccount:{namespace}:{name}", uid, groups, extra_pairs(extra or {}))


def node_user(name: str) -> UserInfo:
    """Return the user that the kubelet of a node is."""
    return UserInfo(f"system:node:{name}", groups=("system:nodes", AUTHENTICATED))

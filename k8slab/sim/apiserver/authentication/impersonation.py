"""Acting as somebody else: the Impersonate-* headers (``kubectl --as``).

Upstream: k8s.io/apiserver/pkg/endpoints/filters/impersonation.go. Each header needs the verb ``impersonate`` on what it
names; a refusal is worded as if that had been the request.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from k8slab.sim.apiserver.authentication.user import ANONYMOUS, AUTHENTICATED, UserInfo, extra_pairs
from k8slab.sim.apiserver.authorization.attributes import Attributes, denied
from k8slab.sim.apiserver.authorization.authorizer import Authorizer
from k8slab.sim.apiserver.errors import internal_error

__all__ = ["impersonated"]

_EXTRA = "impersonate-extra-"
_UNAUTHENTICATED = "system:unauthenticated"


def impersonated(user: UserInfo, headers: Iterable[tuple[str, str]], authorizer: Authorizer) -> UserInfo:
    """Return the user to act as: another one if the headers ask for it and authorization allows it.

    Parameters
    ----------
    user
        Who is asking.
    headers
        All headers of the request, repeated ones repeatedly.
    authorizer
        Decides on the verb ``impersonate``.
    """
    asked = [(name.lower(), value) for name, value in headers if name.lower().startswith("impersonate-")]
    if not asked:
        return user
    name = next((value for key, value in asked if key == "impersonate-user" and value), "")
    if not name:
        raise internal_error(f"requested {dict(asked)} without impersonating a user")
    uid = next((value for key, value in asked if key == "impersonate-uid"), "")
    groups = tuple(value for key, value in asked if key == "impersonate-group")
    extra: dict[str, list[str]] = {}
    for key, value in asked:
        if key.startswith(_EXTRA):
            extra.setdefault(unquote(key.removeprefix(_EXTRA)), []).append(value)
    for attributes in _questions(user, name, uid, groups, extra):
        decision = authorizer.authorize(attributes)
        if not decision.allowed:
            raise denied(attributes, decision)
    return UserInfo(name, uid, _effective_groups(name, groups), extra_pairs(extra))


def _questions(user: UserInfo, name: str, uid: str, groups: tuple[str, ...], extra: dict[str, list[str]]) -> Iterator[Attributes]:
    account = _service_account(name)
    if account:
        yield Attributes(user, "impersonate", "", "v1", "serviceaccounts", "", account[0], account[1])
    else:
        yield Attributes(user, "impersonate", "", "v1", "users", "", "", name)
    for group in groups:
        yield Attributes(user, "impersonate", "", "v1", "groups", "", "", group)
    for key, values in sorted(extra.items()):
        for value in values:
            yield Attributes(user, "impersonate", "authentication.k8s.io", "v1", "userextras", key, "", value)
    if uid:
        yield Attributes(user, "impersonate", "authentication.k8s.io", "v1", "uids", "", "", uid)


def _service_account(name: str) -> tuple[str, str] | None:
    parts = name.split(":")
    return (parts[2], parts[3]) if len(parts) == 4 and parts[:2] == ["system", "serviceaccount"] else None


def _effective_groups(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    account = _service_account(name)
    if account and not groups:
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}")
    if name == ANONYMOUS.name:
        return groups if _UNAUTHENTICATED in groups else (*groups, _UNAUTHENTICATED)
    return groups if AUTHENTICATED in groups or _UNAUTHENTICATED in groups else (*groups, AUTHENTICATED)

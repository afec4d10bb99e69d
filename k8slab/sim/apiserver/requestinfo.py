"""What a URL asks for: verb, resource, namespace, name, subresource, or a path that is no resource.

Upstream: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

__all__ = ["RequestInfo", "parse_request"]

_VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_COLLECTIONS = {"get": "list", "delete": "deletecollection"}
_NAMESPACE_PARTS = ("status", "finalize")


@dataclass(frozen=True)
class RequestInfo:
    """A parsed request line; ``resource`` is "" for a non-resource path."""

    verb: str
    path: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    rest: str = ""  #: what follows the subresource: the path behind ``proxy``

    @property
    def is_resource(self) -> bool:
        """Whether the request is for a resource."""
        return bool(self.resource)


def parse_request(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """Parse a request line.

    >>> parse_request("GET", "/apis/apps/v1/namespaces/chat/deployments/web/scale", {}).subresource
    'scale'
    >>> parse_request("GET", "/api/v1/pods", {"watch": "1"}).verb
    'watch'
    """
    parts = [unquote(p) for p in path.strip("/").split("/")]
    verb = _VERBS.get(method, method.lower())
    group, version, parts = _prefix(parts)
    if not version or not parts:
        return RequestInfo(method.lower(), path)
    watching = parts[0] == "watch" and len(parts) > 1
    if watching:
        parts = parts[1:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _NAMESPACE_PARTS:
            parts = parts[2:]
    resource, name, subresource = (*parts[:3], "", "", "")[:3]
    if not name and verb in _OF_COLLECTIONS:
        verb = _OF_COLLECTIONS[verb]
        if verb == "list" and query.get("watch", "false").lower() not in ("false", "0"):
            verb = "watch"
        name = _selected_name(query.get("fieldSelector", ""))
    if watching and verb in ("get", "list"):
        verb = "watch"
    return RequestInfo(verb, path, group, version, namespace, resource, subresource, name, "/".join(parts[3:]))


def _selected_name(selector: str) -> str:
    """Return the name that a field selector asks for: RBAC rules with resourceNames count for such a list, too."""
    terms = (term.replace("==", "=").partition("=") for term in selector.split(",") if "!=" not in term)
    return next((value for field, _, value in terms if field == "metadata.name"), "")


def _prefix(parts: list[str]) -> tuple[str, str, list[str]]:
    if parts[0] == "api" and len(parts) > 2:
        return "", parts[1], parts[2:]
    if parts[0] == "apis" and len(parts) > 3:
        return parts[1], parts[2], parts[3:]
    return "", "", []

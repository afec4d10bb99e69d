"""What the cluster calls its resources: "pod", "po", "deployments.apps" -> path, kind, scope.

The names come from the cluster's own discovery documents, so custom resources work too. Upstream does this in
k8s.io/client-go/restmapper; the official Python client has no such thing outside its dynamic client, which reads every
group before the first answer. This reads the core group and one aggregated document, once per `Cluster`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from k8slab.apimachinery.types import Object
from k8slab.errors import K8slabError

__all__ = ["AGGREGATED", "Resource", "Resources", "resources_of"]

#: The media type of the aggregated discovery document.
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@dataclass(frozen=True)
class Resource:
    """One resource of the API, as discovery describes it."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    short_names: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """What a manifest has as ``apiVersion``.

        >>> Resource("apps", "v1", "Deployment", "deployments", "deployment", True).api_version
        'apps/v1'
        """
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """The plural with its group, as kubectl prints it: ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def label(self) -> str:
        """The singular with its group, as kubectl names an object: ``deployment.apps`` of ``deployment.apps/web``."""
        return f"{self.singular}.{self.group}" if self.group else self.singular

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return the path under the API server; no namespace means all of them.

        >>> Resource("apps", "v1", "Deployment", "deployments", "deployment", True).path("chat", "web")
        '/apis/apps/v1/namespaces/chat/deployments/web'
        """
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{scope}/{self.plural}" + (f"/{name}" if name else "")


def resources_of(document: Object) -> list[Resource]:
    """Return the resources in an APIGroupDiscoveryList, in its order (the preferred version of a group first)."""
    return [
        Resource(
            group.get("metadata", {}).get("name", ""),
            version["version"],
            r.get("responseKind", {}).get("kind", ""),
            r["resource"],
            r.get("singularResource") or r["resource"],
            r.get("scope") == "Namespaced",
            tuple(r.get("shortNames") or ()),
        )
        for group in document.get("items", ())
        for version in group.get("versions", ())
        for r in version.get("resources", ())
    ]


class Resources:
    """Looks a resource up by any of its names, or by apiVersion and kind; asks the cluster again before giving up."""

    def __init__(self, fetch: Callable[[], Iterable[Resource]]) -> None:
        self._fetch = fetch
        self._known: list[Resource] = []

    def named(self, name: str) -> Resource:
        """Return the resource that kubectl would understand under this name: ``po``, ``Pod``, ``pods``, ``deploy.apps``."""
        wanted, _, group = name.lower().partition(".")
        found = self._find(
            lambda r: wanted in (r.plural, r.singular, r.kind.lower(), *r.short_names) and (not group or r.group == group)
        )
        if found is None:
            raise K8slabError(f"The cluster has no resource named {name!r}. `kubectl api-resources` lists what it has.")
        return found

    def of_kind(self, api_version: str, kind: str) -> Resource:
        """Return the resource of a manifest's apiVersion and kind."""
        found = self._find(lambda r: r.api_version == api_version and r.kind == kind)
        if found is None:
            raise K8slabError(
                f"The cluster knows no kind {kind!r} in apiVersion {api_version!r}. "
                "Check both for typing errors; `kubectl api-resources` lists what there is."
            )
        return found

    def _find(self, suits: Callable[[Resource], bool]) -> Resource | None:
        found = next((r for r in self._known if suits(r)), None)
        if found is None:
            self._known = list(self._fetch())
            found = next((r for r in self._known if suits(r)), None)
        return found

"""Live panels: a `LiveView` whose scene is made of blocks (`k8slab.views.panel`)."""

from collections.abc import Iterable

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.types import Object, key_of, name_of, namespace_of
from k8slab.client.cluster import ALL, Cluster
from k8slab.client.errors import sentence
from k8slab.errors import K8slabError
from k8slab.views.live import LiveView
from k8slab.views.panel import panel_html, panel_text
from k8slab.views.scene import Scene

__all__ = ["LivePanel", "served", "split_thing"]


def served(cluster: Cluster, resources: Iterable[str]) -> list[str]:
    """Return those of some resources that the cluster has."""
    found = []
    for name in resources:
        try:
            cluster.resource(name)
        except K8slabError:
            continue
        found.append(name)
    return found


def split_thing(thing: str, default: str, cluster: Cluster) -> tuple[str, str, str]:
    """Return (resource, namespace, name) of ``pod/web``, ``web`` (of the default resource) or ``pod/chat/web``.

    >>> from kubernetes import client
    >>> split_thing("deployment/web", "pods", Cluster(client.ApiClient(), namespace="chat"))
    ('deployment', 'chat', 'web')
    """
    resource, _, rest = thing.partition("/") if "/" in thing else (default, "", thing)
    namespace, _, name = rest.rpartition("/")
    if not name:
        raise K8slabError(f"{thing!r} names no object: say it as in {default}/web.")
    return resource, namespace or cluster.namespace, name


class LivePanel(LiveView):
    """A panel over the objects of some resources; subclasses give `make_scene`.

    A ``timeless`` one (logs, the clock, faults) stays in the present when the others are taken to the past.
    """

    timeless = False

    def __init__(self, cluster: Cluster, resources: Iterable[str], namespace: str = ALL) -> None:
        self._said = ""
        super().__init__(cluster, resources, kind="panel", namespace=namespace, fallback=cluster.namespace)

    def travel(self) -> None:
        """Go where the cluster's history stands."""
        if self.timeless:
            self.again()
        else:
            super().travel()

    def past_words(self) -> str:
        """Say that this is the past, if it is."""
        return "" if self.timeless else super().past_words()

    def notices(self) -> Scene:
        """Say what the user may not see, too."""
        found = super().notices()
        if self.refused and not found["banner"]:
            found["banner"] = f"Not shown, because this user may not list them: {', '.join(self.refused)}."
        return found

    def source(self, resource: str) -> tuple[str, str]:
        """Return the name under which the cluster's history keeps what this view follows."""
        return self.cluster.resource(resource).full_name, self._followed.get(resource, ALL)

    @property
    def sources(self) -> list[tuple[str, str]]:
        """All that this view follows, by those names."""
        return [self.source(resource) for resource in self._followed]

    def take(self, change: str, obj: Object) -> None:
        """Keep nothing besides the objects."""

    def of(self, kind: str, namespace: str = ALL) -> list[Object]:
        """Return the known objects of a kind, in order of their names; of one namespace if it is given."""
        with self._model_lock:
            found = [o for (k, ns, _), o in self._objects.items() if k == kind and namespace in (ALL, ns)]
        return sorted(found, key=key_of)

    def one(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return a known object, None if there is none."""
        return self._objects.get((kind, namespace, name))

    def again(self) -> None:
        """Draw soon: something was chosen."""
        self._pulse.mark()

    def try_(self, what: str, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> bool:
        """Send a request that a control asks for; what came of it is said in the panel."""
        try:
            self.cluster.request(method, path, body=body, headers=headers)
        except (ApiException, K8slabError) as error:
            self._said = f"{what}: {sentence(error)}"
            self.again()
            return False
        self._said = ""
        self.again()
        return True

    def text(self) -> str:
        """Return the blocks as text."""
        return panel_text(self.current)

    def still_html(self) -> str:
        """Return what a reader without a kernel sees: tables and images."""
        return panel_html(self.current)

    @staticmethod
    def same(obj: Object, name: str, namespace: str) -> bool:
        """Whether an object has this name and namespace."""
        return name_of(obj) == name and namespace_of(obj) == namespace

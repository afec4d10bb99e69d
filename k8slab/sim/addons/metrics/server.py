"""The metrics server: measures nodes and pods every 15 s, and serves that to ``kubectl top`` and autoscalers.

Real component: metrics-server (sigs.k8s.io/metrics-server: pkg/server, pkg/scraper, pkg/api). Simplified: it asks the kubelets of
this process instead of ``https://node:10250/metrics/resource``, all at the same moment; there are no pods of it in kube-system.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.addons.metrics.points import Pair, Point, Points, usage
from k8slab.sim.addons.metrics.scraper import Scraper
from k8slab.sim.apiserver.aggregated import answer
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.errors import StatusError, not_found
from k8slab.sim.apiserver.http import Request, Response
from k8slab.sim.apiserver.listing import EVERYTHING, Selection, selection
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel
from k8slab.sim.kubelet.stats import NodeStats

__all__ = ["GROUP", "GROUP_PRIORITY", "RESOURCES", "MetricsServer", "install_metrics"]

GROUP, _VERSION = "metrics.k8s.io", "v1beta1"
GROUP_PRIORITY = 100
_VERBS = ("get", "list")
RESOURCES = (
    Resource(GROUP, _VERSION, "NodeMetrics", "nodes", "", namespaced=False, verbs=_VERBS),
    Resource(GROUP, _VERSION, "PodMetrics", "pods", "", namespaced=True, verbs=_VERBS),
)
_READER: Object = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {
        "name": "system:aggregated-metrics-reader",
        "labels": {f"rbac.authorization.k8s.io/aggregate-to-{role}": "true" for role in ("admin", "edit", "view")},
    },
    "rules": [{"apiGroups": [GROUP], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]}],
}


class Measured(Protocol):
    """What measures a node: its kubelet. None: it does not answer."""

    def stats(self) -> NodeStats | None: ...


class MetricsServer(Scraper):
    """Scrapes, remembers two scrapes, answers.

    Parameters
    ----------
    client
        The API, for the nodes and pods that there are.
    kernel
        The clock.
    kubelets
        Whom to ask, by node.
    """

    def __init__(self, client: Client, kernel: Kernel, kubelets: Mapping[str, Measured]) -> None:
        super().__init__(kernel)
        self._client, self._kubelets = client, kubelets
        self._nodes, self._containers = Points(fresh=False), Points(fresh=True)
        self._names: dict[str, list[str]] = {}

    def scrape(self) -> None:
        """Ask every kubelet; those that do not answer have no metrics until they do again."""
        now = self._kernel.now()
        nodes: dict[str, Point] = {}
        containers: dict[str, Point] = {}
        self._names = {}
        for name, kubelet in self._kubelets.items():
            stats = kubelet.stats()
            if stats is None:
                continue
            nodes[name] = Point(now, *stats.node)
            for pod, measured in stats.pods.items():
                if measured:
                    self._names[pod] = [f"{pod}/{container}" for container in measured]
                    containers.update((f"{pod}/{container}", Point(now, *s)) for container, s in measured.items())
        self._nodes.store(nodes)
        self._containers.store(containers)

    def list(self, resource: Resource, namespace: str = "", chosen: Selection = EVERYTHING) -> Iterator[Object]:
        """Return the metrics of the nodes or pods that are selected and have been measured twice."""
        source = self._client.informer(resource.plural).list(namespace or None)
        measure = self._measurer(resource)
        return (found for obj in source if chosen.admits(obj) and (found := measure(obj)) is not None)

    def _measurer(self, resource: Resource) -> Callable[[Object], Object | None]:
        return self._node if resource.plural == "nodes" else self._pod

    def _node(self, node: Object) -> Object | None:
        pair = self._nodes.pair(node["metadata"]["name"])
        return None if pair is None else {**self._head("NodeMetrics", node, pair), "usage": usage(pair)}

    def _pod(self, pod: Object) -> Object | None:
        meta = pod["metadata"]
        prefix = f"{meta['namespace']}/{meta['name']}"
        pairs = self._containers.pairs(self._names.get(prefix, ()))
        if not pairs:
            return None
        oldest = min(pairs.values(), key=lambda pair: pair[1].time - pair[0].time)
        containers = [{"name": key[len(prefix) + 1 :], "usage": usage(pair)} for key, pair in pairs.items()]
        return {**self._head("PodMetrics", pod, oldest), "containers": containers}

    def _head(self, kind: str, obj: Object, pair: Pair) -> Object:
        meta = {k: obj["metadata"][k] for k in ("name", "namespace", "labels") if k in obj["metadata"]}
        meta["creationTimestamp"] = rfc3339(self._kernel.now())
        window = f"{pair[1].time - pair[0].time:.3f}".rstrip("0").rstrip(".") + "s"
        head = {"apiVersion": f"{GROUP}/{_VERSION}", "kind": kind, "metadata": meta}
        return {**head, "timestamp": rfc3339(pair[1].time), "window": window}

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """Return the metrics of one node or pod.

        Raises
        ------
        StatusError
            404 if there is no such object, or no metrics of it yet.
        """
        obj = self._client.informer(resource.plural).get(name, namespace)
        if obj is None:
            raise not_found("", resource.plural, name)
        found = self._measurer(resource)(obj)
        if found is None:
            raise not_found(GROUP, resource.kind.lower(), f"{namespace}/{name}" if namespace else name)
        return found

    async def answer(self, request: Request, info: RequestInfo, user: UserInfo) -> Response:
        """Answer an authorized request."""
        if not self.running:
            raise StatusError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
        resource = next(r for r in RESOURCES if r.plural == info.resource)
        if info.verb not in _VERBS:
            raise StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})
        if info.verb == "get":
            found = [self.get(resource, info.namespace, info.name)]
        else:
            chosen = selection(resource, request.query.get("labelSelector", ""), request.query.get("fieldSelector", ""))
            found = [*self.list(resource, info.namespace, chosen)]
        return answer(request, info, resource, found, self._kernel.now())


def install_metrics(client: Client) -> None:
    """Let the roles admin, edit and view read metrics, as metrics-server's manifest does."""
    if client.informer("clusterroles.rbac.authorization.k8s.io").get(_READER["metadata"]["name"]) is None:
        client.create("clusterroles.rbac.authorization.k8s.io", _READER)

"""Metrics of the applications themselves, for autoscalers: custom.metrics.k8s.io and external.metrics.k8s.io.

Real components: Prometheus, which scrapes ``/metrics`` of every pod with the annotation ``prometheus.io/scrape: "true"`` (and
``/port``, ``/path``), and prometheus-adapter, which answers the two APIs from it. A scrape comes from the pod's node, so that
NetworkPolicies let it pass. Custom metrics are those of pods, and their sums for Services, Deployments and namespaces; external
ones are the same series one by one, and those of load runs. Simplified: every 15 s, all pods at the same moment; names and
windows as `series` says; there are no pods of the two in the cluster.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from k8slab.apimachinery.labels import Requirement, matches, parse_selector, selector_of
from k8slab.apimachinery.quantity import format_quantity
from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object, labels
from k8slab.sim.addons.metrics.scraper import Scraper
from k8slab.sim.addons.metrics.series import Labels, Sample, Series, parse_exposition
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.http import Request, Response
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.resources import Resource, Subresource
from k8slab.sim.client import Client
from k8slab.sim.exposition import Family
from k8slab.sim.kernel import Kernel
from k8slab.sim.network import Network
from k8slab.sim.network.errors import ConnectError

__all__ = ["CUSTOM", "CUSTOM_VERSIONS", "EXTERNAL", "MetricsAdapter", "custom_resources", "external_resources"]

CUSTOM, EXTERNAL = "custom.metrics.k8s.io", "external.metrics.k8s.io"
CUSTOM_VERSIONS = ("v1beta2", "v1beta1")
_GET = ("get",)
#: What custom metrics are about, by the name in the path: kind, apiVersion, resource.
OBJECTS = {
    "pods": ("Pod", "/v1", "pods"),
    "services": ("Service", "/v1", "services"),
    "namespaces": ("Namespace", "/v1", "namespaces"),
    "deployments.apps": ("Deployment", "apps/v1", "deployments.apps"),
}
_PREFIX = "prometheus.io/"
_PRECISION = 1000


def custom_resources(names: Iterable[str]) -> list[Resource]:
    """Return what discovery shows: ``pods/http_requests_per_second`` and so on."""
    ordered, found = sorted(names), []
    for version in CUSTOM_VERSIONS:
        subresources = tuple(Subresource(name, "MetricValueList", CUSTOM, version, _GET) for name in ordered)
        for plural in OBJECTS:
            kind, namespaced = "MetricValueList", plural != "namespaces"
            found.append(Resource(CUSTOM, version, kind, plural, "", namespaced, verbs=(), subresources=subresources))
        found.append(Resource(CUSTOM, version, "MetricValueList", "metrics", "", True, verbs=()))
    return found


def external_resources(names: Iterable[str]) -> list[Resource]:
    """Return what discovery shows: every metric as a resource of its own."""
    return [Resource(EXTERNAL, "v1beta1", "ExternalMetricValueList", name, "", True, verbs=_GET) for name in sorted(names)]


class MetricsAdapter(Scraper):
    """Scrapes, and answers.

    Parameters
    ----------
    client, kernel, network
        The pods, the clock, and the way to the pods.
    others
        Gives further metrics, with a label ``namespace``: served as external ones.
    announce
        Called with the names of custom and of external metrics when there are others than before.
    """

    def __init__(
        self, client: Client, kernel: Kernel, network: Network, others: Callable[[], Iterable[Family]],
        announce: Callable[[set[str], set[str]], object],
    ) -> None:  # fmt: skip
        super().__init__(kernel)
        self._client, self._network, self._others, self._announce = client, network, others, announce
        self._pods: dict[tuple[str, str], Series] = {}
        self._rest = Series()
        self._announced: tuple[set[str], set[str]] = (set(), set())

    def scrape(self) -> None:
        """Ask every pod that wants to be asked; those that are gone are forgotten."""
        targets = {}
        for pod in self._client.informer("pods").list():
            notes = pod["metadata"].get("annotations")
            if notes and notes.get(f"{_PREFIX}scrape") == "true" and (pod.get("status") or {}).get("phase") == "Running":
                targets[pod["metadata"]["namespace"], pod["metadata"]["name"]] = pod
        self._pods = {key: series for key, series in self._pods.items() if key in targets}
        for key, pod in targets.items():
            self._kernel.spawn(self._ask(key, pod), "prometheus")
        samples = [Sample(f.name, f.type, labels, value) for f in self._others() for labels, value in f.values.items()]
        self._rest.store(samples, self._kernel.now())
        self._tell()

    async def _ask(self, key: tuple[str, str], pod: Object) -> None:
        notes, status = pod["metadata"]["annotations"], pod["status"]
        source = self._network.namespace_of_node(pod["spec"]["nodeName"])
        url = f"http://{status.get('podIP')}:{notes.get(f'{_PREFIX}port', '80')}{notes.get(f'{_PREFIX}path', '/metrics')}"
        try:
            if source is None or not status.get("podIP"):
                return
            response = await self._network.http(source, "GET", url, {"User-Agent": "Prometheus/3.7.3"}, b"", 10)
        except (ConnectError, ValueError):
            self._pods.pop(key, None)
            return
        if response.status == 200:
            text = response.body.decode("utf-8", "replace")
            self._pods.setdefault(key, Series()).store(parse_exposition(text), self._kernel.now())
            self._tell()

    def _tell(self) -> None:
        custom = {name for series in self._pods.values() for name in series.names()}
        names = (custom, custom | self._rest.names())
        if names != self._announced:
            self._announced = names
            self._announce(*names)

    # answers

    async def answer(self, request: Request, info: RequestInfo, user: UserInfo) -> Response:
        """Answer an authorized request."""
        return Response.json(200, self.get(info, request.query))

    def get(self, info: RequestInfo, query: Mapping[str, str]) -> Object:
        """Return the values that a path asks for.

        Raises
        ------
        StatusError
            404 if there is no such object, or no such metric of it.
        """
        if not self.running:
            raise StatusError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
        if info.verb not in ("get", "list"):
            raise StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})
        api = f"{info.group}/{info.version}"
        if info.group == EXTERNAL:
            items = self._external(info.namespace, info.resource, query.get("labelSelector", ""))
            return {"kind": "ExternalMetricValueList", "apiVersion": api, "metadata": {}, "items": items}
        return {"kind": "MetricValueList", "apiVersion": api, "metadata": {}, "items": self._custom(info, query)}

    def _external(self, namespace: str, name: str, selector: str) -> list[Object]:
        chosen, found = parse_selector(selector), []
        series: dict[Labels, tuple[float, float]] = {
            (("namespace", owner), ("pod", pod), *labels): value
            for (owner, pod), known in self._pods.items()
            for labels, value in known.values(name).items()
        }
        series |= self._rest.values(name)
        for key, (time, value) in sorted(series.items()):
            shown = dict(key)
            if shown.get("namespace") == namespace and matches(chosen, shown):
                item = {"metricName": name, "metricLabels": shown, "timestamp": rfc3339(time), "value": _quantity(value)}
                found.append(item)
        return found

    def _custom(self, info: RequestInfo, query: Mapping[str, str]) -> list[Object]:
        resource, name, metric = info.resource, info.name, info.subresource
        if resource == "metrics":
            resource, name, metric = "namespaces", info.namespace, info.name
        elif resource == "namespaces":
            name = info.name or info.namespace
        kind, api, full = OBJECTS[resource]
        wanted, found = parse_selector(query.get("metricLabelSelector", "")), []
        for obj in self._described(full, info.namespace, name, query.get("labelSelector", "")):
            total = self._total(self._pods_of(resource, obj), metric, wanted)
            if total is not None:
                described = {"kind": kind, "namespace": obj["metadata"].get("namespace"), "name": obj["metadata"]["name"]}
                shown = {k: v for k, v in described.items() if v} | {"apiVersion": api}
                found.append(self._item(shown, metric, info.version, total))
        if not found and name != "*":
            raise _unknown(metric, f"{resource} {name}")
        if not found and metric not in self._announced[0]:
            raise _unknown(metric, resource)
        return found

    def _described(self, resource: str, namespace: str, name: str, selector: str) -> list[Object]:
        informer = self._client.informer(resource)
        if name != "*":
            one = informer.get(name, "" if resource == "namespaces" else namespace)
            return [one] if one is not None else []
        chosen = parse_selector(selector)
        return [obj for obj in informer.list(namespace or None) if matches(chosen, labels(obj))]

    def _pods_of(self, resource: str, obj: Object) -> list[tuple[str, str]]:
        namespace = obj["metadata"].get("namespace", "")
        if resource == "pods":
            return [(namespace, obj["metadata"]["name"])]
        if resource == "namespaces":
            return [key for key in self._pods if key[0] == obj["metadata"]["name"]]
        selector = obj["spec"].get("selector")
        if not selector:
            return []
        chosen = selector_of({"matchLabels": selector} if resource == "services" else selector) or ()
        pods = self._client.informer("pods").list(namespace)
        return [(namespace, pod["metadata"]["name"]) for pod in pods if matches(chosen, labels(pod))]

    def _total(self, pods: Iterable[tuple[str, str]], metric: str, wanted: tuple[Requirement, ...]) -> tuple[float, float] | None:
        """Return (time, sum) over pods; None if none of them has the metric."""
        found = [
            value
            for key in pods
            if key in self._pods
            for labels, value in self._pods[key].values(metric).items()
            if matches(wanted, dict(labels))
        ]
        return (min(time for time, _ in found), sum(value for _, value in found)) if found else None

    def _item(self, described: Object, metric: str, version: str, total: tuple[float, float]) -> Object:
        named: Object = {"metricName": metric} if version == "v1beta1" else {"metric": {"name": metric, "selector": None}}
        rest = {"selector": None} if version == "v1beta1" else {}
        return {"describedObject": described, **named, "timestamp": rfc3339(total[0]), "value": _quantity(total[1]), **rest}


def _quantity(value: float) -> str:
    return format_quantity(Fraction(round(value * _PRECISION), _PRECISION))


def _unknown(metric: str, where: str) -> StatusError:
    return StatusError(404, "NotFound", f"the server could not find the metric {metric} for {where}", {})

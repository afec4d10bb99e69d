"""One metric of an autoscaler: where its values come from, and how many replicas it asks for.

Resource metrics come from metrics.k8s.io, those of types Pods and Object from custom.metrics.k8s.io, External ones from
external.metrics.k8s.io, whoever serves these APIs. A failure has two texts, as upstream: the inner one stands in the condition,
the outer one in the event that sums up.

Upstream: computeStatusFor*Metric in pkg/controller/podautoscaler/horizontal.go, pkg/controller/podautoscaler/metrics/client.go.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from k8slab.apimachinery.labels import format_selector, matches, selector_of
from k8slab.apimachinery.quantity import milli_value
from k8slab.apimachinery.types import Object, labels
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client
from k8slab.sim.controllers import hpa_metrics, hpa_totals
from k8slab.sim.controllers.hpa_metrics import MetricsError

__all__ = ["Proposal", "Sources", "failure_reason", "go_selector", "selector_of_target", "summary"]

_KEYS = {
    "Resource": "resource", "ContainerResource": "containerResource", "Pods": "pods", "Object": "object", "External": "external",
}  # fmt: skip
_CUSTOM, _EXTERNAL = "custom.metrics.k8s.io/v1beta2", "external.metrics.k8s.io/v1beta1"
_NO_SUCH_SERVER = "the server could not find the requested resource (get pods.metrics.k8s.io)"


class Proposal(NamedTuple):
    """What one metric asks for."""

    replicas: int
    name: str
    current: Object


def failure_reason(metric: Object) -> str:
    """Return the reason of the condition when a metric cannot be had."""
    return f"FailedGet{metric['type']}Metric"


def summary(metric: Object, error: MetricsError) -> str:
    """Return a metric's failure as the event FailedComputeMetricsReplicas has it.

    >>> summary({"type": "Resource", "resource": {"name": "cpu"}}, MetricsError("no metrics"))
    'failed to get cpu resource metric value: no metrics'
    """
    source = metric[_KEYS[metric["type"]]]
    name = {
        "Resource": f"{source.get('name')} resource", "ContainerResource": f"{source.get('name')} container",
        "Pods": "pods", "Object": "object",
    }.get(metric["type"])  # fmt: skip
    return f"failed to get {name or source['metric']['name'] + ' external'} metric value: {error}"


def go_selector(selector: Object | None) -> str:
    """Return a label selector as Go prints it with %+v.

    >>> go_selector(None), go_selector({"matchLabels": {"queue": "mail"}})
    ('<nil>', '&LabelSelector{MatchLabels:map[string]string{queue: mail,},MatchExpressions:[]LabelSelectorRequirement{},}')
    """
    if selector is None:
        return "<nil>"
    given = "".join(f"{k}: {v}," for k, v in sorted((selector.get("matchLabels") or {}).items()))
    rules = "".join(
        f"LabelSelectorRequirement{{Key:{e['key']},Operator:{e['operator']},Values:[{' '.join(e.get('values') or ())}],}},"
        for e in selector.get("matchExpressions") or ()
    )
    return f"&LabelSelector{{MatchLabels:map[string]string{{{given}}},MatchExpressions:[]LabelSelectorRequirement{{{rules}}},}}"


def selector_of_target(target: Object) -> Object:
    """Return the selector of a target as a LabelSelector; a ReplicationController has a plain map."""
    selector: Object = target["spec"].get("selector") or {}
    return selector if target["kind"] != "ReplicationController" else {"matchLabels": selector}


class Sources:
    """The metrics of one target, at one moment.

    Parameters
    ----------
    client
        The API.
    target
        What is scaled.
    tolerances
        How far from 1 a ratio may be without effect: upwards, downwards.
    now
        The time.
    """

    def __init__(self, client: Client, target: Object, tolerances: tuple[float, float], now: float) -> None:
        self._client, self._target, self._tolerances, self._now = client, target, tolerances, now
        self._namespace: str = target["metadata"]["namespace"]
        self._selector = selector_of(selector_of_target(target)) or ()
        self._current: int = target["spec"].get("replicas", 1)
        self._observed: int = (target.get("status") or {}).get("replicas", 0)

    def propose(self, metric: Object) -> Proposal:
        """Return what a metric asks for.

        Raises
        ------
        MetricsError
            If it has no values, or none that count.
        """
        by_type: dict[str, Callable[[Object], tuple[int, str, Object]]] = {
            "Resource": self._resource, "ContainerResource": self._resource, "Pods": self._pods, "Object": self._object,
            "External": self._external,
        }  # fmt: skip
        kind = metric["type"]
        key = _KEYS[kind]
        replicas, name, values = by_type[kind](metric[key])
        identity = {k: metric[key][k] for k in ("name", "container", "metric", "describedObject") if k in metric[key]}
        return Proposal(replicas, name, {"type": kind, key: {**identity, "current": values}})

    def pods(self) -> Sequence[Object]:
        """Return the pods of the target."""
        candidates = self._client.informer("pods").list(self._namespace)
        return [p for p in candidates if matches(self._selector, labels(p))]

    # resources

    def _resource(self, source: Object) -> tuple[int, str, Object]:
        name = f"{source['name']} {'container ' if 'container' in source else ''}resource"
        if "averageUtilization" in source["target"]:
            name += " utilization (percentage of request)"
        what = "utilization" if "averageUtilization" in source["target"] else "usage"
        try:
            replicas, values = self._by_resource(source["name"], source.get("container", ""), source["target"])
        except MetricsError as error:
            raise MetricsError(f"failed to get {source['name']} {what}: {error}") from None
        return replicas, name, values

    def _by_resource(self, resource: str, container: str, wanted: Object) -> tuple[int, Object]:
        chosen, measured = self.pods(), self._measured(resource)
        usages = hpa_metrics.usages_of(measured.values(), resource, container)
        groups = hpa_metrics.group(chosen, measured, resource, self._now)
        if "averageUtilization" not in wanted:
            return self._plain(usages, groups, milli_value(wanted["averageValue"]))
        requests = hpa_metrics.requests_of(chosen, resource, container)
        share = wanted["averageUtilization"]
        replicas, percent = hpa_metrics.utilization_replicas(self._current, share, usages, requests, groups, self._tolerances)
        average = sum(usages[name] for name in groups.ready) // len(groups.ready)
        return replicas, {"averageUtilization": percent, "averageValue": _milli(average)}

    def _plain(self, usages: Mapping[str, int], groups: hpa_metrics.Groups, target: int) -> tuple[int, Object]:
        found = hpa_metrics.average_value_replicas(self._current, target, dict(usages), groups, self._tolerances)
        return found[0], {"averageValue": _milli(found[1])}

    def _measured(self, resource: str) -> dict[str, Object]:
        text = format_selector(selector_of(selector_of_target(self._target)))
        prefix = f"unable to get metrics for resource {resource}"
        try:
            found = self._client.list("pods.metrics.k8s.io", self._namespace, text)
        except StatusError as error:
            why = _NO_SUCH_SERVER if error.code == 404 else error.message
            raise MetricsError(f"{prefix}: unable to fetch metrics from resource metrics API: {why}") from None
        if not found:
            raise MetricsError(f"{prefix}: no metrics returned from resource metrics API")
        return {str(m["metadata"]["name"]): m for m in found}

    # custom and external metrics

    def _pods(self, source: Object) -> tuple[int, str, Object]:
        name = source["metric"]["name"]
        query = {"labelSelector": format_selector(self._selector), **_metric_query(source["metric"])}
        items = self._fetch(_CUSTOM, f"pods/*/{name}", query, f"unable to get metric {name}", "custom")
        values = {str(item["describedObject"]["name"]): milli_value(item["value"]) for item in items}
        measured = {str(item["describedObject"]["name"]): item for item in items}
        groups = hpa_metrics.group(self.pods(), measured, "", self._now)
        replicas, shown = self._plain(values, groups, milli_value(source["target"]["averageValue"]))
        return replicas, f"pods metric {name}", shown

    def _object(self, source: Object) -> tuple[int, str, Object]:
        name, described, wanted = source["metric"]["name"], source["describedObject"], source["target"]
        prefix = f"unable to get metric {name}: {described['kind']} on {self._namespace} {described['name']}/"
        try:
            items = self._fetch(_CUSTOM, _object_path(described, name), _metric_query(source["metric"]), prefix, "custom", "")
            return self._total(
                sum(milli_value(item["value"]) for item in items),
                wanted,
                f"{described['kind']} metric {name}" if "value" in wanted else _external_name(source),
            )
        except MetricsError as error:
            if "value" in wanted:
                raise
            raise MetricsError(f"failed to get {name} object metric: {error}") from None

    def _external(self, source: Object) -> tuple[int, str, Object]:
        name, selector, wanted = source["metric"]["name"], source["metric"].get("selector"), source["target"]
        query = {"labelSelector": format_selector(selector_of(selector or {}))} if selector else {}
        prefix = f"unable to get external metric {self._namespace}/{name}/{go_selector(selector)}"
        try:
            items = self._fetch(_EXTERNAL, name, query, prefix, "external")
            return self._total(sum(milli_value(item["value"]) for item in items), wanted, _external_name(source))
        except MetricsError as error:
            text = f"external metric {name}" if "value" in wanted else f"{name} external metric"
            raise MetricsError(f"failed to get {text}: {error}") from None

    def _total(self, value: int, wanted: Object, name: str) -> tuple[int, str, Object]:
        if "averageValue" in wanted:
            target = milli_value(wanted["averageValue"])
            replicas, average = hpa_totals.per_pod_replicas(self._observed, value, target, self._tolerances)
            return replicas, name, {"averageValue": _milli(average)}
        ready = hpa_totals.ready_count(self.pods()) if self._current else 0
        target = milli_value(wanted["value"])
        replicas = hpa_totals.value_replicas(self._current, ready, value, target, self._tolerances)
        return replicas, name, {"value": _milli(value)}

    def _fetch(
        self, api: str, path: str, query: Mapping[str, str], prefix: str, which: str, colon: str = ": "
    ) -> Sequence[Object]:
        text = "&".join(f"{key}={quote(value)}" for key, value in query.items() if value)
        try:
            found = self._client.raw(f"/apis/{api}/namespaces/{self._namespace}/{path}{'?' if text else ''}{text}")
        except StatusError as error:
            raise MetricsError(f"{prefix}{colon}unable to fetch metrics from {which} metrics API: {error.message}") from None
        items: list[Object] = found["items"]
        if not items:
            raise MetricsError(f"{prefix}{colon}no metrics returned from {which} metrics API")
        return items


def _metric_query(metric: Object) -> dict[str, str]:
    selector = metric.get("selector")
    return {"metricLabelSelector": format_selector(selector_of(selector))} if selector else {}


def _object_path(described: Object, metric: str) -> str:
    group = described.get("apiVersion", "v1").rpartition("/")[0]
    kind = described["kind"].lower()
    if kind == "namespace":
        return f"metrics/{metric}"
    plural = kind + "es" if kind.endswith("s") else kind + "s"
    return f"{plural}{f'.{group}' if group else ''}/{described['name']}/{metric}"


def _external_name(source: Object) -> str:
    return f"external metric {source['metric']['name']}({go_selector(source['metric'].get('selector'))})"


def _milli(amount: int) -> str:
    return str(amount // 1000) if amount % 1000 == 0 else f"{amount}m"

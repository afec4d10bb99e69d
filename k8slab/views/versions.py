"""Recorded versions of the objects that a view follows, on the cluster's clock: what charts over time are made of."""

from collections.abc import Collection

from k8slab.apimachinery.timestamps import parse_time
from k8slab.client.cluster import Cluster
from k8slab.client.history import moment_of
from k8slab.topology.rollouts import Version
from k8slab.views.panel import select
from k8slab.views.scene import Scene

__all__ = ["now_of", "span_choice", "versions_of"]

_SPANS = (("0", "since the last quiet time"), ("60", "last minute"), ("600", "last 10 minutes"), ("3600", "last hour"),
          ("1000000000", "everything"))  # fmt: skip


def versions_of(cluster: Cluster, key: tuple[str, str]) -> list[Version]:
    """Return all recorded versions of a resource up to where the views stand, oldest first, as (time, change, object)."""
    history = cluster.history
    entries = history.entries(all_=False)
    first = [(moment_of(obj), "ADDED", obj) for obj in history.objects(key, 0).values()]
    found = first + [(e.moment, e.type, e.object) for e in entries if e.key == key]
    return sorted(((parse_time(when), type_, obj) for when, type_, obj in found if when), key=lambda v: v[0])


def now_of(cluster: Cluster, keys: Collection[tuple[str, str]]) -> float | None:
    """Return the time of the last change of some resources that the views show, None if nothing changed yet.

    Of those only: the watches of others, which other views brought along, may be late or early.
    """
    moments = [e.moment for e in cluster.history.entries(all_=False) if e.moment and e.key in keys]
    return parse_time(moments[-1]) if moments else None


def span_choice(span: float) -> Scene:
    """Return the control that chooses how much time a chart shows."""
    return select("span", "Show", _SPANS, f"{span:g}" if span < 1e6 else "1000000000")

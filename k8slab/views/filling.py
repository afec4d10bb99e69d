"""The filling view: each node as a bar, filled by what its pods ask for, and beneath it what they use."""

from collections.abc import Sequence

from kubernetes.client.exceptions import ApiException

from k8slab.client.cluster import ALL, Cluster
from k8slab.errors import K8slabError
from k8slab.topology.filling import NodeFill, PodFill, filling, usage
from k8slab.views.cards import short_name
from k8slab.views.drawing import path, rect, text
from k8slab.views.panel import Cell, cell, commands, controls, drawing, field, grid, note, panel
from k8slab.views.panels import LivePanel
from k8slab.views.scene import Scene
from k8slab.views.ticker import Ticker

__all__ = ["FillingView", "filling_scene"]

_LEFT, _BAR, _GAP, _ROW = 120, 330, 24, 46
_LEGEND = (
    "Each segment is what one pod asks for (blue: yours); open it for the pod. The thin line beneath is what is really used."
)
_UNMEASURED = "Nothing tells the use here: there is no metrics server, or this is the past."
_MOST = 40  # nodes drawn
_PERIOD = 3.0  # real seconds between two looks at the metrics


def filling_scene(
    cpu: Sequence[NodeFill], memory: Sequence[NodeFill], *, mine: str = "", controls_: Scene | None = None, measured: bool = True
) -> Scene:
    """Return the scene of nodes with both resources; pods of the namespace ``mine`` are set off."""
    pairs = list(zip(cpu, memory, strict=True))
    rows: list[list[Cell]] = [[c.node, c.zone, *_cells(c), *_cells(m), str(len(c.pods))] for c, m in pairs]
    total, asked = sum(c.capacity for c in cpu), sum(c.requested for c in cpu)
    alt = f"{len(pairs)} node{'' if len(pairs) == 1 else 's'}; pods ask for {_share(asked, total)} of the CPU and " + (
        f"{_share(sum(m.requested for m in memory), sum(m.capacity for m in memory))} of the memory."
    )
    columns = ("NODE", "ZONE", "CPU", "REQUESTED", "USED", "MEMORY", "REQUESTED", "USED", "PODS")
    blocks = {
        "choice": controls_,
        "legend": note(_LEGEND),
        "chart": _drawing(pairs[:_MOST], mine, alt),
        "rest": note(f"{len(pairs) - _MOST} more nodes are in the table.", "warn") if len(pairs) > _MOST else None,
        "unmeasured": None if measured else note(_UNMEASURED, "info"),
        "grid": grid(columns, rows, "The scheduler looks at requests, never at use"),
        "commands": commands(
            ("What is asked for", "kubectl describe nodes"), ("What is used", "kubectl top nodes"),
            ("By pod", "kubectl top pods -A --sort-by=cpu"),
        ),
    }  # fmt: skip
    return panel("How full the nodes are", alt, blocks)


def _cells(f: NodeFill) -> list[Cell]:
    share = f.requested / f.capacity if f.capacity else 0
    used = "" if f.use is None else f"{_amount(f.use, f.resource)}  {_share(f.use, f.capacity)}"
    asked = f"{_amount(f.requested, f.resource)}  {_share(f.requested, f.capacity)}"
    return [_amount(f.capacity, f.resource), cell(asked, "warn" if share > 0.9 else "", bar=min(1, share)), used]


def _share(part: float, whole: float) -> str:
    return f"{round(100 * part / whole)} %" if whole else "0 %"


def _amount(value: float, resource: str) -> str:
    """Write an amount for people.

    >>> _amount(0.25, "cpu"), _amount(3 * 2**29, "memory")
    ('250m', '1.5Gi')
    """
    if resource == "cpu":
        return f"{value:g}" if value >= 1 and value == round(value, 1) else f"{round(value * 1000)}m"
    return f"{value / 2**30:.3g}Gi" if value >= 2**30 else f"{round(value / 2**20)}Mi"


def _drawing(pairs: Sequence[tuple[NodeFill, NodeFill]], mine: str, alt: str) -> Scene:
    shapes = [text(_LEFT, 12, "CPU", 11, "soft", weight=600), text(_LEFT + _BAR + _GAP, 12, "Memory", 11, "soft", weight=600)]
    for row, (c, m) in enumerate(pairs):
        y = 20 + row * _ROW
        shapes += [text(0, y + 16, short_name(c.node, 18), 12, "ink", weight=600), text(0, y + 30, c.zone, 10, "soft")]
        shapes += _bar(c, _LEFT, y, mine) + _bar(m, _LEFT + _BAR + _GAP, y, mine)
    twin = [[f.node, f.resource, p.key, _amount(p.request, f.resource), _use(p, f.resource)] for pair in pairs for f in pair
            for p in f.pods]  # fmt: skip
    columns = ("NODE", "RESOURCE", "POD", "REQUESTS", "USES")
    return drawing(_LEFT + 2 * _BAR + _GAP + 4, 24 + len(pairs) * _ROW, alt, shapes, (columns, twin))


def _use(p: PodFill, resource: str) -> str:
    return "" if p.use is None else _amount(p.use, resource)


def _bar(f: NodeFill, x: float, y: float, mine: str) -> list[Scene]:
    scale = _BAR / f.capacity if f.capacity else 0
    shapes = [rect(x, y, _BAR, 22, "card", stroke="line", r=3)]
    at = x
    for p in f.pods:
        width = min(p.request * scale, x + _BAR - at)
        if width < 0.5:
            continue
        own = mine and p.key.startswith(f"{mine}/")
        shapes.append(rect(round(at, 1), y, round(width, 1), 22, "a" if own else "f", stroke="card", r=2, **_told(f, p)))
        at += width
    words = f"{_share(f.requested, f.capacity)} asked"
    if f.use is not None:
        used = min(_BAR, f.use * scale)
        shapes += [rect(x, y + 25, round(used, 1), 4, "b", r=2), path(f"M{x + used:g},{y + 23:g}v8", "b", width=1.5)]
        words += f", {_share(f.use, f.capacity)} used"
    return [*shapes, text(x + _BAR, y + 38, words, 9, "soft", "end")]


def _told(f: NodeFill, p: PodFill) -> Scene:
    limit = "no limit" if p.limit is None else f"limit {_amount(p.limit, f.resource)}"
    use = "" if p.use is None else f", uses {_amount(p.use, f.resource)}"
    words = f"{p.key} on {f.node}: asks for {_amount(p.request, f.resource)} {f.resource}{use}, {limit}."
    return {"more": words, "label": words}


class FillingView(LivePanel):
    """How full the nodes are, live: requests as they change, use every few seconds."""

    def __init__(self, cluster: Cluster, namespace: str | None = None) -> None:
        self._mine = cluster.namespace if namespace is None else namespace
        self._nodes: dict[str, dict[str, float]] | None = None
        self._pods: dict[str, dict[str, float]] = {}
        self._words = ""
        self.cluster = cluster
        self._measure()
        super().__init__(cluster, ["nodes", "pods"])
        self._endings.append(Ticker(_PERIOD, self._tick).stop)

    def make_scene(self) -> Scene:
        """Return the nodes as a scene."""
        words = self._words.lower()
        nodes = [
            n for n in self.of("Node") if words in n["metadata"]["name"].lower() or words in str(n["metadata"].get("labels"))
        ]
        pods, now = self.of("Pod", ALL), not self._past
        use = (self._nodes or {}, self._pods) if now else ({}, {})
        cpu, memory = (filling(nodes, pods, resource, *use) for resource in ("cpu", "memory"))
        choice = controls(field("nodes", "Nodes", self._words, "name, label or zone"))
        return filling_scene(cpu, memory, mine=self._mine, controls_=choice, measured=now and self._nodes is not None)

    def act(self, name: str, value: object) -> None:
        """Show some of the nodes."""
        if name == "nodes":
            self._words = str(value).strip()
            self.again()

    def _measure(self) -> None:
        try:
            found = [self.cluster.request("GET", f"/apis/metrics.k8s.io/v1beta1/{what}")["items"] for what in ("nodes", "pods")]
        except (ApiException, K8slabError):
            return
        self._nodes, self._pods = usage(found[0]), usage(found[1])

    def _tick(self) -> None:
        self._measure()
        self.again()

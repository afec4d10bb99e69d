"""The packet path view: where a connection goes, layer by layer, and where it ends."""

from contextlib import suppress

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.types import key_of
from k8slab.client.cluster import Cluster
from k8slab.client.errors import sentence
from k8slab.errors import K8slabError
from k8slab.topology.packets import Path, Step, declared_path, destination_of, path_of_trace
from k8slab.views.cards import short_name
from k8slab.views.drawing import path, polyline, rect, text
from k8slab.views.panel import Cell, cell, commands, controls, drawing, field, grid, note, panel, select
from k8slab.views.panels import LivePanel, served, split_thing
from k8slab.views.scene import Scene

__all__ = ["PacketPathView", "packet_scene"]

TRACES = "packettraces.sim.k8slab.dev"
_DECLARED = (
    "Worked out from declared objects: what Services, EndpointSlices and NetworkPolicies say. Whether a process listens, and "
    "whether this cluster's network enforces policies, they do not say."
)
_FOLLOWED = ("pods", "services", "endpointslices.discovery.k8s.io", "networkpolicies.networking.k8s.io", "namespaces")
_LAYERS = {"dns": "Name", "service": "Service", "hostport": "Host port", "route": "Route", "policy": "Policy",
           "target": "Target", "http": "HTTP", "verdict": "Outcome"}  # fmt: skip
_MARKS = {True: ("✓", "ok"), False: ("✗", "no"), None: ("·", "soft")}
_W, _H, _GAP = 128, 62, 34


def packet_scene(
    found: Path, *, recorded: bool, controls_: Scene | None = None, node: str = "", shell: Scene | None = None
) -> Scene:
    """Return the scene of a path."""
    end = f"reaches {found.target}" if found.reached and found.target else "is allowed" if found.reached else "ends on the way"
    alt = f"{found.source} → {found.destination}: {end} ({found.verdict})."
    stop = next((s for s in reversed(found.steps) if s.ok is False), None)
    words = f"{found.verdict}: {stop.text if stop and not found.reached else end}."
    rows: list[list[Cell]] = [
        [str(i), cell(_LAYERS.get(s.layer, s.layer), at=i), cell(f"{_mark(found, s)[0]} {s.text}", _mark(found, s)[1], at=i)]
        for i, s in enumerate(found.steps, 1)
    ]
    blocks = {
        "choice": controls_,
        "source": None if recorded else note(_DECLARED, "info"),
        "result": note(words[:1].upper() + words[1:], "ok" if found.reached else "no"),
        "chain": _chain(found, node, alt),
        "steps": grid(("STEP", "LAYER", "WHAT HAPPENS"), rows),
        "notes": note(" ".join(found.notes), "warn") if found.notes else None,
        "commands": shell,
    }
    captions = ["The connection is asked for.", *(f"{_LAYERS.get(s.layer, s.layer)}: {s.text}" for s in found.steps)]
    return panel("Packet path", alt, blocks, frames=captions)


def _mark(found: Path, step: Step) -> tuple[str, str]:
    """Return mark and tone; a name that was tried in vain before the right one is no failure."""
    if step.ok is False and step.layer == "dns" and step is not found.steps[-1]:
        return _MARKS[None]
    return _MARKS[step.ok]


def _stations(found: Path) -> list[tuple[str, str, Step, int]]:
    """Return (heading, words, step, its number) for the drawing: one per layer; policies one per direction."""
    shown: dict[str, tuple[str, str, Step, int]] = {}
    for number, step in enumerate(found.steps, 1):
        direction = step.text.partition(":")[0].capitalize() if step.layer == "policy" else ""
        key = step.layer + direction
        shown[key] = (f"{direction} policy" if direction else _LAYERS.get(step.layer, step.layer), _brief(step), step, number)
    return list(shown.values())


def _brief(step: Step) -> str:
    words = {"dns": step.text.rpartition("-> ")[2], "service": "an endpoint" if step.ok else "no endpoint",
             "policy": "allowed" if step.ok else "refused", "target": "listens" if step.ok else "?",
             "route": _arrival(step.text.partition(":")[0])}  # fmt: skip
    return short_name(words.get(step.layer, step.text), 20)


def _arrival(nodes: str) -> str:
    start, arrow, end = nodes.partition(" -> ")
    return f"to {end}" if arrow else start


def _chain(found: Path, node: str, alt: str) -> Scene:
    stations = _stations(found)
    shapes = [*_box(0, found.source, f"on {node}" if node else "", "info", 0)]
    broken = False
    for i, (heading, words, step, number) in enumerate(stations, 1):
        mark, tone = _mark(found, step)
        shapes += _arrow(i, broken, number)
        shapes += _box(i, f"{mark} {heading}", words, tone, number, step.text)
        broken = broken or (step.ok is False and _mark(found, step)[1] == "no")
    last = len(stations) + 1
    shapes += _arrow(last, not found.reached, len(found.steps))
    shapes += _box(last, found.target or found.destination, f"on {found.node}" if found.node else "",
                   "ok" if found.reached else "soft", len(found.steps))  # fmt: skip
    rows = [[_LAYERS.get(s.layer, s.layer), s.text] for s in found.steps]
    return drawing((last + 1) * (_W + _GAP) - _GAP + 4, _H + 8, alt, shapes, (("LAYER", "WHAT HAPPENS"), rows))


def _box(i: int, heading: str, words: str, tone: str, at: int, more: str = "") -> list[Scene]:
    x = 2 + i * (_W + _GAP)
    told: Scene = {"more": more, "label": f"{heading}: {more}"} if more else {}
    ink = tone if tone in ("ok", "no") else "ink"
    return [
        rect(x, 4, _W, _H, "card", stroke=tone, at=at, **told),
        text(x + 10, 29, short_name(heading.rpartition("/")[2] if "/" in heading else heading, 18), 12, ink, weight=600, at=at),
        text(x + 10, 48, words, 11, "soft", at=at),
    ]


def _arrow(i: int, broken: bool, at: int) -> list[Scene]:
    x, y = 2 + i * (_W + _GAP) - _GAP, 4 + _H / 2
    if broken:
        return [polyline([(x + 6, y), (x + _GAP - 6, y)], "soft", dash="2 4", at=at)]
    head = path(f"M{x + _GAP - 10:g},{y - 4:g}L{x + _GAP - 3:g},{y:g}L{x + _GAP - 10:g},{y + 4:g}Z", "", fill="ink", at=at)
    return [polyline([(x + 3, y), (x + _GAP - 8, y)], "ink", at=at), head]


class PacketPathView(LivePanel):
    """What happens to a connection from a pod, live: it is asked again whenever pods, Services or policies change."""

    def __init__(self, cluster: Cluster, source: str, destination: str) -> None:
        _, self._namespace, self._source = split_thing(source, "pods", cluster)
        self._to = destination_of(destination, cluster.namespace)
        self._asked = destination
        self._problem = ""
        self._recorded = bool(served(cluster, [TRACES]))
        self._answer: Path | str | None = None
        super().__init__(cluster, served(cluster, _FOLLOWED))

    def _draw(self) -> None:
        """Ask the cluster first, without keeping anybody waiting for the model; then draw."""
        self._ask()
        super()._draw()

    def make_scene(self) -> Scene:
        """Return the path as a scene."""
        pod = self.one("Pod", self._source, self._namespace)
        choice = controls(
            select(
                "from", "From", [(f"{key_of(p)}", f"{key_of(p)}") for p in self.of("Pod")], f"{self._namespace}/{self._source}"
            ),
            field("to", "To", self._asked, "svc/web:80"),
        )
        if pod is None or self._problem:
            words = self._problem or f'There is no pod "{self._source}" in namespace "{self._namespace}".'
            return panel("Packet path", words, {"choice": choice, "problem": note(words, "no")})
        recorded = self._recorded and not self._past
        if recorded and self._answer is None:
            self._ask()
        found = self._answer if recorded else declared_path(pod, self._to, self._by_kind())
        if not isinstance(found, Path):
            words = found or "Nothing is known yet."
            return panel("Packet path", words, {"choice": choice, "problem": note(words, "no")})
        shell = commands(*self._shell(found))
        return packet_scene(found, recorded=recorded, controls_=choice, node=pod["spec"].get("nodeName", ""), shell=shell)

    def act(self, name: str, value: object) -> None:
        """Ask for another connection."""
        if name == "from":
            self._namespace, _, self._source = str(value).rpartition("/")
        if name == "to":
            self._asked = str(value)
            try:
                self._to, self._problem = destination_of(self._asked, self.cluster.namespace), ""
            except K8slabError as error:
                self._problem = str(error)
        self.again()

    def _by_kind(self) -> dict[str, list[dict[str, object]]]:
        return {kind: self.of(kind) for kind in ("Pod", "Service", "EndpointSlice", "NetworkPolicy", "Namespace")}

    def _host(self) -> tuple[str, int]:
        """Return what a client in the pod would write, and the port."""
        to = self._to
        if to.kind == "Service":
            ports = ((self.one("Service", to.name, to.namespace) or {}).get("spec") or {}).get("ports") or [{"port": 80}]
            name = to.name if to.namespace == self._namespace else f"{to.name}.{to.namespace}"
            return name, to.port or ports[0]["port"]
        if to.kind == "Pod":
            address = ((self.one("Pod", to.name, to.namespace) or {}).get("status") or {}).get("podIP")
            if not address:
                raise K8slabError(f'The pod "{to.name}" in namespace "{to.namespace}" has no address: is it there and running?')
            return address, to.port or 80
        return to.name, to.port or 80

    def _ask(self) -> None:
        if not self._recorded or self._past or self._problem:
            return
        try:
            self._answer = self._trace()
        except (ApiException, K8slabError) as error:
            self._answer = sentence(error)

    def _trace(self) -> Path:
        host, port = self._host()
        resource = self.cluster.resource(TRACES)
        spec = {"source": {"pod": self._source}, "host": host, "port": port}
        body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": "view"}, "spec": spec}
        trace = self.cluster.request("POST", resource.path(self._namespace), body=body)
        return path_of_trace(trace, f"{self._namespace}/{self._source}", str(self._to))

    def _shell(self, found: Path) -> list[tuple[str, str]]:
        wanted = []
        with suppress(K8slabError):  # a pod without an address cannot be called
            host, port = self._host()
            wanted = [
                ("Try it from the pod", f"kubectl exec -n {self._namespace} {self._source} -- wget -qO- -T 3 {host}:{port}")
            ]
        if self._to.kind == "Service":
            label = f"kubernetes.io/service-name={self._to.name}"
            wanted.append(("Its endpoints", f"kubectl get endpointslices -n {self._to.namespace} -l {label}"))
        if found.policy:
            namespace, _, name = found.policy.partition("/")
            wanted.append(("The policy that decides", f"kubectl describe networkpolicy {name} -n {namespace}"))
        return wanted

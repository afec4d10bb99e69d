"""The timeline: what happened to which object, in order, and the scrubber that takes every view of the notebook to the past.

Changes stand at even distances, each a step, because on a stepped clock many of them happen in the same instant; where the
cluster's time changes, it is written below. The scrubber moves the cluster's history (`k8slab.client.history`), which all views
of the same cluster follow.
"""

import threading
from collections.abc import Mapping, Sequence

from k8slab.client.cluster import ALL, Cluster
from k8slab.topology.changes import Happening, happenings
from k8slab.views.cards import short_name
from k8slab.views.drawing import path, polyline, text
from k8slab.views.panel import Cell, button, cell, commands, controls, drawing, grid, note, panel, select, slider
from k8slab.views.panels import LivePanel, served
from k8slab.views.scene import Scene
from k8slab.views.ticker import Ticker

__all__ = ["TimelineView", "timeline_scene"]

_FOLLOWED = (
    "pods", "nodes", "services", "events", "configmaps", "persistentvolumeclaims", "deployments.apps", "replicasets.apps",
    "statefulsets.apps", "daemonsets.apps", "jobs.batch", "horizontalpodautoscalers.autoscaling",
    "networkpolicies.networking.k8s.io",
)  # fmt: skip
_PACE = 0.5  # seconds that a change stays when the past is replayed
_LEFT, _WIDTH, _ROW, _LANES, _STEPS, _LISTED = 190, 860, 20, 16, 160, 12
_SHAPES = {  # in a square from -1 to 1, by tone
    "ok": "M0,-1L1,.8H-1Z", "no": "M-1,-.6L-.6,-1L0,-.4L.6,-1L1,-.6L.4,0L1,.6L.6,1L0,.4L-.6,1L-1,.6L-.4,0Z",
    "info": "M-.8,0A.8,.8,0,1,1,.8,0A.8,.8,0,1,1,-.8,0Z", "warn": "M0,-1.1L1.1,0L0,1.1L-1.1,0Z", "soft": "M-.5,-.5H.5V.5H-.5Z",
}  # fmt: skip


def timeline_scene(
    story: Sequence[Happening],
    at: int | None = None,
    places: Mapping[int, int] | None = None,
    controls_: Sequence[Scene] = (),
    shell: Scene | None = None,
    playing: bool = False,
) -> Scene:
    """Return the scene of a story.

    ``at`` is the number of the change after which the views stand (None: the present, 0: before all), ``places`` which of all
    recorded changes a number is.
    """
    shown, places = list(story[-_STEPS:]), places or {h.number: h.number for h in story}
    position = _position(shown, at, places)
    here = shown[position - 1] if 0 < position <= len(shown) else None
    words = f"{here.moment[11:19]}  {here.subject} {here.what}" if here else "before the first change"
    alt = f"{len(story)} changes{'' if at is None else ', shown as it was then'}."
    scrub = controls(
        slider("scrub", "Time", position, len(shown), words),
        button("play", "❙❙ Pause" if playing else "▶ Replay", off=not shown),
        button("step", "‹", -1, off=position <= 0),
        button("step", "›", 1, off=at is None),
        button("live", "Live", pressed=at is None),
    )
    listed = shown[max(0, position - _LISTED) : position]
    blocks = {
        "choice": controls(*controls_) if controls_ else None,
        "scrub": scrub,
        "lanes": _lanes(shown, position if at is not None else None, alt),
        "legend": note("▲ appears   ● changes   ✕ is gone   ◆ warning   ▪ event.   Open a mark to go there."),
        "list": grid(("#", "TIME", "OBJECT", "WHAT HAPPENED"), [_row(h, places) for h in reversed(listed)], "The latest first"),
        "commands": shell,
    }
    return panel("What happened", alt, blocks)


def _position(shown: Sequence[Happening], at: int | None, places: Mapping[int, int]) -> int:
    """Return how many of the changes are at or before the one where the views stand."""
    return len(shown) if at is None else sum(places.get(h.number, 0) <= places.get(at, 0) for h in shown)


def _row(h: Happening, places: Mapping[int, int]) -> list[Cell]:
    return [
        cell(places.get(h.number, 0), act=["go", h.number]),
        h.moment[11:19],
        h.subject,
        cell(h.what, "" if h.tone in ("info", "soft") else h.tone),
    ]


def _lanes(shown: Sequence[Happening], position: int | None, alt: str) -> Scene:
    latest: dict[str, int] = {}
    for h in shown:
        latest[h.subject] = h.number
    chosen = sorted(latest, key=lambda s: -latest[s])[:_LANES]
    lanes = {s: i for i, s in enumerate(s for s in dict.fromkeys(h.subject for h in shown) if s in chosen)}
    step = min(26.0, (_WIDTH - _LEFT - 16) / max(1, len(shown)))
    height = max(1, len(lanes)) * _ROW + 30
    shapes: list[Scene] = []
    for subject, i in lanes.items():
        y = 12 + i * _ROW
        kind, _, name = subject.partition(" ")
        shapes += [polyline([(_LEFT, y), (_WIDTH, y)], "line", width=0.5),
                   text(0, y + 4, f"{kind} {short_name(name.rpartition('/')[2], 20)}", 11, "ink")]  # fmt: skip
    shapes += _times(shown, step, height)
    for i, h in enumerate(shown):
        if h.subject in lanes:
            shapes.append(_mark(h, _LEFT + 8 + i * step, 12 + lanes[h.subject] * _ROW))
    if position is not None:
        x = _LEFT + 8 + (position - 0.5) * step
        shapes += [polyline([(x, 0), (x, height - 18)], "info", width=2), path(f"M{x - 5:g},0h10l-5,7Z", "", fill="info")]
    rows = [[h.number, h.moment, h.subject, h.what] for h in shown]
    return drawing(_WIDTH, height, alt, shapes, (("#", "TIME", "OBJECT", "WHAT"), rows))


def _mark(h: Happening, x: float, y: float) -> Scene:
    r = 5.0 if h.tone != "soft" else 4.0
    label = f"{h.moment[11:19]} {h.subject} {h.what}"
    return path(_SHAPES[h.tone], "", fill=h.tone, place=[round(x, 1), y, r], more=label, label=label, act=["go", h.number])


def _times(shown: Sequence[Happening], step: float, height: float) -> list[Scene]:
    """Write the cluster's time where it changes, as often as there is room."""
    shapes: list[Scene] = []
    last, free = "", 0.0
    for i, h in enumerate(shown):
        x, moment = _LEFT + 8 + i * step, h.moment[11:19]
        if moment != last and x >= free:
            shapes += [polyline([(x, 4), (x, height - 20)], "line", width=0.5, dash="1 4"),
                       text(x, height - 6, moment, 10, "soft", "start" if i == 0 else "middle")]  # fmt: skip
            free = x + 62
        last = moment
    return shapes


class TimelineView(LivePanel):
    """What happened, live, and the way back to it: its slider moves all views of the notebook, but not this one."""

    timeless = True

    def __init__(self, cluster: Cluster, namespace: str | None = None) -> None:
        self._shown = cluster.namespace if namespace is None else namespace
        self._kind = ""
        self._known: dict[int, Happening | None] = {}
        self._player: Ticker | None = None
        self._replay = object()  # which of the replays it plays
        self._travelling = threading.RLock()  # a replay's step must not come after the wish that ends the replay
        super().__init__(cluster, served(cluster, _FOLLOWED))

    def make_scene(self) -> Scene:
        """Return the story as a scene."""
        story = self._story()
        spaces = sorted({o["metadata"]["namespace"] for o in self.of("Pod")} | ({self._shown} if self._shown else set()))
        kinds = sorted({h.kind for h in story})
        choice = (
            select("namespace", "Namespace", [("", "all"), *((s, s) for s in spaces)], self._shown),
            select("kind", "Kind", [("", "all"), *((k, k) for k in kinds)], self._kind),
        )
        scope = f"-n {self._shown}" if self._shown else "-A"
        shell = commands(
            ("The events", f"kubectl events {scope}"), ("Follow", f"kubectl get pods {scope} --watch --output-watch-events"),
        )  # fmt: skip
        filtered = [h for h in story if self._kind in ("", h.kind)]
        return timeline_scene(filtered, self.cluster.history.at, self._places(), choice, shell, self._player is not None)

    def act(self, name: str, value: object) -> None:
        """Move in time, or show another part."""
        with self._travelling:
            playing = self._player is not None
            self._pause()
            if name == "play" and not playing:
                self._play()
            elif name == "live":
                self.cluster.history.go(None)
            elif name == "go":
                self.cluster.history.go(int(str(value)))
            elif name in ("scrub", "step"):
                self._scrub(name, int(str(value)))
            elif name != "play":
                self._shown, self._kind = (str(value), self._kind) if name == "namespace" else (self._shown, str(value))
        self.again()

    def stop(self) -> None:
        """Stop following, and playing."""
        self._pause()
        super().stop()

    def _play(self) -> None:
        if self.cluster.history.at is None:
            self._scrub("scrub", 0)
        mine = self._replay = object()
        self._player = Ticker(_PACE, lambda: self._next(mine))

    def _next(self, replay: object) -> None:
        with self._travelling:
            if self._player is None or self._replay is not replay:
                return
            self._scrub("step", 1)
            if self.cluster.history.at is None:
                self._pause()
        self.again()

    def _pause(self) -> None:
        with self._travelling:
            if self._player is not None:
                self._player.stop()
            self._player = None

    def _scrub(self, name: str, value: int) -> None:
        shown = [h for h in self._story() if self._kind in ("", h.kind)][-_STEPS:]
        position = value if name == "scrub" else _position(shown, self.cluster.history.at, self._places()) + value
        if position > len(shown) or (name == "scrub" and position == len(shown)):
            self.cluster.history.go(None)
        else:
            self.cluster.history.go(shown[position - 1].number if position > 0 else 0)

    def _places(self) -> dict[int, int]:
        return {e.number: i for i, e in enumerate(self.cluster.history.entries(), 1)}

    def _story(self) -> list[Happening]:
        """Return what is worth telling; objects of another namespace are left out, those of the cluster stay."""
        history = self.cluster.history
        before = {}
        sources = {self.source(resource) for resource in self._followed}
        for source in sources:
            for key, obj in history.objects(source, 0).items():
                before[f"{obj['kind']} {key}"] = obj
        changes = [(e.number, e.moment, e.type, e.object) for e in history.entries() if e.key in sources]
        story = happenings(changes, before, self._known)
        return [h for h in story if self._shown == ALL or h.namespace in ("", self._shown)]

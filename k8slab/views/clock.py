"""The clock control: stop the cluster's time, let it go on to the next thing that is due, run faster, jump.

Only the embedded cluster serves its clock; on any other one the view is one line that says so.
"""

import threading

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.timestamps import human_duration, parse_time
from k8slab.apimachinery.types import Object
from k8slab.client.cluster import Cluster
from k8slab.client.errors import ClusterAway
from k8slab.client.mirror import State
from k8slab.errors import K8slabError
from k8slab.views.panel import button, commands, controls, field, note, panel
from k8slab.views.panels import LivePanel
from k8slab.views.scene import Scene
from k8slab.views.ticker import Ticker

__all__ = ["ClockView", "clock_scene"]

_CLOCK = "/apis/sim.k8slab.dev/v1alpha1/clocks/cluster"
_MERGE = {"Content-Type": "application/merge-patch+json"}
_RATES = (10, 60, 600)
_JUMPS = (("+10 s", 10), ("+1 min", 60), ("+10 min", 600), ("+1 h", 3600))
_PERIOD = 0.5
_NO_CLOCK = "This cluster's time is the real one: there is no clock to control. Only the embedded cluster has one."


def clock_scene(clock: Object | None, said: str = "") -> Scene:
    """Return the scene of a clock; None: this cluster has none."""
    if clock is None:
        return panel("Clock", _NO_CLOCK, {})
    status = clock["status"]
    mode, rate, now = status["mode"], status["rate"], status["now"]
    pace = {"real": "runs as on the wall", "stepped": "stands still", "accelerated": f"runs {rate:g} times as fast"}[mode]
    following = "nothing is due"
    if "nextEvent" in status:
        ahead = max(0.0, parse_time(status["nextEvent"]) - parse_time(now))
        following = f"the next thing is due in {human_duration(ahead)}" if ahead >= 1 else "the next thing is due at once"
    rates = [button("rate", f"×{r}", r, pressed=mode == "accelerated" and rate == r) for r in _RATES]
    blocks = {
        "time": note(f"{now[:10]}  {now[11:21]}  UTC.  It {pace}; {following}.", "warn" if mode == "stepped" else "info"),
        "said": note(said, "no") if said else None,
        "pace": controls(
            button("stop", "❙❙ Pause", pressed=mode == "stepped"), button("real", "▶ Real time", pressed=mode == "real"), *rates
        ),
        "steps": controls(
            button("next", "Step to the next event"), *(button("jump", label, seconds) for label, seconds in _JUMPS),
            field("jump", "Jump", "", "seconds"),
        ),
        "commands": commands(
            ("Pause", _patch('{"spec":{"mode":"stepped"}}')), ("Real time", _patch('{"spec":{"mode":"real"}}')),
            ("Faster", _patch('{"spec":{"mode":"accelerated","rate":10}}')),
            ("Step", _advance('{"untilNextEvent":true}')), ("Jump", _advance('{"seconds":60}')),
        ),
    }  # fmt: skip
    return panel("Clock", pace, blocks)


def _patch(body: str) -> str:
    return f"kubectl patch clock cluster --type merge -p '{body}'"


def _advance(spec: str) -> str:
    body = f'{{"apiVersion":"sim.k8slab.dev/v1alpha1","kind":"ClockAdvance","spec":{spec}}}'
    return f"echo '{body}' | kubectl create --raw {_CLOCK}/advance -f -"


class ClockView(LivePanel):
    """The cluster's clock, live, with its controls."""

    timeless = True

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._clock: Object | None = None
        self._looking = threading.Lock()  # one look after the other, or the older answer might be shown last
        self._look()
        super().__init__(cluster, [])
        if self._clock is not None:
            self._endings.append(Ticker(_PERIOD, self._tick).stop)

    def make_scene(self) -> Scene:
        """Return the clock as a scene."""
        return clock_scene(self._clock, self._said)

    def act(self, name: str, value: object) -> None:
        """Do what a button says."""
        modes: dict[str, Object] = {"stop": {"mode": "stepped"}, "real": {"mode": "real"},
                                    "rate": {"mode": "accelerated", "rate": value}}  # fmt: skip
        if name in modes:
            self.try_("The clock", "PATCH", _CLOCK, {"spec": modes[name]}, _MERGE)
        elif name == "next":
            self._advance({"untilNextEvent": True})
        elif name == "jump":
            self._jump(str(value))
        self._tick()

    def _jump(self, seconds: str) -> None:
        try:
            self._advance({"seconds": float(seconds)})
        except ValueError:
            self._said = f"{seconds!r} is no number of seconds."

    def _advance(self, spec: Object) -> None:
        body = {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "ClockAdvance", "spec": spec}
        self.try_("The clock", "POST", f"{_CLOCK}/advance", body)

    def _look(self) -> None:
        try:
            with self._looking:
                self._clock = self.cluster.request("GET", _CLOCK)
        except (ApiException, K8slabError) as error:
            if isinstance(error, ApiException) and error.status not in (403, 404):
                raise
            if isinstance(error, ClusterAway):
                raise

    def _tick(self) -> None:
        try:
            self._look()
            state: State = "live"
        except K8slabError:
            state = "away"
        with self._model_lock:
            self._troubles["clock"] = state
        self.again()

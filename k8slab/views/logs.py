"""The log view: what several containers write, as they write it; by pod or by label; also what they wrote before a restart."""

import contextlib
from itertools import count

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.labels import matches, parse_selector
from k8slab.apimachinery.types import Object, labels, name_of
from k8slab.client.cluster import Cluster
from k8slab.client.errors import sentence
from k8slab.client.logs import LogFollower, log_lines
from k8slab.errors import K8slabError
from k8slab.views.cards import short_name
from k8slab.views.panel import button, commands, controls, field, lines, note, panel
from k8slab.views.panels import LivePanel, split_thing
from k8slab.views.scene import Scene

__all__ = ["LogsView"]

_KEPT = 400  # lines
_MOST = 20  # containers followed at once


class LogsView(LivePanel):
    """Logs of the pods that a name or a label selector means, followed; a new pod's log joins by itself."""

    timeless = True

    def __init__(self, cluster: Cluster, which: str, *, container: str = "", previous: bool = False) -> None:
        self._namespace, self._asked, self._container, self._previous = cluster.namespace, which, container, previous
        self._selector, self._name = None, ""
        if "=" in which or " in " in which:
            self._selector = parse_selector(which)
        else:
            _, self._namespace, self._name = split_thing(which, "pods", cluster)
        self._words, self._paused = "", False
        self._numbers = count()
        self._kept: dict[str, Scene] = {}
        self._round = 0  # raised when all is read anew: what is still told of an earlier one is late
        self._followers: dict[tuple[str, str, int], LogFollower] = {}
        self._looked_back: set[tuple[str, str, int]] = set()
        self._tones: dict[str, str] = {}
        super().__init__(cluster, ["pods"])
        self._follow_all()

    def take(self, change: str, obj: Object) -> None:
        """Follow what has begun to run."""
        if hasattr(self, "_pulse"):
            self._follow_all()

    def stop(self) -> None:
        """End all followers."""
        super().stop()
        with self._model_lock:
            for follower in self._followers.values():
                follower.stop()

    def make_scene(self) -> Scene:
        """Return the lines as a scene."""
        pods = self._pods()
        word = self._words.lower()
        rows = {key: row for key, row in self._kept.items() if word in row["t"].lower() or word in row["who"].lower()}
        what = "before their last restart" if self._previous else "as they write"
        alt = f"{len(pods)} pod{'' if len(pods) == 1 else 's'} ({self._asked}), {what}: {len(rows)} lines."
        blocks = {
            "choice": controls(
                field("words", "Only lines with", self._words, "any words"),
                button("previous", "Previous container", pressed=self._previous),
                button("paused", "Hold", pressed=self._paused),
                button("clear", "Clear"),
            ),
            "past": note("Logs are always of the present; they do not follow the timeline.", "info")
            if self.cluster.history.at is not None
            else None,
            "none": None if pods else note(f"No pod matches {self._asked!r} in namespace {self._namespace}.", "warn"),
            "lines": lines(f"Log of {self._asked}", "Nothing written yet." if pods else ""),
            "commands": commands(("In a terminal", self._shell())),
        }
        return panel("Logs", alt, blocks, rows=rows)

    def act(self, name: str, value: object) -> None:
        """Filter, hold, clear, or look at the containers before."""
        if name == "words":
            self._words = str(value)
        elif name == "paused":
            self._paused = not self._paused
            if not self._paused:
                self._follow_all()
        elif name == "clear":
            with self._model_lock:
                self._kept = {}
        elif name == "previous":
            self._restart(not self._previous)
        self.again()

    def _shell(self) -> str:
        which = f"-l {self._asked} --prefix" if self._selector is not None else self._name
        container = f" -c {self._container}" if self._container else ""
        return f"kubectl logs {which} -n {self._namespace}{container} {'--previous' if self._previous else '--follow'}"

    def _pods(self) -> list[Object]:
        pods = self.of("Pod", self._namespace)
        if self._selector is None:
            return [p for p in pods if name_of(p) == self._name]
        return [p for p in pods if matches(self._selector, labels(p))]

    def _restart(self, previous: bool) -> None:
        with self._model_lock:
            for follower in self._followers.values():
                follower.stop()
            self._previous, self._round = previous, self._round + 1
            self._followers, self._kept, self._looked_back = {}, {}, set()
            self._follow_all()

    def _follow_all(self) -> None:
        """Begin with each container that runs (or ran) and is not followed yet; the watch's thread does so, and the controls."""
        with self._model_lock:
            for pod in self._pods():
                for status in (pod.get("status") or {}).get("containerStatuses") or ():
                    self._follow_one(pod, status)

    def _follow_one(self, pod: Object, status: Object) -> None:
        name, restarts = status["name"], status.get("restartCount", 0)
        key = (name_of(pod), name, restarts)
        begun = (status.get("state") or {}).get("running") or (status.get("state") or {}).get("terminated")
        if key in self._followers or self._container not in ("", name) or len(self._followers) >= _MOST:
            return
        if self._previous:
            self._look_back(key, bool(restarts))
        elif begun:
            self._listen(key, several=len(pod["spec"]["containers"]) > 1)

    def _listen(self, key: tuple[str, str, int], *, several: bool) -> None:
        pod, container, _ = key
        who = f"{short_name(pod, 16)}/{container}" if several else short_name(pod, 22)
        self._tones.setdefault(who, "abcdef"[len(self._tones) % 6])
        round_ = self._round
        self._followers[key] = LogFollower(
            self.cluster,
            self._namespace,
            pod,
            container,
            lambda text: self._add(who, text, round_),
            lambda why: self._ended(key, who, why, round_),
        )

    def _look_back(self, key: tuple[str, str, int], restarted: bool) -> None:
        pod, container, _ = key
        if not restarted or key in self._looked_back:
            return
        self._looked_back.add(key)
        with contextlib.suppress(K8slabError):
            try:
                found = log_lines(self.cluster, self._namespace, pod, container, previous=True)
            except ApiException as error:
                found = [sentence(error)]
            for text in found:
                self._add(short_name(pod, 22), text, self._round)

    def _ended(self, key: tuple[str, str, int], who: str, why: str, round_: int) -> None:
        with self._model_lock:
            if why and round_ == self._round:
                self._add(who, f"— {why}", round_)
                self._followers.pop(key, None)

    def _add(self, who: str, text: str, round_: int) -> None:
        with self._model_lock:
            if self._paused or round_ != self._round:
                return
            number = next(self._numbers)
            order = f"{number:09}"
            self._kept[order] = {"order": order, "who": who, "tone": self._tones.setdefault(who, "abcdef"[len(self._tones) % 6]),
                                 "t": text}  # fmt: skip
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        self._pulse.mark()

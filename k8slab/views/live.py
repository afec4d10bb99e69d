"""Views that follow a cluster: they listen to its mirrors, keep a model, and draw it when it changed.

A view starts with what a list returns now, so its first picture is right even before its watches run; a mirror that lags
behind that list is not heard until it has caught up. Running its cell
again ends the view that the cell made before. When the cluster's history is moved to the past (`History.go`), every view shows
the objects as they were then, and takes no changes until it is back.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import Any

import yaml
from IPython.core.getipython import get_ipython

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.client.cluster import ALL, Cluster
from k8slab.client.mirror import Change, State, differences
from k8slab.errors import K8slabError
from k8slab.views.pulse import Pulse
from k8slab.views.scene import Scene
from k8slab.views.widget import SceneWidget

__all__ = ["LiveView"]

_BANNERS: dict[State, str] = {
    "away": "The cluster went away. This is its last known state; the view goes on when it is back.",
    "refused": "The cluster refuses to show this to you.",
}

_by_cell: dict[str, tuple[str, list["LiveView"]]] = {}


class LiveView(SceneWidget):
    """A scene made of the objects of some resources.

    Subclasses give `take` (one change into the model) and `make_scene` (the model as a scene).
    """

    def __init__(self, cluster: Cluster, resources: Iterable[str], kind: str = "graph", namespace: str = ALL) -> None:
        self.cluster = cluster
        self._model_lock = threading.RLock()
        self._troubles: dict[str, State] = {}
        self._objects: dict[tuple[str, str, str], Object] = {}
        resources = list(resources)
        self._since: dict[str, int] = {}
        self._sources: list[tuple[str, str]] = []
        self._past = False
        for resource in resources:
            objects, self._since[resource] = cluster.snapshot(resource, namespace)
            cluster.mirror(resource, namespace).prime(objects, self._since[resource])
            self._sources.append((cluster.resource(resource).full_name, namespace))
            for obj in objects:
                self._change("ADDED", obj)
        super().__init__(self.make_scene(), kind)
        self._pulse = Pulse(self.refresh)
        self._endings = [self._follow(resource, namespace) for resource in resources]
        self._endings.append(cluster.history.subscribe(self.travel))
        if cluster.history.at is not None:
            self.travel()
        _replace_views_of_this_cell(self)

    def take(self, change: str, obj: Object) -> None:
        """Take one change ("ADDED", "MODIFIED", "DELETED") into the model."""
        raise NotImplementedError

    def make_scene(self) -> Scene:
        """Return the model as a scene."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Draw the model as it is now; the pulse calls this, tests may."""
        with self._model_lock:
            scene = self.make_scene()
        scene["banner"] = next((_BANNERS[state] for state in self._troubles.values() if state in _BANNERS), "")
        scene["past"] = self.cluster.history.words()
        self.show(scene)

    def travel(self) -> None:
        """Show the state at which the cluster's history stands: an earlier one, or the present again."""
        history = self.cluster.history
        with self._model_lock:
            self._past = history.at is not None
            before = {f"{kind} {namespace}/{name}": obj for (kind, namespace, name), obj in self._objects.items()}
            states = [history.objects(source, history.at).values() for source in self._sources]
            after = {f"{o['kind']} {namespace_of(o)}/{name_of(o)}": o for state in states for o in state}
            for change in differences(before, after):
                self._change(change.type, change.object)
        self._pulse.mark()

    def stop(self) -> None:
        """Stop following the cluster; the last picture stays."""
        for end in self._endings:
            end()
        self._endings = []
        self._pulse.stop()

    def close(self) -> None:
        """Stop, and take the view out of the notebook."""
        self.stop()
        super().close()

    def details(self, item: str) -> dict[str, Any] | None:
        """Return the YAML and the events of the object whose id (kind/namespace/name) was clicked."""
        kind, _, rest = item.partition("/")
        namespace, _, name = rest.rpartition("/")
        obj = self._objects.get((kind, namespace, name))
        if obj is None:
            return None
        shown = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "managedFields"}}
        return {"yaml": yaml.safe_dump(shown, sort_keys=False), "events": self._events(obj)}

    def _events(self, obj: Object) -> list[list[str]]:
        field = f"involvedObject.kind={obj['kind']},involvedObject.name={name_of(obj)}"
        if obj["kind"] != "Node":  # events about nodes carry the name where the uid should be
            field += f",involvedObject.uid={obj['metadata'].get('uid', '')}"
        with contextlib.suppress(K8slabError):
            events = self.cluster.list("events", namespace_of(obj) or ALL, field_selector=field)
            return [[e.get("type", ""), e.get("reason", ""), e.get("message", "")] for e in events]
        return []

    def _follow(self, resource: str, namespace: str) -> Callable[[], None]:
        def listener(changes: list[Change]) -> None:
            with self._model_lock:
                for change in changes:
                    if change.type == "STATE":
                        self._troubles[resource] = change.state
                        if change.state != "live":
                            self._since[resource] = 0  # after an absence numbers may begin anew
                    elif not self._past and int(change.object["metadata"]["resourceVersion"]) > self._since[resource]:
                        self._change(change.type, change.object)
            self._pulse.mark()

        return self.cluster.mirror(resource, namespace).subscribe(listener)

    def _change(self, change: str, obj: Object) -> None:
        key = (obj["kind"], namespace_of(obj), name_of(obj))
        if change == "DELETED":
            self._objects.pop(key, None)
        else:
            self._objects[key] = obj
        self.take(change, obj)


def _replace_views_of_this_cell(view: LiveView) -> None:
    """End the views that an earlier run of the same cell made, so that re-running does not pile up watches."""
    shell = get_ipython()
    parent = shell.get_parent() if shell is not None and hasattr(shell, "get_parent") else {}
    cell, run = parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id", "")
    if not cell:
        return
    last_run, views = _by_cell.get(cell, ("", []))
    if last_run != run:
        for old in views:
            old.close()
        views = []
    _by_cell[cell] = (run, [*views, view])

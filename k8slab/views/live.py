"""Views that follow a cluster: they listen to its mirrors, keep a model, and draw it when it changed.

A view starts with what a list returns now, so its first picture is right even before its watches run; a mirror that lags
behind that list is not heard until it has caught up. Running its cell
again ends the view that the cell made before. When the cluster's history is moved to the past (`History.go`), every view shows
the objects as they were then, and takes no changes until it is back.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import yaml
from IPython.core.getipython import get_ipython
from kubernetes.client import ApiException

from k8slab.apimachinery.types import Object, annotations, name_of, namespace_of
from k8slab.client.cluster import ALL, Cluster
from k8slab.client.errors import sentence
from k8slab.client.garbage import collector_held
from k8slab.client.mirror import Change, State, differences
from k8slab.errors import K8slabError
from k8slab.views.pulse import Pulse
from k8slab.views.scene import Scene
from k8slab.views.widget import SceneWidget

__all__ = ["LiveView", "split_id"]

_BANNERS: dict[State, str] = {
    "away": "The cluster went away. This is its last known state; the view goes on when it is back.",
    "refused": "The cluster refuses to show this to you.",
}

_by_cell: dict[str, tuple[str, list["LiveView"]]] = {}


class _First(NamedTuple):
    """The first list of a resource: of which namespace, at which revision; or why there is none."""

    namespace: str
    version: int
    objects: list[Object]
    refused: str = ""


class LiveView(SceneWidget):
    """A scene made of the objects of some resources.

    Subclasses give `take` (one change into the model) and `make_scene` (the model as a scene).

    Parameters
    ----------
    cluster
        What to follow.
    resources
        Their names; of each there is one watch, shared by all views of the cluster.
    kind
        What the browser makes of the scene: "graph", "table" …
    namespace
        Follow only this one. Better follow all and leave out in `take`: then every view shares the same watch.
    fallback
        A namespace to follow where the user may not list a resource in all. With one given, a resource that cannot be listed
        at all is left out and said to be so (`refused`) instead of being an error.
    """

    #: Draw at least this often (seconds), though no watch says anything: for what can only be asked.
    every: float | None = None

    def __init__(
        self, cluster: Cluster, resources: Iterable[str], kind: str = "graph", namespace: str = ALL, fallback: str | None = None
    ) -> None:
        self.cluster = cluster
        self._model_lock = threading.RLock()
        self._turn = threading.Lock()
        self._fallback, self._past = cluster.namespace if fallback is None else fallback, False
        self._excused = (403,) if fallback is None else (403, 404, 405)
        with collector_held():
            self._begin(self._first_lists(resources, namespace))
            super().__init__(self.make_scene(), kind)
            self._pulse = Pulse(self.refresh, self.every)
            self._endings = self._subscriptions()
        if cluster.history.at is not None:
            self.travel()
        _replace_views_of_this_cell(self)

    def _first_lists(self, resources: Iterable[str], namespace: str = ALL) -> dict[str, _First]:
        """Return for each resource what a list returns now.

        Must be called without the model's lock: a mirror that tells its listeners holds its own lock and wants ours.
        """
        return {resource: self._first(resource, namespace) for resource in resources}

    def _first(self, resource: str, namespace: str) -> _First:
        tries, refused = [namespace] if namespace else [ALL, self._fallback], ""
        for where in tries:
            try:
                objects, version = self.cluster.snapshot(resource, where)
            except ApiException as error:
                if error.status not in self._excused:
                    raise
                refused = str(error.reason)
            else:
                mirror = self.cluster.mirror(resource, where)
                mirror.prime(objects, version)
                mirror.catch_up(objects, version)
                return _First(where, version, objects)
        return _First("", 0, [], refused)

    def _begin(self, lists: dict[str, _First]) -> None:
        """Fill the model with the first lists."""
        self._troubles: dict[str, State] = {}
        self._objects: dict[tuple[str, str, str], Object] = {}
        self._since = {resource: first.version for resource, first in lists.items()}
        self._followed = {resource: first.namespace for resource, first in lists.items() if not first.refused}
        self.refused = {resource: first.refused for resource, first in lists.items() if first.refused}
        for first in lists.values():
            for obj in first.objects:
                self._change("ADDED", obj)

    def _subscriptions(self) -> list[Callable[[], None]]:
        follow = [self._follow(resource, where) for resource, where in self._followed.items()]
        return [*follow, self.cluster.history.subscribe(self.travel)]

    def follow(self, resources: Iterable[str], empty: Callable[[], None]) -> None:
        """Follow other resources from now on; ``empty`` makes the model new and empty."""
        before = self._endings
        with collector_held():
            lists = self._first_lists(resources)
            with self._model_lock:
                empty()
                self._begin(lists)
            self._endings = self._subscriptions()
            self._pulse.every = self.every
        for end in before:  # only now: a watch that both need goes on
            end()
        if self._past:
            self.travel()

    def take(self, change: str, obj: Object) -> None:
        """Take one change ("ADDED", "MODIFIED", "DELETED") into the model."""
        raise NotImplementedError

    def make_scene(self) -> Scene:
        """Return the model as a scene."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Draw the model as it is now. The pulse and the controls do so: in turns, or the older picture might be shown last."""
        with self._turn:
            self._draw()

    def _draw(self) -> None:
        with self._model_lock:
            scene = {**self.make_scene(), **self.notices()}
        self.show(scene)

    def notices(self) -> Scene:
        """Return what must be said above the picture: that the cluster is away, that this is the past."""
        banner = next((_BANNERS[state] for state in self._troubles.values() if state in _BANNERS), "")
        return {"banner": banner, "past": self.past_words()}

    def past_words(self) -> str:
        """Return what a view of the past says about itself; "" in the present."""
        return self.cluster.history.words()

    def travel(self) -> None:
        """Show the state at which the cluster's history stands: an earlier one, or the present again."""
        history = self.cluster.history
        with self._model_lock:
            self._past = history.at is not None
            before = {f"{kind} {namespace}/{name}": obj for (kind, namespace, name), obj in self._objects.items()}
            sources = [(self.cluster.resource(resource).full_name, where) for resource, where in self._followed.items()]
            states = [history.objects(source, history.at).values() for source in sources]
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
        if "_pulse" not in self.__dict__:
            return  # it could not be made, and ipywidgets closes what is collected
        self.stop()
        super().close()

    def details(self, item: str) -> dict[str, Any] | None:
        """Return the YAML and the events of the object whose id (kind/namespace/name) was clicked."""
        obj = self._objects.get(split_id(item))
        if obj is None:
            return None
        obj = _masked(obj)
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

    def why(self, item: str) -> dict[str, str] | None:
        """Return the explanation of why an object is as it is."""
        kind, namespace, name = split_id(item)
        if (kind, namespace, name) not in self._objects:
            return None
        try:
            from k8slab.explain.why import why  # type: ignore[import-not-found,import-untyped,unused-ignore]  # only when asked: it needs all of `explain`

            answer = why(self.cluster, f"{kind.lower()}/{name}", namespace or None)
            return {"text": answer.text(), "html": answer._repr_html_()}
        except (K8slabError, ApiException, ImportError) as error:
            return {"text": sentence(error), "html": ""}

    def _follow(self, resource: str, namespace: str) -> Callable[[], None]:
        def listener(changes: list[Change]) -> None:
            with self._model_lock:
                for change in changes if resource in self._followed else ():
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


def split_id(item: str) -> tuple[str, str, str]:
    """Return kind, namespace and name of an id.

    >>> split_id("Pod/chat/web"), split_id("Node/worker-1")
    (('Pod', 'chat', 'web'), ('Node', '', 'worker-1'))
    """
    kind, _, rest = item.partition("/")
    namespace, _, name = rest.rpartition("/")
    return kind, namespace, name


def _masked(obj: Object) -> Object:
    """Return a Secret without its values: a picture may be looked over one's shoulder."""
    if obj["kind"] != "Secret":
        return obj
    hidden = {key: f"<{len(value)} characters, hidden here>" for key, value in (obj.get("data") or {}).items()}
    meta = {**obj["metadata"], "annotations": {k: v for k, v in annotations(obj).items() if "last-applied" not in k}}
    return {**obj, "metadata": meta, "data": hidden}


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

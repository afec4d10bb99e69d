"""Tables that follow the cluster: pods and events, each row in its place, changed in place."""

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.client.cluster import Cluster
from k8slab.client.tables import html_table, text_table
from k8slab.topology.placement import object_id
from k8slab.topology.status import container_counts, pod_class, pod_status, restart_count
from k8slab.views.live import LiveView
from k8slab.views.scene import Scene

__all__ = ["EventsView", "PodsView"]


class _ListView(LiveView):
    """Rows of one resource in one namespace."""

    title = ""
    resource = ""
    columns: tuple[str, ...] = ()

    def __init__(self, cluster: Cluster, namespace: str | None = None) -> None:
        self._namespace = cluster.namespace if namespace is None else namespace
        self._rows: dict[str, Scene] = {}
        super().__init__(cluster, [self.resource], kind="table")

    def row(self, obj: Object) -> Scene:
        """Return ``cells`` and ``order``, perhaps ``state`` and ``mark`` (the cell that gets the state's shape)."""
        raise NotImplementedError

    def take(self, change: str, obj: Object) -> None:
        """Take one change into the rows."""
        if self._namespace and namespace_of(obj) != self._namespace:
            return
        key = object_id(obj["kind"], name_of(obj), namespace_of(obj))
        if change == "DELETED":
            self._rows.pop(key, None)
        else:
            self._rows[key] = self.row(obj)

    def make_scene(self) -> Scene:
        """Return the rows as a scene."""
        where = f" in namespace {self._namespace}" if self._namespace else ""
        return {
            "title": self.title + where,
            "alt": f"{len(self._rows)} rows." if self._rows else "None yet.",
            "columns": list(self.columns),
            "rows": dict(self._rows),
        }

    def _cells(self) -> list[list[str]]:
        return [row["cells"] for row in sorted(self.current["rows"].values(), key=lambda r: r["order"])]

    def text(self) -> str:
        """Return the rows as text."""
        cells = self._cells()
        return f"{self.current['title']}\n" + (text_table(self.columns, cells) if cells else "None yet.")

    def still_html(self) -> str:
        """Return the rows as an HTML table."""
        table = html_table(self.columns, self._cells(), self.current["title"])
        return f'<div class="k8slab-picture">{table}</div>'


class PodsView(_ListView):
    """The pods of a namespace, live."""

    title = "Pods"
    resource = "pods"
    columns = ("NAME", "READY", "STATUS", "RESTARTS", "NODE", "IP")

    def row(self, obj: Object) -> Scene:
        """Return a pod's row, as ``kubectl get pods -o wide`` has it."""
        ready, total = container_counts(obj)
        cells = [
            name_of(obj),
            f"{ready}/{total}",
            pod_status(obj),
            str(restart_count(obj)),
            (obj.get("spec") or {}).get("nodeName") or "<none>",
            (obj.get("status") or {}).get("podIP") or "<none>",
        ]
        return {"cells": cells, "order": name_of(obj), "state": pod_class(obj), "mark": 2}


class EventsView(_ListView):
    """The events of a namespace, oldest first, live."""

    title = "Events"
    resource = "events"
    columns = ("TYPE", "REASON", "OBJECT", "COUNT", "MESSAGE")

    def row(self, obj: Object) -> Scene:
        """Return an event's row."""
        about = obj.get("involvedObject") or {}
        when = obj.get("lastTimestamp") or obj.get("eventTime") or obj["metadata"].get("creationTimestamp") or ""
        count = obj.get("count") or (obj.get("series") or {}).get("count") or 1
        cells = [
            obj.get("type", ""),
            obj.get("reason", ""),
            f"{about.get('kind', '').lower()}/{about.get('name', '')}",
            str(count),
            obj.get("message", ""),
        ]
        first = obj.get("firstTimestamp") or when
        return {"cells": cells, "order": f"{first} {obj['metadata'].get('resourceVersion', '').zfill(12)} {name_of(obj)}"}

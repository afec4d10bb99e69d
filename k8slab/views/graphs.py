"""The topology views: nodes with their pods, who owns whom, the parts of the cluster."""

from k8slab.apimachinery.types import Object
from k8slab.client.cluster import ALL, Cluster
from k8slab.client.tables import html_table
from k8slab.topology import (
    PLACEMENT_COLUMNS,
    Graph,
    change_ownership,
    change_placement,
    control_plane,
    control_plane_text,
    owners_tree,
    ownership,
    placement,
    placement_rows,
    placement_tree,
)
from k8slab.views.layout import PlacementLayout, control_plane_scene, ownership_scene
from k8slab.views.live import LiveView
from k8slab.views.scene import Scene
from k8slab.views.widget import SceneWidget

__all__ = ["ControlPlaneView", "OwnershipView", "PlacementView"]

_OWNERS = ("deployments.apps", "replicasets.apps", "pods")


class PlacementView(LiveView):
    """The nodes as boxes filled with their pods, live; of all namespaces or of one."""

    def __init__(self, cluster: Cluster, namespace: str = ALL) -> None:
        self.graph: Graph = placement((), ())
        self._namespace = namespace
        self._layout = PlacementLayout(namespace)
        super().__init__(cluster, ["nodes", "pods"])

    def take(self, change: str, obj: Object) -> None:
        """Take one change into the graph."""
        change_placement(self.graph, change, obj)

    def make_scene(self) -> Scene:
        """Return the graph as a scene."""
        return self._layout.scene(self.graph)

    def text(self) -> str:
        """Return the nodes and their pods as a tree."""
        return placement_tree(self._visible())

    def twin_html(self) -> str:
        """Return the nodes and their pods as a table."""
        return html_table(PLACEMENT_COLUMNS, placement_rows(self._visible()))

    def _visible(self) -> Graph:
        keep = [k for k, a in self.graph.nodes(data=True) if a["kind"] == "Node" or self._namespace in (ALL, a["namespace"])]
        return self.graph.subgraph(keep)


class OwnershipView(LiveView):
    """Deployments, the ReplicaSets they made and the pods those made, live, in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str | None = None) -> None:
        self.graph: Graph = ownership(())
        self._namespace = cluster.namespace if namespace is None else namespace
        super().__init__(cluster, _OWNERS)

    def take(self, change: str, obj: Object) -> None:
        """Take one change into the graph."""
        if obj["metadata"].get("namespace") == self._namespace:
            change_ownership(self.graph, change, obj)

    def make_scene(self) -> Scene:
        """Return the graph as a scene."""
        return ownership_scene(self.graph)

    def text(self) -> str:
        """Return the owners as a tree."""
        return owners_tree(self.graph) or "Nothing here yet."


class ControlPlaneView(SceneWidget):
    """The parts of the cluster and who talks to whom; drawn once."""

    def __init__(self, cluster: Cluster) -> None:
        self.graph = control_plane(cluster.list("nodes"))
        super().__init__(control_plane_scene(self.graph))

    def text(self) -> str:
        """Return the parts, each with what it does."""
        return control_plane_text(self.graph)

    def twin_html(self) -> str:
        """Return the parts as a table."""
        rows = [(a["name"], a["role"], ", ".join(self.graph.successors(n))) for n, a in self.graph.nodes(data=True)]
        return html_table(("PART", "DOES", "CONNECTS TO"), rows)

    def details(self, item: str) -> dict[str, object] | None:
        """Return nothing more: a part's facts say it all."""
        del item
        return None

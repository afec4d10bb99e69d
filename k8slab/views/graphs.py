"""The topology views by the names that labs know: nodes with their pods, who owns whom, the parts of the cluster."""

from k8slab.client.cluster import ALL, Cluster
from k8slab.client.tables import html_table
from k8slab.topology import control_plane, control_plane_text
from k8slab.views.layout import control_plane_scene
from k8slab.views.topology import TopologyView
from k8slab.views.widget import SceneWidget

__all__ = ["ControlPlaneView", "OwnershipView", "PlacementView"]


class PlacementView(TopologyView):
    """The nodes as boxes filled with their pods, live; of all namespaces or of one."""

    def __init__(self, cluster: Cluster, namespace: str = ALL) -> None:
        super().__init__(cluster, "placement", namespace)


class OwnershipView(TopologyView):
    """Deployments, the ReplicaSets they made and the pods those made, live, in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str | None = None) -> None:
        super().__init__(cluster, "ownership", cluster.namespace if namespace is None else namespace)


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

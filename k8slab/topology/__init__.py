"""Objects of a cluster as networkx graphs: pure functions, no cluster, no Jupyter.

`placement` (which pod is on which node), `ownership` (who made whom), `control_plane` (the parts and who talks to whom).
Each graph has a text form, and takes watch events in place (``change_…``). Attributes are documented in each module.
"""

from k8slab.topology.controlplane import control_plane, control_plane_text
from k8slab.topology.ownership import change_ownership, owners_tree, ownership
from k8slab.topology.placement import Graph, change_placement, node_order, object_id, placement, pods_of
from k8slab.topology.status import POD_CLASSES, PodClass, node_status, pod_class, pod_status
from k8slab.topology.text import PLACEMENT_COLUMNS, placement_rows, placement_summary, placement_tree

__all__ = [
    "PLACEMENT_COLUMNS",
    "POD_CLASSES",
    "Graph",
    "PodClass",
    "change_ownership",
    "change_placement",
    "control_plane",
    "control_plane_text",
    "node_order",
    "node_status",
    "object_id",
    "owners_tree",
    "ownership",
    "placement",
    "placement_rows",
    "placement_summary",
    "placement_tree",
    "pod_class",
    "pod_status",
    "pods_of",
]

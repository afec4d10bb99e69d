"""Objects of a cluster as networkx graphs: pure functions, no cluster, no Jupyter.

`placement` (which pod is on which node), `control_plane` (the parts and who talks to whom), `reachability` (who may talk to
whom); `ownership`, `traffic`, `access`, `storage`, `configuration`, `zones` are schemas of one engine (`relations`). Questions:
`queries`; files: `export`. Graphs take watch events in place. Attributes of nodes and edges are documented in each module.
"""

from k8slab.topology.catalogue import TOPOLOGIES, Topology
from k8slab.topology.collapse import collapse
from k8slab.topology.controlplane import control_plane, control_plane_text
from k8slab.topology.export import to_dot, to_graphml, to_html, to_json
from k8slab.topology.kinds import SCHEMAS, access, configuration, storage, traffic, zones
from k8slab.topology.ownership import change_ownership, owners_tree, ownership
from k8slab.topology.placement import Graph, change_placement, node_order, object_id, placement, pods_of
from k8slab.topology.queries import Blast, blast_radius, orphans, request_path, single_points, unreachable_services
from k8slab.topology.reach import change_reachability, reach_differences, reachability
from k8slab.topology.relations import Schema, build, change_graph
from k8slab.topology.select import Choice, select
from k8slab.topology.status import POD_CLASSES, PodClass, node_status, pod_class, pod_status
from k8slab.topology.text import PLACEMENT_COLUMNS, placement_rows, placement_summary, placement_tree
from k8slab.topology.words import Words, Workload, words_of, workload_of

__all__ = [
    "PLACEMENT_COLUMNS",
    "POD_CLASSES",
    "SCHEMAS",
    "TOPOLOGIES",
    "Blast",
    "Choice",
    "Graph",
    "PodClass",
    "Schema",
    "Topology",
    "Words",
    "Workload",
    "access",
    "blast_radius",
    "build",
    "change_graph",
    "change_ownership",
    "change_placement",
    "change_reachability",
    "collapse",
    "configuration",
    "control_plane",
    "control_plane_text",
    "node_order",
    "node_status",
    "object_id",
    "orphans",
    "owners_tree",
    "ownership",
    "placement",
    "placement_rows",
    "placement_summary",
    "placement_tree",
    "pod_class",
    "pod_status",
    "pods_of",
    "reach_differences",
    "reachability",
    "request_path",
    "select",
    "single_points",
    "storage",
    "to_dot",
    "to_graphml",
    "to_html",
    "to_json",
    "traffic",
    "unreachable_services",
    "words_of",
    "workload_of",
    "zones",
]

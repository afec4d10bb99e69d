"""What a notebook shows: live graphs and tables of a cluster, still pictures of them, offline pages.

Pipeline: mirrors (client) → graph (topology) → scene (plain data, positions fixed) → browser, SVG or pyvis page.
"""

from k8slab.views.export import to_html
from k8slab.views.graphs import ControlPlaneView, OwnershipView, PlacementView
from k8slab.views.lists import EventsView, PodsView
from k8slab.views.picture import svg
from k8slab.views.scheduling import SchedulingView
from k8slab.views.topology import TopologyView

__all__ = [
    "ControlPlaneView",
    "EventsView",
    "OwnershipView",
    "PlacementView",
    "PodsView",
    "SchedulingView",
    "TopologyView",
    "svg",
    "to_html",
]

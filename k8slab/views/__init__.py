"""What a notebook shows: live graphs, tables and panels of a cluster, still pictures of them, offline pages.

Pipeline: mirrors (client) → graph or numbers (topology) → scene (plain data, positions fixed) → browser, SVG or pyvis page.
All views of a cluster share one watch per kind and one recorded history; `TimelineView` moves them all to the past.
"""

from k8slab.views.access import AccessView
from k8slab.views.autoscaling import AutoscalingView
from k8slab.views.clock import ClockView
from k8slab.views.diff import DiffView
from k8slab.views.export import to_html
from k8slab.views.faults import FaultsView
from k8slab.views.filling import FillingView
from k8slab.views.graphs import ControlPlaneView, OwnershipView, PlacementView
from k8slab.views.lists import EventsView, PodsView
from k8slab.views.logs import LogsView
from k8slab.views.matrix import MatrixView
from k8slab.views.packet import PacketPathView
from k8slab.views.picture import svg
from k8slab.views.rollout import RolloutView
from k8slab.views.scheduling import SchedulingView
from k8slab.views.timeline import TimelineView
from k8slab.views.topology import TopologyView

__all__ = [
    "AccessView",
    "AutoscalingView",
    "ClockView",
    "ControlPlaneView",
    "DiffView",
    "EventsView",
    "FaultsView",
    "FillingView",
    "LogsView",
    "MatrixView",
    "OwnershipView",
    "PacketPathView",
    "PlacementView",
    "PodsView",
    "RolloutView",
    "SchedulingView",
    "TimelineView",
    "TopologyView",
    "svg",
    "to_html",
]

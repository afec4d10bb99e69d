"""Metrics APIs: what nodes and pods use (metrics-server), and what applications say of themselves (`adapter`)."""

from k8slab.sim.addons.metrics.adapter import CUSTOM, EXTERNAL, MetricsAdapter, custom_resources, external_resources
from k8slab.sim.addons.metrics.server import GROUP, GROUP_PRIORITY, RESOURCES, MetricsServer, install_metrics

__all__ = [
    "CUSTOM",
    "EXTERNAL",
    "GROUP",
    "GROUP_PRIORITY",
    "RESOURCES",
    "MetricsAdapter",
    "MetricsServer",
    "custom_resources",
    "external_resources",
    "install_metrics",
]

"""The metrics API: what nodes and pods use, measured every 15 s (real component: metrics-server)."""

from k8slab.sim.addons.metrics.server import GROUP, GROUP_PRIORITY, RESOURCES, MetricsServer, install_metrics

__all__ = ["GROUP", "GROUP_PRIORITY", "RESOURCES", "MetricsServer", "install_metrics"]

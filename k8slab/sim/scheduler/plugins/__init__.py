"""The default plugins, one small class per file, under upstream's names.

Upstream: pkg/scheduler/framework/plugins. The extension points are documented once, in `k8slab.sim.scheduler.interface`.
"""

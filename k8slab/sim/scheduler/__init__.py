"""The scheduler of the embedded cluster, and its reasoning for any cluster.

Upstream: kube-scheduler. `Scheduler` is the component; `simulate` runs one cycle on plain objects; `TraceLog` keeps what
each cycle saw.
"""

from k8slab.sim.scheduler.profile import Configuration
from k8slab.sim.scheduler.scheduler import Scheduler
from k8slab.sim.scheduler.simulate import simulate
from k8slab.sim.scheduler.trace import TraceLog, verdicts

__all__ = ["Configuration", "Scheduler", "TraceLog", "simulate", "verdicts"]

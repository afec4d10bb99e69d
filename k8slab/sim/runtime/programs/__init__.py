"""The commands of simulated containers, by name."""

from k8slab.sim.runtime.process import Program

__all__ = ["PROGRAMS"]

PROGRAMS: dict[str, Program] = {}

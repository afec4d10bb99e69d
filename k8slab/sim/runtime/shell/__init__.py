"""The shell of simulated containers: parse (tree-sitter's bash grammar), expand, run; a POSIX-like subset."""

from k8slab.sim.runtime.shell.interpreter import Shell

__all__ = ["Shell"]

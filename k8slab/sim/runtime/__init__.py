"""Simulated containers: images as data, files, processes, a small shell; what containerd and runc are on a real node.

Nothing here ever runs code, opens a file or a socket of the host on behalf of a pod. See `images` (the catalogue),
`container` (one run), `server` (nginx and the like), `shell` and `programs` (everything else).
"""

from k8slab.sim.runtime.container import Container, ContainerConfig, ExecError, Mount, StartError
from k8slab.sim.runtime.runtime import NodeRuntime, Runtime

__all__ = ["Container", "ContainerConfig", "ExecError", "Mount", "NodeRuntime", "Runtime", "StartError"]

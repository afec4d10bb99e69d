"""The commands of simulated containers, by name: as much of BusyBox, coreutils, curl and so on as lessons and scripts need.

Each is a coroutine function over a `Process`. An option that is not simulated is refused, never ignored in silence.
"""

from k8slab.sim.runtime.process import Program
from k8slab.sim.runtime.programs import (
    agnhost,
    archive,
    basic,
    diagnosis,
    disk,
    editing,
    files,
    http,
    identity,
    kernel,
    mounttest,
    names,
    network,
    shells,
    system,
    text,
    values,
)

__all__ = ["PROGRAMS"]

PROGRAMS: dict[str, Program] = {}
_MODULES = (
    agnhost, archive, basic, diagnosis, disk, editing, files, http, identity, kernel, mounttest, names, network, shells, system,
    text, values,
)  # fmt: skip
for _module in _MODULES:
    PROGRAMS |= _module.COMMANDS

"""How each component is stopped for a while, and started again; what a component needs to catch up it lists when it starts.

With the API server, all that lives on it falls silent: scheduler and controllers cannot renew their leases, add-ons are
stopped, kubelets are cut off.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from k8slab.sim.faults.world import World

__all__ = ["ApiServerSwitch", "switch"]

_API = "component/kube-apiserver"
_CLIENTS = ("kube-scheduler/api", "kube-controller-manager/api", "metrics-server", "addons")


class _Component(Protocol):
    def start(self) -> object: ...
    def stop(self) -> object: ...


def switch(*components: _Component) -> Callable[[bool], None]:
    """Return what stops components (True) and starts them again (False)."""

    def turn(down: bool) -> None:
        for component in components:
            (component.stop if down else component.start)()

    return turn


class ApiServerSwitch:
    """Takes the API server away from everybody, and gives it back.

    Parameters
    ----------
    world
        Whose components depend on it.
    nodes
        Names of the nodes.
    """

    def __init__(self, world: World, nodes: Iterable[str]) -> None:
        self._world, self._nodes = world, tuple(nodes)
        self.doors: list[Callable[[bool], object]] = []  #: told True when clients are to be turned away, False when let in

    def __call__(self, down: bool) -> None:
        """Stop or start."""
        for door in self.doors:
            door(down)
        if not down:
            self._world.release(_API)
            return
        for name in _CLIENTS:
            self._world.hold(_API, "component", name)
        for node in self._nodes:
            self._world.hold(_API, "cut", node)

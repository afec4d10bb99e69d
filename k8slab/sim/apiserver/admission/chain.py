"""The admission chain: every plugin that a request concerns, in upstream's order.

Upstream: k8s.io/apiserver/pkg/admission (chain.go) and pkg/kubeapiserver/options/plugins.go (the order).
"""

from collections.abc import Callable, Sequence

from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin

__all__ = ["Chain"]

_Step = Callable[[AdmissionRequest], None]


class Chain:
    """Runs plugins.

    Parameters
    ----------
    plugins
        In the order of their turns.
    """

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._plugins = tuple(plugins)
        self._routes: dict[tuple[str, str, str], tuple[tuple[_Step, ...], tuple[_Step, ...]]] = {}

    def mutate(self, request: AdmissionRequest) -> list[str]:
        """Let the plugins complete ``request.object`` in place; return warnings for the client."""
        for admit in self._route(request)[0]:
            admit(request)
        return request.warnings

    def validate(self, request: AdmissionRequest) -> list[str]:
        """Let the plugins refuse; return the warnings that this added."""
        before = len(request.warnings)
        for validate in self._route(request)[1]:
            validate(request)
        return request.warnings[before:]

    def _route(self, request: AdmissionRequest) -> tuple[tuple[_Step, ...], tuple[_Step, ...]]:
        key = (request.resource.full_name, request.subresource, request.operation)
        route = self._routes.get(key)
        if route is None:
            concerned = [plugin for plugin in self._plugins if plugin.handles(*key)]
            admits = tuple(p.admit for p in concerned if type(p).admit is not Plugin.admit)
            validates = tuple(p.validate for p in concerned if type(p).validate is not Plugin.validate)
            route = self._routes[key] = (admits, validates)
        return route

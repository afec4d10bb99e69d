"""Who may talk to whom, as a matrix: pods × pods, or apps × apps, each cell with the policy that decides.

Judged by the function that the embedded cluster's network runs (`k8slab.sim.network.policy`), from declared NetworkPolicies of
any cluster. Pods that policies cannot tell apart (same namespace, labels, network and ports) are judged once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k8slab.apimachinery.types import Object, controller_of, key_of, labels, namespace_of
from k8slab.sim.network.policy import Verdict, judge
from k8slab.topology.reach import own_port, peer_of

__all__ = ["Cell", "Matrix", "app_of", "matrix"]


@dataclass(frozen=True)
class Cell:
    """One pair: ``allowed`` is None if some of its pods may and some may not."""

    allowed: bool | None
    port: int
    verdicts: tuple[Verdict, ...]
    exceptions: tuple[str, ...] = ()

    @property
    def policy(self) -> str:
        """The policy that decides, "" if none applies."""
        return next((v.policy for v in reversed(self.verdicts) if v.policy), "")


@dataclass(frozen=True)
class Matrix:
    """Names of sources and targets in order, and the cells by (source, target)."""

    names: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]


def app_of(pod: Object) -> str:
    """Return what a pod belongs to: its app label, else its controller, else itself, with its namespace.

    >>> app_of({"metadata": {"name": "web-1", "namespace": "chat", "labels": {"app": "web"}}})
    'chat/web'
    """
    known = labels(pod)
    owner = controller_of(pod)
    own = owner["name"] if owner else pod["metadata"]["name"]
    return f"{namespace_of(pod)}/{known.get('app.kubernetes.io/name') or known.get('app') or own}"


def matrix(
    pods: Iterable[Object], policies: Sequence[Object], namespaces: Sequence[Object] = (), services: Sequence[Object] = (), *,
    by_app: bool = True, port: int = 0,
) -> Matrix:  # fmt: skip
    """Return the matrix; ``port`` 0 asks for each target's own port: a Service's target, else the first it declares, else 80.

    >>> pod = {"metadata": {"name": "a", "namespace": "x"}, "spec": {"containers": []}}
    >>> matrix([pod], []).cells["x/a", "x/a"].allowed
    True
    """
    groups: dict[str, dict[str, list[Object]]] = {}
    for pod in sorted((p for p in pods if _alive(p)), key=key_of):
        alike = groups.setdefault(app_of(pod) if by_app else key_of(pod), {})
        alike.setdefault(_signature(pod), []).append(pod)
    names = tuple(sorted(groups))
    cells = {(a, b): _cell(groups[a], groups[b], policies, namespaces, services, port) for a in names for b in names}
    return Matrix(names, cells)


def _alive(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def _signature(pod: Object) -> str:
    spec = pod.get("spec") or {}
    ports = [(p.get("name"), p.get("containerPort"), p.get("protocol")) for c in spec.get("containers") or ()
             for p in c.get("ports") or ()]  # fmt: skip
    return repr((namespace_of(pod), sorted(labels(pod).items()), bool(spec.get("hostNetwork")), ports))


def _cell(
    sources: dict[str, list[Object]], targets: dict[str, list[Object]], policies: Sequence[Object], namespaces: Sequence[Object],
    services: Sequence[Object], port: int,
) -> Cell:  # fmt: skip
    found: list[tuple[Object, Object, int, list[Verdict]]] = []
    for a in sources.values():
        for b in targets.values():
            one, other = a[0], b[-1]  # two pods of an app rather than a pod and itself
            wanted = port or _own_port(other, services)
            found.append((one, other, wanted, judge(policies, peer_of(one, namespaces), peer_of(other, namespaces), wanted)))
    verdicts = {f[3][-1].allowed for f in found}
    shown = next((f for f in found if not f[3][-1].allowed), found[0])
    odd = tuple(f"{key_of(a)} → {key_of(b)}: {v[-1].text}" for a, b, _, v in found) if len(verdicts) > 1 else ()
    return Cell(verdicts.pop() if len(verdicts) == 1 else None, shown[2], tuple(shown[3]), odd)


def _own_port(pod: Object, services: Sequence[Object]) -> int:
    declared = [p for c in (pod.get("spec") or {}).get("containers") or () for p in c.get("ports") or ()]
    for service in services:
        spec = service.get("spec") or {}
        selector, ports = spec.get("selector") or {}, spec.get("ports") or ()
        if not selector or not ports or namespace_of(service) != namespace_of(pod) or not selector.items() <= labels(pod).items():
            continue
        wanted = ports[0].get("targetPort") or ports[0]["port"]
        number = wanted if isinstance(wanted, int) else next((p["containerPort"] for p in declared if p.get("name") == wanted), 0)
        if number:
            return int(number)
    return own_port(pod)

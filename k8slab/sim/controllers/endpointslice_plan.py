"""How the endpoints of a Service are packed into slices: few writes first, full slices second.

Upstream: k8s.io/endpointslice (reconciler.go, utils.go). Pure. Existing slices keep the endpoints they have; what is new
fills the slices that must be written anyway, then the fullest one that has room, then new slices of at most
`MAXIMUM` endpoints.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from k8slab.apimachinery.types import Object, labels
from k8slab.sim.controllers import pods
from k8slab.sim.controllers.service_endpoints import HEADLESS, address_of, is_headless, ports_of, wanted_pods

__all__ = ["MANAGED_BY", "MAXIMUM", "SERVICE_NAME", "Change", "Ports", "desired_endpoints", "plan", "slice_labels"]

MAXIMUM = 100  #: endpoints in one slice
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"

Ports = tuple[tuple[str, int, str, str], ...]


class Change(NamedTuple):
    """What to do with one slice: update (``slice`` is the present one), create (None), or delete (no endpoints)."""

    slice: Object | None
    ports: Ports
    endpoints: list[Object] | None


def slice_labels(service: Object, controller: str) -> dict[str, str]:
    """Return the labels of a Service's slices: those of the Service and three of the controller."""
    kept = {k: v for k, v in labels(service).items() if k not in (SERVICE_NAME, MANAGED_BY, HEADLESS)}
    headless = {HEADLESS: ""} if is_headless(service) else {}
    return {**kept, MANAGED_BY: controller, SERVICE_NAME: service["metadata"]["name"], **headless}


def desired_endpoints(
    service: Object, candidates: Sequence[Object], zones: dict[str, str], family: str
) -> dict[Ports, dict[str, Object]]:
    """Return the endpoints that should be, by their ports and then by pod uid.

    Parameters
    ----------
    service, candidates
        The Service and the pods it selects.
    zones
        Zone of each node.
    family
        "IPv4" or "IPv6".
    """
    result: dict[Ports, dict[str, Object]] = {}
    for pod in wanted_pods(candidates, terminating=True):
        address = address_of(pod, family)
        if address:
            result.setdefault(ports_of(service, pod), {})[pod["metadata"]["uid"]] = _endpoint(service, pod, address, zones)
    return result


def _endpoint(service: Object, pod: Object, address: str, zones: dict[str, str]) -> Object:
    meta, spec = pod["metadata"], pod["spec"]
    serving, terminating = pods.is_ready(pod), pods.is_terminating(pod)
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
    node = spec.get("nodeName", "")
    endpoint: Object = {
        "addresses": [address],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
    }
    if node:
        endpoint["nodeName"] = node
    if zones.get(node):
        endpoint["zone"] = zones[node]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        endpoint["hostname"] = spec["hostname"]
    hints = _hints(service["spec"].get("trafficDistribution"), node, zones.get(node, ""))
    return {**endpoint, "hints": hints} if hints else endpoint


def _hints(distribution: str | None, node: str, zone: str) -> Object:
    hints: Object = {"forZones": [{"name": zone}]} if distribution and zone else {}
    return {**hints, "forNodes": [{"name": node}]} if distribution == "PreferSameNode" and node else hints


@dataclass
class _Draft:
    """A slice on its way to what it should be."""

    slice: Object | None
    endpoints: list[Object] = field(default_factory=list)
    changed: bool = False

    @property
    def room(self) -> int:
        return MAXIMUM - len(self.endpoints)


def plan(desired: dict[Ports, dict[str, Object]], existing: Sequence[Object]) -> list[Change]:
    """Return the changes that turn the existing slices of one address family into the desired endpoints."""
    by_ports: dict[Ports, list[Object]] = {}
    for endpoint_slice in existing:
        by_ports.setdefault(_ports_in(endpoint_slice), []).append(endpoint_slice)
    changes: list[Change] = []
    for ports in sorted({*desired, *by_ports}):
        changes += _plan_group(ports, desired.get(ports, {}), by_ports.get(ports, []))
    return _merged(changes, existing)


def _ports_in(endpoint_slice: Object) -> Ports:
    ports = endpoint_slice.get("ports") or ()
    return tuple((p.get("name", ""), p.get("port", 0), p.get("protocol", "TCP"), p.get("appProtocol", "")) for p in ports)


def _plan_group(ports: Ports, desired: dict[str, Object], existing: Sequence[Object]) -> list[Change]:
    missing = dict(desired)
    drafts = [_keep(endpoint_slice, missing) for endpoint_slice in existing]
    added = list(missing.values())
    for draft in sorted((d for d in drafts if d.changed and d.endpoints), key=lambda d: d.room):
        _fill(draft, added)
    if added:
        rest = len(added) % MAXIMUM
        fitting = [d for d in drafts if not d.changed and rest and d.room >= rest]
        if fitting:
            _fill(min(fitting, key=lambda d: d.room), added, rest)
    while added:
        drafts.append(draft := _Draft(None))
        _fill(draft, added)
    return [Change(d.slice, ports, d.endpoints or None) for d in drafts if d.changed]


def _keep(endpoint_slice: Object, missing: dict[str, Object]) -> _Draft:
    """Take over what is still wanted, as it should be now, and strike it off the list of what is missing."""
    draft = _Draft(endpoint_slice, changed=not endpoint_slice.get("endpoints"))
    for endpoint in endpoint_slice.get("endpoints") or ():
        wanted = missing.pop((endpoint.get("targetRef") or {}).get("uid", ""), None)
        if wanted is not None:
            draft.endpoints.append(wanted)
        draft.changed = draft.changed or wanted != endpoint
    return draft


def _fill(draft: _Draft, added: list[Object], count: int = MAXIMUM) -> None:
    count = min(draft.room, count)
    if added and count:
        draft.endpoints += added[:count]
        del added[:count]
        draft.changed = True


def _merged(changes: list[Change], existing: Sequence[Object]) -> list[Change]:
    """Reuse doomed slices for new ones; a Service without endpoints keeps one empty slice."""
    doomed = [c.slice for c in changes if c.slice is not None and c.endpoints is None]
    created = [c for c in changes if c.slice is None]
    result = [c for c in changes if c.slice is not None and c.endpoints is not None]
    if len(doomed) == len(existing) and not created:
        created = [Change(None, (), [])]
    for change in created:
        result.append(change._replace(slice=doomed.pop(0)) if doomed else change)
    result += [Change(endpoint_slice, (), None) for endpoint_slice in doomed]
    return [c for c in result if c.slice is None or c.endpoints != [] or c.slice.get("endpoints") or c.slice.get("ports")]

"""What the API serves right now: the built-in kinds, and those that custom resources and aggregated APIs bring and take away.

Real component: the tables that kube-apiserver's discovery and kube-aggregator keep, and the RESTMapper that clients build
from them. Discovery, OpenAPI, the request router and the loopback client look kinds up here.

Upstream: pkg/controlplane/apiserver/aggregator.go (priorities), k8s.io/kube-aggregator (order of groups),
k8s.io/apimachinery/pkg/util/version (order of versions). Simplified: priorities are set here, not read from APIService objects.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8slab.sim.apiserver.resources import RESOURCES, Resource

__all__ = ["ApiGroup", "Scheme", "version_rank"]

#: Priority of each built-in group among groups; equal ones go by name. A custom resource's group has 1000.
_GROUP_PRIORITY = {
    "apiregistration.k8s.io": 20000, "": 18000, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600, "autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200,
    "policy": 17100, "rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700, "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500, "node.k8s.io": 16300,
    "discovery.k8s.io": 16200, "flowcontrol.apiserver.k8s.io": 16100, "resource.k8s.io": 15900, "storagemigration.k8s.io": 15800,
}  # fmt: skip
_DEFAULT_GROUP_PRIORITY = 1000
_KUBE_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STABILITY = {"alpha": 0, "beta": 1, None: 2}


@dataclass(frozen=True, slots=True)
class ApiGroup:
    """A group with its versions, the preferred one first."""

    name: str
    versions: tuple[str, ...]

    @property
    def preferred(self) -> str:
        """The version that clients take if they do not ask for one."""
        return self.versions[0]


def version_rank(version: str) -> tuple[int, int, int]:
    """Return a key that sorts versions ascending by stability, then by number (upstream: CompareKubeAwareVersionStrings).

    >>> sorted(["v1beta1", "v2", "v1", "v1alpha1", "v1beta2"], key=version_rank)
    ['v1alpha1', 'v1beta1', 'v1beta2', 'v1', 'v2']
    """
    match = _KUBE_VERSION.fullmatch(version)
    if not match:
        return (-1, 0, 0)
    major, stability, minor = match.groups()
    return (_STABILITY[stability], int(major), int(minor or 0))


class Scheme:
    """The resources that are served, found by path, by full name or by kind.

    >>> scheme = Scheme()
    >>> scheme.by_name("deployments.apps").kind, scheme.by_name("horizontalpodautoscalers.autoscaling").version
    ('Deployment', 'v2')
    >>> [group.name for group in scheme.groups()][:4]
    ['', 'apiregistration.k8s.io', 'apps', 'events.k8s.io']
    """

    def __init__(self, resources: Iterable[Resource] = RESOURCES) -> None:
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str, str], Resource] = {}
        self._by_name: dict[str, Resource] = {}
        self._priority = dict(_GROUP_PRIORITY)
        self._groups: tuple[ApiGroup, ...] | None = None
        #: Raised with each change; what is built from the scheme (discovery, OpenAPI) is stale when it differs.
        self.generation = 0
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serve a resource; one with the same group, version and plural is replaced."""
        self.remove(resource.group, resource.version, resource.plural)
        self._by_path[resource.group, resource.version, resource.plural] = resource
        self._by_kind[resource.group, resource.version, resource.kind] = resource
        self._changed(resource.full_name)

    def remove(self, group: str, version: str, plural: str) -> None:
        """Serve it no longer; not served: no effect."""
        old = self._by_path.pop((group, version, plural), None)
        if old is not None:
            self._by_kind.pop((old.group, old.version, old.kind), None)
            self._changed(old.full_name)

    def set_group_priority(self, group: str, priority: int) -> None:
        """Place a group that came at run time among the others (upstream: APIService.spec.groupPriorityMinimum)."""
        self._priority[group] = priority
        self._groups = None
        self.generation += 1

    def get(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the resource that a path names, None if it is not served."""
        return self._by_path.get((group, version, plural))

    def by_name(self, full_name: str) -> Resource | None:
        """Return the resource that "deployments.apps" names, in the group's preferred version that has it."""
        return self._by_name.get(full_name)

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """Return the resource of an object's apiVersion and kind, None if it is not served.

        >>> Scheme().by_kind("apps/v1", "Deployment").plural
        'deployments'
        """
        group, _, version = api_version.rpartition("/")
        return self._by_kind.get((group, version, kind))

    def stored(self, resource: Resource) -> Resource:
        """Return the resource in whose version the store keeps the objects of this one: events.k8s.io/v1 events as v1 events."""
        if resource.stored_as == resource.api_version:
            return resource
        return self.by_kind(resource.stored_as, resource.kind) or resource

    def groups(self) -> tuple[ApiGroup, ...]:
        """Return the groups, the core group first, then in the order of ``/apis``."""
        if self._groups is None:
            versions: dict[str, set[str]] = {}
            for group, version, _ in self._by_path:
                versions.setdefault(group, set()).add(version)
            order = sorted(versions, key=lambda group: (group != "", -self.group_priority(group), group))
            self._groups = tuple(ApiGroup(g, tuple(sorted(versions[g], key=version_rank, reverse=True))) for g in order)
        return self._groups

    def group_priority(self, group: str) -> int:
        """Return the group's priority among groups (upstream: APIService.spec.groupPriorityMinimum)."""
        return self._priority.get(group, _DEFAULT_GROUP_PRIORITY)

    def in_version(self, group: str, version: str) -> list[Resource]:
        """Return the resources of a group and version by plural."""
        return sorted((r for r in self._by_path.values() if r.group == group and r.version == version), key=lambda r: r.plural)

    def __iter__(self) -> Iterator[Resource]:
        return iter(tuple(self._by_path.values()))

    def __len__(self) -> int:
        return len(self._by_path)

    def _changed(self, full_name: str) -> None:
        candidates = [resource for resource in self._by_path.values() if resource.full_name == full_name]
        if candidates:
            self._by_name[full_name] = max(candidates, key=lambda resource: version_rank(resource.version))
        else:
            self._by_name.pop(full_name, None)
        self._groups = None
        self.generation += 1

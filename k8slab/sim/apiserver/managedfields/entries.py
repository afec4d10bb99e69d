"""The entries of ``metadata.managedFields``: who they belong to, in which order they stand, how many there may be.

Upstream: k8s.io/apimachinery/pkg/util/managedfields/internal (managedfields.go, buildmanagerinfo.go, capmanagers.go).
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.managedfields.fieldset import FieldSet, union

__all__ = ["Entries", "Manager", "Owned", "cap", "read", "written"]

MAX_UPDATE_MANAGERS = 10


class Manager(NamedTuple):
    """Whose fields an entry lists; an applier is the same in every version of the API."""

    name: str
    operation: str
    api_version: str
    subresource: str


class Owned(NamedTuple):
    """What an entry says: its fields, since when, and in which version's terms."""

    fields: FieldSet
    time: str
    api_version: str


Entries = dict[Manager, Owned]


def identity(name: str, operation: str, api_version: str, subresource: str) -> Manager:
    """Return the key under which a manager's fields are kept."""
    return Manager(name or "unknown", operation, "" if operation == "Apply" else api_version, subresource)


def read(managed: Iterable[Object]) -> Entries | None:
    """Return the entries by manager, None if one of them is not a proper entry."""
    entries: Entries = {}
    for entry in managed:
        fields, operation = entry.get("fieldsV1"), entry.get("operation", "")
        if operation not in ("Apply", "Update") or not isinstance(fields or {}, dict):
            return None
        manager = Manager(
            entry.get("manager", ""),
            operation,
            "" if operation == "Apply" else entry.get("apiVersion", ""),
            entry.get("subresource", ""),
        )
        entries[manager] = Owned(fields or {}, entry.get("time", ""), entry.get("apiVersion", ""))
    return entries


def written(entries: Entries) -> list[Object]:
    """Return the entries as the object holds them: appliers first, then by time, name and version."""
    if len(entries) == 1:
        return [_entry(*item) for item in entries.items()]
    order = sorted(entries.items(), key=lambda e: (e[0].operation, e[1].time, e[0].name, e[1].api_version, e[0].subresource))
    return [_entry(*item) for item in order]


def _entry(manager: Manager, owned: Owned) -> Object:
    entry: Object = {"manager": manager.name, "operation": manager.operation, "apiVersion": owned.api_version}
    if owned.time:
        entry["time"] = owned.time
    entry |= {"fieldsType": "FieldsV1", "fieldsV1": owned.fields}
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def cap(entries: Entries) -> Entries:
    """Merge the oldest updaters of a version into one, "ancient-changes", while there are more than ten."""
    updaters = sorted((m for m in entries if m.operation == "Update"), key=lambda m: (entries[m].time, m))
    excess = len(updaters) - MAX_UPDATE_MANAGERS
    if excess <= 0:
        return entries
    kept = dict(entries)
    first: dict[str, Manager] = {}
    for manager in updaters:
        if excess <= 0:
            break
        version = manager.api_version
        if version not in first:
            first[version] = manager
            continue
        bucket = Manager("ancient-changes", "Update", version, "")
        if bucket not in kept:
            kept[bucket] = kept.pop(first[version])
        if manager != bucket:
            merged = kept.pop(manager)
            kept[bucket] = Owned(union(merged.fields, kept[bucket].fields), merged.time, version)
            excess -= 1
    return kept


@lru_cache(maxsize=256)
def _stamp(second: int) -> str:
    return rfc3339(second)


def stamp(now: float) -> str:
    """Return the time of an entry."""
    return _stamp(int(now))

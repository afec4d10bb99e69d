"""Who owns what after a create, update or patch that is not an apply.

Upstream: k8s.io/apimachinery/pkg/util/managedfields/internal (fieldmanager.go, managedfieldsupdater.go, skipnonapplied.go,
stripmeta.go) over structured-merge-diff's ``Updater.Update``. Runs on every write, so it looks only at what differs.

Simplified: fields are not converted between versions of a kind; their names are taken to be the same in each.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.managedfields.compare import changes
from k8slab.sim.apiserver.managedfields.entries import Entries, Manager, Owned, cap, identity, read, stamp, written
from k8slab.sim.apiserver.managedfields.fieldset import FieldSet, difference, shared, union
from k8slab.sim.apiserver.schema import TypeSchema

__all__ = ["ignored_fields", "track_update"]

_IGNORED = {"": frozenset({"status"}), "status": frozenset({"spec"})}


def ignored_fields(subresource: str) -> frozenset[str]:
    """Return the fields that a write through this path resets (upstream: ``GetResetFields``): nobody comes to own them."""
    return _IGNORED.get(subresource, frozenset())


def track_update(
    live: Object | None,
    new: Object,
    manager: str,
    operation_time: float,
    schema: TypeSchema,
    api_version: str,
    subresource: str = "",
) -> list[Object]:
    """Return the managedFields of an object that a manager creates (live is None) or changes.

    The list is the live object's own, unchanged, if no owned field differs. ``managedFields: [{}]`` in the new object
    drops them all; after that they are tracked again from the next apply on.
    """
    managed = _starting_point(live, new, subresource)
    entries = read(managed)
    if live is not None and not entries:
        return []
    assert entries is not None
    changed, removed = changes(live, new, schema, ignored_fields(subresource))
    if not changed and not removed:
        return managed
    me = identity(manager, "Update", api_version, subresource)
    for other, owned in list(entries.items()):
        lose(entries, other, owned, removed if other == me else changed, removed)
    if changed:
        mine = union(entries[me].fields, changed) if me in entries else changed
        entries[me] = Owned(shared(mine), stamp(operation_time), api_version)
    return written(cap(entries))


def lose(entries: Entries, manager: Manager, owned: Owned, changed: FieldSet, removed: FieldSet) -> None:
    """Take from a manager what someone else changed or what is gone; without fields it is gone too."""
    fields = owned.fields
    for gone in (changed, removed):
        fields = difference(fields, gone)
    if fields is owned.fields:
        return
    if fields:
        entries[manager] = owned._replace(fields=fields)
    else:
        del entries[manager]


def _starting_point(live: Object | None, new: Object, subresource: str) -> list[Object]:
    """The entries to go on from: those in the request if they are proper, else the live object's."""
    of_live: list[Object] = (live or {}).get("metadata", {}).get("managedFields") or []
    if subresource:
        return of_live
    given: list[Object] = new["metadata"].get("managedFields") or []
    if given == [{}]:
        return []
    return given if given and (given is of_live or read(given)) else of_live

"""Server-side apply: a manager declares the fields it wants, keeps what it still names and gives up the rest.

Upstream: structured-merge-diff's ``Updater.Apply`` (merge/update.go), fieldmanager.go, structuredmerge.go,
conflict.go, lastappliedmanager.go and lastappliedupdater.go in k8s.io/apimachinery/pkg/util/managedfields/internal.

Simplified: every manager's fields are read in the version of the request. The move from ``kubectl-client-side-apply``
to ``kubectl`` is a patch that kubectl itself sends; here is only the leave that upstream gives it (fields of the
last-applied annotation are no conflicts for the manager "kubectl").
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.decode import check
from k8slab.sim.apiserver.errors import StatusError, bad_request
from k8slab.sim.apiserver.managedfields.compare import changes
from k8slab.sim.apiserver.managedfields.entries import Entries, Manager, Owned, identity, read, stamp, written
from k8slab.sim.apiserver.managedfields.extract import field_set
from k8slab.sim.apiserver.managedfields.fieldset import FieldSet, Path, difference, intersection, path_text, paths, union
from k8slab.sim.apiserver.managedfields.merge import merge, remove, with_parents
from k8slab.sim.apiserver.managedfields.typecheck import type_errors
from k8slab.sim.apiserver.managedfields.update import ignored_fields, lose
from k8slab.sim.apiserver.schema import TypeSchema

__all__ = ["apply"]

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_ANNOTATIONS_LIMIT = 256 * 1024


def apply(
    live: Object | None,
    config: Object,
    manager: str,
    force: bool,
    schema: TypeSchema,
    api_version: str,
    now: float,
    subresource: str = "",
) -> Object:
    """Return the object after an apply, with its managedFields; the live object itself if the apply changes nothing.

    Raises
    ------
    StatusError
        409 with a cause per field that others own with another value (unless forced), 400 for another version than the
        request's, 500 (as upstream) for a configuration that does not fit the schema.
    """
    kind = _checked_kind(config, live, schema, api_version)
    problems = list(type_errors(config, schema))
    if problems:
        raise _untypable(config, api_version, kind, problems)
    before: Object = live or {"apiVersion": api_version, "kind": kind, "metadata": {}}
    me = identity(manager, "Apply", api_version, subresource)
    ignored = ignored_fields(subresource)
    entries = _entries(live, schema, api_version, now, ignored)
    merged, changed, removed = _merged(before, config, entries, me, schema, ignored)
    conflicts = _conflicts(entries, me, changed)
    if conflicts and not force:
        unexcused = _unexcused(conflicts, manager, live, schema)
        if unexcused:
            raise _conflict_error(unexcused)
    for other, owned in list(entries.items()):
        if other != me:
            lose(entries, other, owned, changed, removed)
    result, _ = check(merged, schema, api_version, kind)
    if manager == "kubectl":
        _refresh_last_applied(result, config)
    return _outcome(live, result, entries, me, stamp(now))


def _checked_kind(config: Object, live: Object | None, schema: TypeSchema, api_version: str) -> str:
    version, kind = config.get("apiVersion", ""), config.get("kind", "")
    expected = live["kind"] if live else kind if schema.lenient else schema.go.rpartition(".")[2]
    if not isinstance(kind, str) or not kind or kind != expected:
        raise bad_request(f"invalid object type: {version}, Kind={kind}, expected: {api_version}, Kind={expected}")
    if version != api_version:
        raise bad_request(
            f"Incorrect version specified in apply patch. Specified patch version: {version}, expected: {api_version}"
        )
    meta = config.get("metadata")
    if isinstance(meta, dict) and meta.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    return str(kind)


def _untypable(config: Object, api_version: str, kind: str, problems: list[str]) -> StatusError:
    meta = config.get("metadata")
    name, namespace = (meta.get("name", ""), meta.get("namespace", "")) if isinstance(meta, dict) else ("", "")
    subject = f"{namespace}/{name}; {api_version if '/' in api_version else '/' + api_version}, Kind={kind}"
    text = problems[0] if len(problems) == 1 else "errors:\n" + "\n".join(f"  {p}" for p in problems)
    return StatusError(500, "", f"failed to create typed patch object ({subject}): {text}")


def _entries(live: Object | None, schema: TypeSchema, api_version: str, now: float, ignored: frozenset[str]) -> Entries:
    """Who owns the live object; what is there without an owner belongs to "before-first-apply"."""
    if live is None:
        return {}
    entries = read(live["metadata"].get("managedFields") or [])
    if entries:
        return entries
    changed, _ = changes(None, live, schema, ignored)
    return {identity("before-first-apply", "Update", api_version, ""): Owned(changed, stamp(now), api_version)} if changed else {}


def _merged(
    before: Object, config: Object, entries: Entries, me: Manager, schema: TypeSchema, ignored: frozenset[str]
) -> tuple[Object, FieldSet, FieldSet]:
    """Merge, note my fields in the entries, prune what I no longer name; return the object and what differs."""
    fields = {k: v for k, v in field_set(config, schema).items() if k[2:] not in ignored}
    last = entries.get(me)
    entries[me] = Owned(fields, last.time if last else "", config["apiVersion"])
    merged = merge(before, config, schema)
    if last is not None and last.fields:
        merged = _pruned(merged, last.fields, entries, schema)
    changed, removed = changes(before, merged, schema, ignored)
    return merged, changed, removed


def _pruned(merged: Object, last: FieldSet, entries: Entries, schema: TypeSchema) -> Object:
    """Take out what I owned, put back what anybody owns now, and what nobody said should go (upstream: ``prune``)."""
    mine = with_parents(last, schema)
    everything = with_parents(field_set(merged, schema), schema)
    pruned = remove(merged, mine, schema)
    owned: FieldSet = {}
    for entry in entries.values():
        owned = union(owned, entry.fields)
    keep = union(with_parents(field_set(pruned, schema), schema), with_parents(owned, schema))
    pruned = remove(merged, difference(everything, keep), schema)
    left = with_parents(field_set(pruned, schema), schema)
    out: Object = remove(merged, intersection(difference(everything, left), mine), schema)
    return out


def _conflicts(entries: Entries, me: Manager, changed: FieldSet) -> list[tuple[Manager, Path]]:
    """Return (owner, path) of each field that would change under another manager."""
    return [
        (manager, path)
        for manager, owned in sorted(entries.items(), key=lambda e: (e[0].name, e[0].operation, e[0].api_version))
        if manager != me
        for path in paths(intersection(owned.fields, changed))
    ]


def _unexcused(
    conflicts: list[tuple[Manager, Path]], manager: str, live: Object | None, schema: TypeSchema
) -> list[tuple[Manager, Path]]:
    """The conflicts without those that kubectl's own client-side apply left behind."""
    if manager != "kubectl" or live is None:
        return conflicts
    annotation = (live["metadata"].get("annotations") or {}).get(_LAST_APPLIED)
    excused = set(paths(_still_as_applied(annotation, live, schema))) if annotation else set()
    return conflicts if any(path not in excused for _, path in conflicts) else []


def _still_as_applied(annotation: str, live: Object, schema: TypeSchema) -> FieldSet:
    import orjson

    try:
        applied: Any = orjson.loads(annotation)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(applied, dict) or any(type_errors(applied, schema)):
        return {}
    applied.setdefault("metadata", {})
    differing, missing = changes(live, applied, schema)
    return difference(difference(field_set(applied, schema), differing), missing)


def _conflict_error(conflicts: list[tuple[Manager, Path]]) -> StatusError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {_shown(manager)}", "field": path_text(path)}
        for manager, path in conflicts
    ]
    if len(conflicts) == 1:
        message = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        lines: list[str] = []
        for cause in causes:
            title = cause["message"].replace("conflict with", "conflicts with", 1) + ":"
            lines += [] if title in lines else [title]
            lines.append(f"- {cause['field']}")
        message = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return StatusError(409, "Conflict", message, {"causes": causes})


def _shown(manager: Manager) -> str:
    text = f'"{manager.name}"'
    if manager.subresource:
        text += f' with subresource "{manager.subresource}"'
    if manager.operation == "Update":
        text += f" using {manager.api_version}"
    return text


def _refresh_last_applied(result: Object, config: Object) -> None:
    """Keep the annotation of a client-side apply in step, so that either kind of apply can go on from here."""
    import orjson

    annotations = result["metadata"].get("annotations") or {}
    if _LAST_APPLIED not in annotations:
        return
    meta = dict(config.get("metadata") or {})
    if meta.get("annotations"):
        meta["annotations"] = {k: v for k, v in meta["annotations"].items() if k != _LAST_APPLIED}
    text = orjson.dumps({**config, "metadata": meta}, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    if sum(len(k) + len(v) for k, v in annotations.items() if k != _LAST_APPLIED) + len(text) <= _ANNOTATIONS_LIMIT:
        annotations[_LAST_APPLIED] = text
    else:
        del annotations[_LAST_APPLIED]


def _outcome(live: Object | None, result: Object, entries: Entries, me: Manager, time: str) -> Object:
    """The new object with its entries; times alone are no reason to write one."""
    same_fields = False
    if live is not None:
        of_live = read(live["metadata"].get("managedFields") or []) or {}
        same_fields = {m: o.fields for m, o in of_live.items()} == {m: o.fields for m, o in entries.items() if o.fields}
    if live is not None and same_fields and _without_entries(result) == _without_entries(live):
        return live
    if entries[me].fields:
        entries[me] = entries[me]._replace(time=time)
    else:
        del entries[me]
    if entries:
        result["metadata"]["managedFields"] = written(entries)
    else:
        result["metadata"].pop("managedFields", None)
    return result


def _without_entries(obj: Object) -> Object:
    return {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "managedFields"}}

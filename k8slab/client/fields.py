"""Who owns which field of an object, read from ``metadata.managedFields``.

Upstream documentation: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management.
"""

from collections.abc import Iterator
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.client.tables import Table

__all__ = ["field_owners", "field_paths"]


def field_paths(fields: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the paths in a ``fieldsV1`` set, in the notation of conflict messages.

    >>> list(field_paths({"f:spec": {"f:replicas": {}, "f:ports": {'k:{"port":80}': {".": {}, "f:name": {}}}}}))
    ['.spec.replicas', '.spec.ports[port=80]', '.spec.ports[port=80].name']
    """
    for key, inside in fields.items():
        if key == ".":
            yield prefix
            continue
        path = prefix + _step(key)
        if inside:
            yield from field_paths(inside, path)
        else:
            yield path


def _step(key: str) -> str:
    kind, _, name = key.partition(":")
    if kind == "f":
        return f".{name}"
    inner = name.strip("{}").replace('"', "").replace(":", "=")
    return f"[{inner}]"


def field_owners(obj: Object, below: str = ".spec") -> Table:
    """Return a table of managers, how they wrote, and their fields below a path."""
    rows = []
    for entry in obj["metadata"].get("managedFields") or ():
        paths = [p for p in field_paths(entry.get("fieldsV1") or {}) if p.startswith(below)]
        via = f"{entry['operation']} ({entry['subresource']})" if entry.get("subresource") else entry["operation"]
        rows += [(entry["manager"], via, path) for path in sorted(paths)]
    return Table(("MANAGER", "WROTE WITH", "FIELD"), tuple(rows))

"""Tables of custom resources: the columns come from the definition (``additionalPrinterColumns``).

Upstream: k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor.
"""

import json
from collections.abc import Sequence
from typing import Any

from k8slab.apimachinery.timestamps import human_duration, parse_time
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.printers.columns import AGE, NAME, Column, Printer
from k8slab.sim.apiserver.printers.jsonpath import find

__all__ = ["DEFAULT_COLUMNS", "custom_printer"]

#: What a definition without columns of its own shows.
DEFAULT_COLUMNS: tuple[Object, ...] = ({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},)


def custom_printer(columns: Sequence[Object]) -> Printer:
    """Return the printer of a custom resource whose version has these ``additionalPrinterColumns``."""
    shown = tuple(columns) or DEFAULT_COLUMNS

    def cells(obj: Object, now: float) -> list[Any]:
        return [obj["metadata"]["name"], *(_cell(find(c["jsonPath"], obj), c["type"], now) for c in shown)]

    return Printer((NAME, *(_column(c) for c in shown)), cells)


def _column(column: Object) -> Column:
    path = column["jsonPath"]
    default = (
        AGE.description
        if path == ".metadata.creationTimestamp"
        else f"Custom resource definition column (in JSONPath format): {path}"
    )
    description = column.get("description") or default
    return Column(column["name"], column["type"], description, column.get("format", ""), column.get("priority", 0))


def _cell(found: list[Any], type: str, now: float) -> Any:
    """Return the first value found, as the column's type wants it; None, an empty cell, if it does not fit."""
    if not found or found[0] is None:
        return None
    value = found[0]
    match type:
        case "integer":
            return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "string":
            return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        case "date":
            return _date(value, now)
        case _:
            return None


def _date(value: Any, now: float) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        return human_duration(now - parse_time(value))
    except ValueError:
        return "<invalid>"

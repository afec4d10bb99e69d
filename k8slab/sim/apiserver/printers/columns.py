"""Column definitions of tables, and the register in which each kind's printer is found.

Upstream: k8s.io/kubernetes/pkg/printers/tablegenerator.go. A description is either a sentence or the description that the
published schema has for a field; the latter is looked up when the first table of a kind is asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from k8slab.apimachinery.types import Object

__all__ = [
    "AGE",
    "CONTAINERS",
    "CREATED_AT",
    "IMAGES",
    "NAME",
    "POD_SELECTOR",
    "Column",
    "Doc",
    "Printer",
    "column",
    "find",
    "printer",
]

#: Cells of an object's row: a function of the object and the time.
Cells = Callable[[Object, float], list[Any]]


@dataclass(frozen=True, slots=True)
class Doc:
    """A field whose description the published schema has: ``Doc("core.v1.PodStatus", "podIP")``."""

    definition: str
    field: str


_DOCS: set[Doc] = set()
_PREFIXES = ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.")


@cache
def _descriptions() -> dict[Doc, str]:
    """Look up all descriptions at once: the schemas are large, and are read and dropped again."""
    # Loaded late: no table is asked for while the cluster starts.
    from k8slab.sim.apiserver.schema import definitions

    known = definitions()
    found = {}
    for doc in _DOCS:
        definition = next(known[prefix + doc.definition] for prefix in _PREFIXES if prefix + doc.definition in known)
        found[doc] = str(definition["properties"][doc.field].get("description", ""))
    return found


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; wide tables (``-o wide``) show those of priority 1 too."""

    name: str
    type: str
    description: str | Doc
    format: str = ""
    priority: int = 0

    def definition(self) -> Object:
        """Return the ``TableColumnDefinition``."""
        text = self.description if isinstance(self.description, str) else _descriptions()[self.description]
        return {"name": self.name, "type": self.type, "format": self.format, "description": text, "priority": self.priority}


def column(
    name: str, description: str | tuple[str, str], type: str = "string", *, wide: bool = False, format: str = ""
) -> Column:
    """Return a column; a description of two words names a definition and its field."""
    text = Doc(*description) if isinstance(description, tuple) else description
    if isinstance(text, Doc):
        _DOCS.add(text)
    return Column(name, type, text, format, int(wide))


_META = "meta.v1.ObjectMeta"
NAME = column("Name", (_META, "name"), format="name")
AGE = column("Age", (_META, "creationTimestamp"))
CREATED_AT = column("Created At", (_META, "creationTimestamp"), "date")
CONTAINERS = column("Containers", "Names of each container in the template.", wide=True)
IMAGES = column("Images", "Images referenced by each container in the template.", wide=True)


def POD_SELECTOR(definition: str) -> Column:  # noqa: N802 - stands beside the constant columns
    """Return the wide column that shows a workload's selector."""
    return column("Selector", (definition, "selector"), wide=True)


@dataclass(frozen=True, slots=True)
class Printer:
    """How one kind is shown: its columns, the cells of a row, and a row's conditions if it has any."""

    columns: tuple[Column, ...]
    cells: Cells
    conditions: Callable[[Object], list[Object]] | None = None
    order: Callable[[Object], Any] | None = None

    def column_definitions(self) -> list[Object]:
        """Return the column definitions, descriptions filled in."""
        return _definitions(self.columns)


@cache
def _definitions(columns: tuple[Column, ...]) -> list[Object]:
    return [c.definition() for c in columns]


_PRINTERS: dict[tuple[str, str], Printer] = {}


def printer(
    group: str,
    kind: str,
    columns: Sequence[Column],
    *,
    conditions: Callable[[Object], list[Object]] | None = None,
    order: Callable[[Object], Any] | None = None,
) -> Callable[[Cells], Cells]:
    """Register a function as the one that fills the cells of a kind."""

    def register(cells: Cells) -> Cells:
        _PRINTERS[group, kind] = Printer(tuple(columns), cells, conditions, order)
        return cells

    return register


def find(group: str, kind: str) -> Printer | None:
    """Return the printer of a kind, None if it has none of its own."""
    return _PRINTERS.get((group, kind))

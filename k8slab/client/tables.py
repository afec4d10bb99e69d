"""Tables as kubectl prints them, as text and as HTML.

The API server makes the columns itself (media type ``as=Table``), so a table here shows what ``kubectl get`` shows.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k8slab.client.cluster import Cluster

__all__ = ["Table", "get_table", "text_table"]

_ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

_LEFT = 'style="text-align: left"'  # JupyterLab aligns cells to the right, as for numbers
_AGO = re.compile(r" \(\S+ ago\)$")  # in the RESTARTS column


def text_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return aligned text, two or more spaces between columns, as kubectl does.

    >>> print(text_table(["NAME", "READY"], [["web", "1/1"]]))
    NAME   READY
    web    1/1
    """
    cells = [list(columns), *([str(c) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    return "\n".join("   ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)


@dataclass(frozen=True)
class Table:
    """Rows under headings; shows as text in a terminal, as a table in a notebook."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    def __repr__(self) -> str:
        """Align the columns as kubectl does."""
        return text_table(self.columns, self.rows) if self.rows else "No resources found."

    def _repr_html_(self) -> str:
        return html_table(self.columns, self.rows, self.caption)


def html_table(columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """Return an HTML table with header cells that a screen reader understands."""
    head = "".join(f'<th scope="col" {_LEFT}>{html.escape(c)}</th>' for c in columns)
    body = "".join("<tr>" + "".join(f"<td {_LEFT}>{html.escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def get_table(
    cluster: Cluster, resource: str, namespace: str | None = None, *, wide: bool = False, without: Iterable[str] = ("Age",)
) -> Table:
    """Return what ``kubectl get`` shows; ages are left out unless asked for, so that a table is the same tomorrow."""
    known = cluster.resource(resource)
    path = known.path(cluster.namespace if namespace is None else namespace)
    answer = cluster.request("GET", path, headers={"Accept": _ACCEPT})
    hidden = {name.lower() for name in without}
    shown = [
        (i, c["name"])
        for i, c in enumerate(answer["columnDefinitions"])
        if (wide or not c.get("priority")) and c["name"].lower() not in hidden
    ]
    rows = tuple(tuple(_cell(row["cells"][i]) for i, _ in shown) for row in answer.get("rows") or ())
    return Table(tuple(name.upper() for _, name in shown), rows, known.plural)


def _cell(value: object) -> str:
    """Return a cell as kubectl prints it; a value that is not there is empty.

    >>> _cell(None), _cell("2 (5m ago)")
    ('', '2')
    """
    return "" if value is None else _AGO.sub("", str(value))

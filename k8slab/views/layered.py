"""A stable layout in columns: every kind in its column, everything near its relatives, nothing moved once it stands.

Like the layered drawings of Sugiyama, with one difference that matters in a live picture: what stands keeps its place until it
goes; what comes takes the free place nearest to the middle of its relatives. So a rolling update changes only where pods change.
`LayeredLayout.tidy` forgets all places: the next picture is arranged anew.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from k8slab.topology import Graph
from k8slab.views.cards import CARD_H, CARD_W

__all__ = ["COLUMN_W", "HEAD_H", "ROW_H", "LayeredLayout", "Place"]

COLUMN_W, ROW_H, HEAD_H = 226, 56, 30
Place = tuple[float, float, float, float]  # centre x, centre y, width, height


class LayeredLayout:
    """Places for the nodes of picture graphs.

    Parameters
    ----------
    columns
        The kinds of each column, from left to right; a kind of none stands in the last one.
    """

    def __init__(self, columns: Sequence[Sequence[str]]) -> None:
        self._column_of = {kind: i for i, kinds in enumerate(columns) for kind in kinds}
        self._last = len(columns) - 1
        self._used: list[int] = []
        self._slots: dict[str, tuple[int, int]] = {}
        self._spans: dict[str, int] = {}

    def tidy(self) -> None:
        """Forget all places."""
        self._used, self._slots, self._spans = [], {}, {}

    def place(self, graph: Graph, heights: Mapping[str, float] | None = None) -> dict[str, Place]:
        """Return where everything stands now; ``heights`` names what is higher than a card."""
        first = not self._slots
        self._slots = {key: slot for key, slot in self._slots.items() if key in graph}
        self._stretch(heights or {})
        columns: dict[int, list[str]] = {}
        for key, a in graph.nodes(data=True):
            if key not in self._slots:
                columns.setdefault(self._column(a), []).append(key)
        self._used = sorted({*self._used, *columns})
        taken: dict[int, set[int]] = {}
        for key, (column, row) in self._slots.items():
            taken.setdefault(column, set()).update(range(row, row + self._span(key)))
        for column in self._order(columns, first):
            self._fill(graph, column, columns[column], taken.setdefault(column, set()))
        return {key: self._spot(key, *slot) for key, slot in self._slots.items()}

    def _span(self, key: str) -> int:
        return self._spans.get(key, 1)

    def _stretch(self, heights: Mapping[str, float]) -> None:
        """Let what has become higher push down what stands below it, and what has become lower let it come back."""
        spans = {key: math.ceil((height + ROW_H - CARD_H) / ROW_H) for key, height in heights.items()}
        before, self._spans = self._spans, spans
        for key in {*before, *spans} & self._slots.keys():
            column, row = self._slots[key]
            longer = spans.get(key, 1) - before.get(key, 1)
            for other, (c, r) in self._slots.items() if longer else ():
                if c == column and r > row:
                    self._slots[other] = (c, r + longer)

    def heads(self, graph: Graph) -> list[tuple[float, list[str]]]:
        """Return the middle of each column and the kinds that stand in it now."""
        kinds: dict[int, dict[str, None]] = {}
        for key, (column, _) in self._slots.items():
            kinds.setdefault(column, {})[graph.nodes[key]["kind"]] = None
        return [(self._x(column), list(kinds[column])) for column in self._used if column in kinds]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the drawing."""
        rows = max((row + self._span(key) for key, (_, row) in self._slots.items()), default=1)
        return max(1, len(self._used)) * COLUMN_W - (COLUMN_W - CARD_W), HEAD_H + rows * ROW_H - (ROW_H - CARD_H)

    def _column(self, a: dict[str, object]) -> int:
        kind = {"Pods": "Pod", "Nodes": "Node"}.get(str(a["kind"]), str(a["kind"]))
        return self._column_of.get(kind, self._last)

    @staticmethod
    def _order(columns: dict[int, list[str]], first: bool) -> list[int]:
        """Begin with the fullest column, so that the others can stand in the middle of what they lead to."""
        if not columns or not first:
            return sorted(columns)
        widest = max(columns, key=lambda c: (len(columns[c]), c))
        return [widest, *sorted((c for c in columns if c < widest), reverse=True), *sorted(c for c in columns if c > widest)]

    def _fill(self, graph: Graph, column: int, keys: list[str], taken: set[int]) -> None:
        wishes = {key: self._wish(graph, key) for key in keys}
        alone = sum(wish is None for wish in wishes.values())

        def order(key: str) -> tuple[float, str, str]:
            wish, a = wishes[key], graph.nodes[key]
            return (float("inf") if wish is None else wish, a["namespace"], _by_family(graph, key))

        for key in sorted(keys, key=order):
            wish = wishes[key]
            span = self._span(key)
            row = _nearest_free(taken, 0 if wish is None else round(wish), span, down_only=alone == len(keys))
            taken.update(range(row, row + span))
            self._slots[key] = (column, row)

    def _wish(self, graph: Graph, key: str) -> float | None:
        rows = [self._slots[k][1] for k in _relatives(graph, key) if k in self._slots]
        return sum(rows) / len(rows) if rows else None

    def _x(self, column: int) -> float:
        return self._used.index(column) * COLUMN_W + CARD_W / 2

    def _spot(self, key: str, column: int, row: int) -> Place:
        height = CARD_H + (self._span(key) - 1) * ROW_H
        return self._x(column), HEAD_H + row * ROW_H + height / 2, CARD_W, height


def _relatives(graph: Graph, key: str) -> Iterable[str]:
    yield from graph.predecessors(key)
    yield from graph.successors(key)


def _by_family(graph: Graph, key: str) -> str:
    """Return a sorting key that keeps together what has the same first owner or neighbour."""
    kin = min(_relatives(graph, key), default="")
    return f"{kin} {graph.nodes[key]['kind']} {graph.nodes[key]['name']}"


def _nearest_free(taken: set[int], wish: int, span: int = 1, *, down_only: bool = False) -> int:
    """Return the first row of the free run nearest to the wish; of two equally near ones the upper.

    >>> _nearest_free({3, 4}, 3), _nearest_free({3, 4}, 3, down_only=True), _nearest_free({1, 4}, 1, 2)
    (2, 5, 2)
    """
    for distance in range(max(taken, default=0) + abs(wish) + 2):
        for row in (wish - distance, wish + distance):
            if row >= (wish if down_only else 0) and taken.isdisjoint(range(row, row + span)):
                return row
    raise AssertionError("there is always a free row")

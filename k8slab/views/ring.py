"""A stable layout on a circle, for graphs in which everybody may talk to everybody.

The circle has more places than it needs, so that newcomers find one beside their namespace without moving anybody; only when it
is full is it made anew, larger.
"""

import math

from k8slab.topology import Graph

__all__ = ["RingLayout"]

_SIZES = (6, 8, 12, 16, 24, 36, 54, 80, 120, 180, 270, 400)
_APART = 74  # pixels between two neighbours on the circle, at least


class RingLayout:
    """Places for the nodes of a graph, on a circle, by namespace and name."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._size = 0

    def tidy(self) -> None:
        """Forget all places."""
        self._places, self._size = {}, 0

    def place(self, graph: Graph) -> dict[str, tuple[float, float]]:
        """Return the centre of everything."""
        self._places = {key: place for key, place in self._places.items() if key in graph}
        new = [key for key in graph if key not in self._places]
        if len(graph) > self._size:
            self._size = next((s for s in _SIZES if s >= len(graph)), len(graph))
            keys = sorted(graph, key=lambda k: (graph.nodes[k]["namespace"], graph.nodes[k]["name"]))
            self._places = {key: i * self._size // len(keys) for i, key in enumerate(keys)}
        elif new:
            free = sorted(set(range(self._size)) - set(self._places.values()))
            for key in sorted(new):
                spot = min(free, key=lambda place, k=key: self._far(graph, k, place))  # type: ignore[misc]
                free.remove(spot)
                self._places[key] = spot
        return {key: self._spot(place) for key, place in self._places.items()}

    @property
    def radius(self) -> float:
        """Radius of the circle."""
        return max(150.0, self._size * _APART / (2 * math.pi))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the drawing, with room for the names."""
        return 2 * self.radius + 150, 2 * self.radius + 90

    def _spot(self, place: int) -> tuple[float, float]:
        angle = 2 * math.pi * place / max(1, self._size) - math.pi / 2
        width, height = self.size
        return round(width / 2 + self.radius * math.cos(angle), 1), round(height / 2 - 8 + self.radius * math.sin(angle), 1)

    def _far(self, graph: Graph, key: str, place: int) -> tuple[int, int]:
        """Return how far a place is from the nearest pod of the same namespace."""
        kin = [p for k, p in self._places.items() if graph.nodes[k]["namespace"] == graph.nodes[key]["namespace"]]
        apart = [min(abs(p - place), self._size - abs(p - place)) for p in kin]
        return (min(apart, default=0), place)

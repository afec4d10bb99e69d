"""ImageLocality: prefers nodes that have the pod's images already.

Upstream: pkg/scheduler/framework/plugins/imagelocality. An image counts less the fewer nodes have it, so that not all pods
gather on the first node that pulled it.
"""

from collections.abc import Sequence

from k8slab.sim.scheduler.interface import MAX_NODE_SCORE, CycleState, Handle, NodeList, ScorePlugin
from k8slab.sim.scheduler.node_info import NodeInfo
from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = ["ImageLocality"]

_MB = 1024 * 1024
_LEAST = 23 * _MB  #: less than this is pulled in no time
_MOST_PER_CONTAINER = 1000 * _MB
_REMEMBERED = 64


def normalized_name(image: str) -> str:
    """Return the image with its tag spelled out.

    >>> normalized_name("nginx"), normalized_name("localhost:5000/web"), normalized_name("web:1.2")
    ('nginx:latest', 'localhost:5000/web:latest', 'web:1.2')
    """
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"


class ImageLocality(ScorePlugin):
    """Scores by the bytes that need not be pulled; remembers the scores of all nodes until an image comes or goes."""

    name = "ImageLocality"

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._tables: dict[tuple[str, ...], list[int] | None] = {}
        self._epochs = (-1, -1)

    def score(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> int:
        table = self._table(pod)
        return 0 if table is None else table[node.index]

    def scores(self, state: CycleState, pod: PodInfo, nodes: NodeList) -> Sequence[int]:
        table = self._table(pod)
        return [0] * len(nodes) if table is None else nodes.pick(table)

    def _table(self, pod: PodInfo) -> list[int] | None:
        cache = self.handle.cache
        epochs = (cache.order_epoch, cache.image_epoch)
        if epochs != self._epochs or len(self._tables) > _REMEMBERED:
            self._tables.clear()
            self._epochs = epochs
        spec = pod.spec
        images = tuple(c.get("image") or "" for c in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())])
        if images not in self._tables:
            self._tables[images] = self._compute(images)
        return self._tables[images]

    def _compute(self, images: tuple[str, ...]) -> list[int] | None:
        """Return the score of every node, None if no node has any of the images."""
        cache = self.handle.cache
        local = [cache.images.get(normalized_name(image)) for image in images]
        if not any(local):
            return None
        nodes = cache.nodes
        sums = [0] * len(nodes)
        for holders in local:
            for name, size in (holders or {}).items():
                node = cache.node(name)
                if node is not None:
                    sums[node.index] += int(size * (len(holders or ()) / len(nodes)))
        most = _MOST_PER_CONTAINER * len(images)
        return [MAX_NODE_SCORE * (min(max(total, _LEAST), most) - _LEAST) // (most - _LEAST) for total in sums]

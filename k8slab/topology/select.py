"""Which part of a graph to look at: by kind, by namespace, by label or name; and what is the cluster's own.

What matches brings along what it is connected to: its way forward and its way back, so that a filtered picture still says
where a request comes from and where it ends. Pure functions of graphs of this package.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field, replace
from typing import Any

from k8slab.apimachinery.labels import matches, parse_selector
from k8slab.apimachinery.types import labels
from k8slab.errors import K8slabError
from k8slab.topology.placement import Graph

__all__ = ["Choice", "is_selector", "is_system", "matcher", "select"]

Attributes = dict[str, Any]

_SYSTEM_SPACES = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
_BOOTSTRAP = "kubernetes.io/bootstrapping"
_OPERATORS = ("=", "!", " in ", " notin ", ">", "<")


@dataclass(frozen=True)
class Choice:
    """What of a graph is shown; the default is all but the cluster's own objects.

    ``text`` is part of a name, or a label selector as ``kubectl -l`` takes it. ``hidden`` are kinds.
    """

    namespace: str = ""
    text: str = ""
    hidden: frozenset[str] = field(default=frozenset())
    system: bool = False

    def toggled(self, kind: str) -> "Choice":
        """Return the choice with a kind hidden that was shown, or shown that was hidden."""
        return replace(self, hidden=self.hidden ^ {kind})


def is_system(a: Attributes) -> bool:
    """Whether an object is the cluster's own: in a namespace of the system, or made when the cluster was.

    >>> is_system({"kind": "ClusterRole", "name": "system:node", "namespace": "", "object": {}})
    True
    """
    if a["kind"] == "Node":
        return False
    if a["namespace"] in _SYSTEM_SPACES or a["name"].startswith("system:") or a["name"] == "kube-root-ca.crt":
        return True
    tags = labels(a["object"]) if a["object"] else {}
    return _BOOTSTRAP in tags or tags.get("provider") == "kubernetes"


def is_selector(text: str) -> bool:
    """Whether a filter's text is a label selector and not part of a name.

    >>> is_selector("app in (a,b)"), is_selector("app=web"), is_selector("web-7d9c")
    (True, True, False)
    """
    return any(operator in text for operator in _OPERATORS)


def matcher(text: str) -> Callable[[Attributes], bool]:
    """Return the test that a filter's text stands for: a label selector if it has an operator, else part of a name.

    >>> test = matcher("app=web")
    >>> test({"name": "x", "object": {"metadata": {"labels": {"app": "web"}}}}), matcher("eb")({"name": "web", "object": {}})
    (True, True)

    Raises
    ------
    K8slabError
        If the selector cannot be parsed.
    """
    wanted = text.strip()
    if not is_selector(wanted):
        return lambda a: wanted.lower() in a["name"].lower()
    try:
        selector = parse_selector(wanted)
    except ValueError as error:
        raise K8slabError(f"{wanted!r} is no label selector: {error}. Examples: app=web, tier!=db, env in (dev,test).") from error
    return lambda a: matches(selector, labels(a["object"]) if a["object"] else {})


def select(graph: Graph, choice: Choice) -> list[str]:
    """Return the ids of what the choice shows, in the graph's order."""
    nodes = graph.nodes
    known = {k for k, a in nodes(data=True) if choice.system or not (a["virtual"] or is_system(a))}
    if choice.namespace:
        own = {k for k in known if nodes[k]["namespace"] == choice.namespace}
        shown = own | _connected(graph, own, lambda k: not nodes[k]["namespace"])
    else:
        used = _connected(graph, known, lambda k: not nodes[k]["namespace"] and not nodes[k]["name"].startswith("system:node"))
        shown = known | used
    if choice.text.strip():
        test = matcher(choice.text)
        hits = {k for k in shown if test(nodes[k])}
        shown = hits | _connected(graph, hits, shown.__contains__)
    return [k for k, a in nodes(data=True) if k in shown and a["kind"] not in choice.hidden]


def _connected(graph: Graph, start: Set[str], passes: Callable[[str], bool]) -> set[str]:
    """Return what is ahead of and behind the start, through what passes; not the start's neighbours' other neighbours."""
    return _spread(start, graph.successors, passes) | _spread(start, graph.predecessors, passes)


def _spread(start: Set[str], step: Callable[[str], Iterable[str]], passes: Callable[[str], bool]) -> set[str]:
    found: set[str] = set()
    edge = list(start)
    while edge:
        following = {other for key in edge for other in step(key)} - found - start
        edge = [key for key in following if passes(key)]
        found.update(edge)
    return found

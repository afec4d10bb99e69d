"""One view for all topologies: placement, ownership, traffic, access, storage, configuration, zones, reachability.

The way of a picture: mirrors → graph (`k8slab.topology`, in place) → what is chosen (`select`) → what stands together
(`collapse`) → places (`placement_layout`, `layered`, `ring`) → scene. All of it happens in the kernel, so that the picture of a
saved notebook is the picture of the live one, and its parts are pure functions with tests. The browser draws and asks: its
controls send their wishes over the widget's channel, which JupyterLab serves beside a running cell (kernel subshells).
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kubernetes.client import ApiException

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.client.cluster import ALL, Cluster
from k8slab.client.errors import sentence
from k8slab.client.tables import html_table
from k8slab.errors import K8slabError
from k8slab.topology import PLACEMENT_COLUMNS, Graph, collapse, object_id, owners_tree, placement_rows, placement_tree
from k8slab.topology.catalogue import TOPOLOGIES, Topology
from k8slab.topology.collapse import group_of
from k8slab.topology.export import to_dot, to_graphml, to_json
from k8slab.topology.reach import change_reachability
from k8slab.topology.select import Choice, is_system, matcher, select
from k8slab.views.commands import object_commands, view_command
from k8slab.views.export import to_html
from k8slab.views.focus import KINDS, QUESTIONS, focus, on_picture
from k8slab.views.graph_drawing import Drawing, drawing_of
from k8slab.views.live import LiveView, split_id
from k8slab.views.look import worst
from k8slab.views.picture import svg
from k8slab.views.placement_layout import PlacementLayout
from k8slab.views.scene import Scene
from k8slab.views.topology_words import LINES, is_large, node_rows, relations, relations_of, with_nodes

__all__ = ["TopologyView"]

#: With more pods than this the pods of a workload stand together from the start.
_MANY = {"reachability": 12}
#: So many pods at most are compared each with each.
_COMPARED = 120


class TopologyView(LiveView):
    """A topology of a cluster, live.

    Parameters
    ----------
    cluster
        What to look at.
    kind
        One of `k8slab.topology.catalogue.TOPOLOGIES`: "placement", "ownership", "traffic", "access", "storage",
        "configuration", "zones", "reachability".
    namespace
        Show only this one; "" shows all.
    """

    topology: Topology
    graph: Graph
    _picture: Graph
    _layout: PlacementLayout | None
    _drawing: Drawing
    _grouped: bool | None
    _expanded: set[str]
    _touched: set[str]
    _spaces: set[str]  # namespaces that were seen
    _answer: Scene | None
    _unanswered: bool  # something has changed since the answer
    _others: list[Object]  # what the view does not watch, as it was when it was asked
    _boxes: bool
    _redraw: bool
    _too_many: bool

    def __init__(self, cluster: Cluster, kind: str = "placement", namespace: str = ALL) -> None:
        self.cluster = cluster
        self.choice = Choice(namespace=namespace)
        self._problem = ""
        self._set_topology(kind)
        super().__init__(cluster, self._resources(self.topology), fallback=namespace or cluster.namespace)
        if "Flow" in self.topology.kinds:
            self.refresh()  # they are asked for, not watched: the first picture shows them too

    # -- model ---------------------------------------------------------------------------------------------------------

    def take(self, change: str, obj: Object) -> None:
        """Take one change into the graph."""
        self._unanswered = True
        if change == "DELETED" or self._is_compared(obj):
            self._touched.add(self.topology.change(self.graph, change, obj))
        if namespace_of(obj):
            self._spaces.add(namespace_of(obj))

    def _is_compared(self, obj: Object) -> bool:
        """Whether an object is taken: of everybody with everybody only so many pods, those that are chosen."""
        if self.topology.name != "reachability" or obj["kind"] != "Pod":
            return True
        key, space = object_id("Pod", name_of(obj), namespace_of(obj)), self.choice.namespace
        if space != namespace_of(obj) if space else not self.choice.system and is_system(_as_node(obj)):
            return False
        self._too_many = self._too_many or (key not in self.graph and len(self.graph) >= _COMPARED)
        return key in self.graph or len(self.graph) < _COMPARED

    def make_scene(self) -> Scene:
        """Return what is chosen of the graph, as a scene."""
        self._touched = set()
        self._start_grouped()
        if self._boxes:
            self._layout = self._layout or self._new_placement()
            scene = self._layout.scene(self.graph)
            self._picture = self.graph
        else:
            self._picture = self._select()
            scene = self._drawing.scene(self._picture, self.topology.title)
        return {**scene, **self._surroundings()}

    def _draw(self) -> None:
        """Draw the graph as it is now; of a large placement, only what events have touched."""
        flows = self._flows()
        self._answer_again()
        with self._model_lock:
            for flow in flows:
                change_reachability(self.graph, "ADDED", flow)
            touched, self._touched = self._touched, set()
            change = self._layout.change(self.graph, touched) if self._boxes and self._layout and not self._redraw else None
            self._redraw = False
            scene = {**self.make_scene(), **self.notices()} if change is None else None
            around = {**self._surroundings(), **self.notices()} if change is not None else {}
        if scene is not None:
            self.show(scene)
        elif change is not None:
            self.patch({**change, "set": {**change.get("set", {}), **around}})

    def _set_topology(self, kind: str) -> None:
        if kind not in TOPOLOGIES:
            raise K8slabError(f"There is no topology {kind!r}. There are: {', '.join(TOPOLOGIES)}.")
        self.topology = TOPOLOGIES[kind]
        self.graph = self.topology.start()
        self._picture = self.graph
        self._boxes = kind in ("placement", "zones")
        self._layout = None
        self._drawing = drawing_of(self.topology)
        self._grouped = None
        self._expanded = set()
        self._touched, self._spaces, self._too_many = set(), set(), False
        self._question, self._chosen, self._answer = "", "", None
        self._unanswered, self._others = False, []
        self._redraw = False
        self.every = 2.0 if kind == "reachability" else None

    def _resources(self, topology: Topology) -> list[str]:
        """Return the names of what must be fetched and exists on this cluster; Flows can be listed, not watched."""
        found = []
        for kind in topology.kinds:
            try:
                found.append(self.cluster.resource(kind).full_name)
            except K8slabError:
                continue
        return [name for name in found if not name.startswith("flows.")]

    def _flows(self) -> list[Object]:
        """Return the connections that the cluster has seen: none but of the embedded one, for whoever may list them."""
        if "Flow" not in self.topology.kinds:
            return []
        try:
            return self.cluster.list("flows.sim.k8slab.dev", ALL)
        except (K8slabError, ApiException):
            return []

    def _start_grouped(self) -> None:
        if self._grouped is None:
            pods = sum(a["kind"] == "Pod" for _, a in self.graph.nodes(data=True))
            self._grouped = not self._boxes and pods > _MANY.get(self.topology.name, 40)

    def _new_placement(self) -> PlacementLayout:
        choice, test = self.choice, matcher(self.choice.text)

        def shows(a: dict[str, Any]) -> bool:
            inside = not choice.namespace or a["namespace"] == choice.namespace
            return inside and "Pod" not in choice.hidden and (not choice.text.strip() or test(a))

        return PlacementLayout(shows=shows, zones=self.topology.name == "zones", grouped=bool(self._grouped))

    def _select(self) -> Graph:
        keep = select(self.graph, self.choice)
        if self.topology.linked:
            inside = set(keep)
            keep = [k for k in keep if self.graph.nodes[k]["kind"] not in self.topology.linked or self._is_linked(k, inside)]
        if self._grouped:
            return collapse(self.graph, keep, self._expanded, worst)
        groups = {group_of(self.graph.nodes[k]) for k in keep if self.graph.nodes[k]["kind"] == "Pod"}
        return collapse(self.graph, keep, groups, worst, apart=len(keep))

    def _is_linked(self, key: str, inside: set[str]) -> bool:
        return any(k in inside for k in self.graph.succ[key]) or any(k in inside for k in self.graph.pred[key])

    # -- around the picture --------------------------------------------------------------------------------------------

    def _surroundings(self) -> Scene:
        one = {"Pods": "Pod", "Nodes": "Node"}
        drawn = [] if self._boxes else [str(a["kind"]) for _, a in self._picture.nodes(data=True)]
        kinds = {"Pod" if self._boxes else "", *(one.get(kind, kind) for kind in drawn)} | self.choice.hidden
        spaces = self._spaces | ({self.choice.namespace} - {""})
        controls = {
            "topology": self.topology.name, "topologies": [[t.name, t.title] for t in TOPOLOGIES.values()],
            "namespace": self.choice.namespace, "namespaces": sorted(spaces), "text": self.choice.text, "problem": self._problem,
            "system": None if self._boxes else self.choice.system, "grouped": self._grouped,
            "kinds": sorted(kinds - {"", "Client"}),
            "hidden": sorted(self.choice.hidden), "expanded": sorted(self._expanded), "question": self._question,
            "questions": [[name, title, needs] for name, (title, needs) in QUESTIONS.items()],
        }  # fmt: skip
        answer = None if self._answer is None else on_picture(self._answer, self._picture)
        command = view_command(self.topology, self.choice)
        return {"controls": controls, "command": command, "focus": answer, "note": self._note()}

    def _note(self) -> str:
        notes = [f"Left out, because you may not list it: {', '.join(sorted(self.refused))}."] if self.refused else []
        notes += (
            [f"Only {_COMPARED} pods are compared with each other; choose a namespace to see its own."] if self._too_many else []
        )
        return " ".join(notes)

    # -- words ---------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """Return the picture in words: a tree, or a line for every connection."""
        with self._model_lock:  # the graph changes with every event
            return self._words()

    def _words(self) -> str:
        if self._boxes and is_large(self.graph):
            return "\n".join([self.current["alt"], *("  ".join(row) for row in node_rows(self.graph))])
        if self._boxes:
            return placement_tree(with_nodes(self.graph, self.choice.namespace))
        if self.topology.name == "ownership":
            return owners_tree(self.graph.subgraph(select(self.graph, self.choice))) or "Nothing here yet."
        lines = [f"{source} {relation} {target}" for source, relation, target, _ in relations(self._picture)]
        return "\n".join(lines) or "Nothing here yet."

    def twin_html(self) -> str:
        """Return the picture as a table."""
        with self._model_lock:
            return self._table()

    def _table(self) -> str:
        if self._boxes and is_large(self.graph):
            return html_table(("NODE", "STATUS", "PODS"), node_rows(self.graph))
        if self._boxes:
            return html_table(PLACEMENT_COLUMNS, placement_rows(with_nodes(self.graph, self.choice.namespace)))
        if self.topology.name == "ownership":
            return super().twin_html()
        return html_table(("FROM", "RELATION", "TO", "SAID BY"), relations(self._picture))

    def save(self, path: str | Path) -> Path:
        """Write what is shown to a file: .html and .svg are the picture, .graphml, .dot and .json the graph.

        Raises
        ------
        K8slabError
            If the name ends in nothing of these.
        """
        file, scene = Path(path), self.snapshot()
        makers: dict[str, Callable[[], str]] = {
            ".html": lambda: to_html(scene), ".svg": lambda: svg(scene), ".graphml": lambda: to_graphml(self._picture),
            ".dot": lambda: to_dot(self._picture), ".json": lambda: to_json(self._picture),
        }  # fmt: skip
        if file.suffix not in makers:
            raise K8slabError(f"{file.name!r} cannot be written: its name must end in one of {', '.join(makers)}.")
        with self._model_lock:
            file.write_text(makers[file.suffix](), encoding="utf-8")
        return file

    # -- details -------------------------------------------------------------------------------------------------------

    def details(self, item: str) -> dict[str, Any] | None:
        """Return YAML, events, relations and commands of what was clicked."""
        with self._model_lock:
            facts = {"relations": relations_of(self._picture, item), **self._membership(item)}
        kind, namespace, name = split_id(item)
        more = super().details(item)
        if more is None:
            return {"yaml": "", "events": [], "commands": [], **facts}
        return {**more, **facts, "commands": object_commands(kind, name, namespace)}

    def _membership(self, item: str) -> dict[str, Any]:
        if item not in self._picture or self._boxes:
            return {}
        a = self._picture.nodes[item]
        if a["kind"] in ("Pods", "Nodes"):
            members = [[m, self.graph.nodes[m]["status"]] for m in a["members"][:LINES] if m in self.graph]
            return {"group": item, "open": item in self._expanded, "members": members}
        return {"group": a["group"], "open": True} if self._grouped and a.get("group") else {}

    # -- controls ------------------------------------------------------------------------------------------------------

    def act(self, name: str, value: Any) -> None:
        """Do what a control asks for, and draw."""
        actions: dict[str, Callable[[Any], None]] = {
            "topology": self.show_topology, "namespace": self.show_namespace, "filter": self.filter, "system": self.show_system,
            "group": self.group, "hide": self.toggle_kind, "expand": self.expand, "tidy": lambda _: self.tidy(),
            "ask": lambda v: self.ask(str(v[0]), str(v[1] or "")),
        }  # fmt: skip
        action = actions.get(name)
        if action is not None:
            self._problem = ""
            try:
                action(value)
            except (K8slabError, ApiException) as error:
                self._problem = sentence(error)
            self._draw_anew()

    def show_topology(self, kind: str) -> None:
        """Show another topology of the same cluster."""
        if kind not in TOPOLOGIES:
            raise K8slabError(f"There is no topology {kind!r}. There are: {', '.join(TOPOLOGIES)}.")

        def empty() -> None:
            self._set_topology(kind)
            self.choice = replace(self.choice, hidden=frozenset())

        if kind != self.topology.name:
            self.follow(self._resources(TOPOLOGIES[kind]), empty)

    def show_namespace(self, namespace: str) -> None:
        """Show one namespace, or all ("")."""
        self._choose(replace(self.choice, namespace=namespace))

    def filter(self, text: str) -> None:
        """Show what has this in its name or, as ``app=web``, these labels, with what it is connected to."""
        matcher(text)
        self._choose(replace(self.choice, text=text))

    def show_system(self, shown: bool) -> None:
        """Show the cluster's own objects too, or not."""
        self._choose(replace(self.choice, system=bool(shown)))

    def toggle_kind(self, kind: str) -> None:
        """Hide a kind, or show it again."""
        self._choose(self.choice.toggled(kind))

    def group(self, together: bool) -> None:
        """Let the pods of a workload stand together, or each by itself."""
        with self._model_lock:
            self._grouped, self._layout = bool(together), None
            self._drawing.tidy()
            self._expanded.clear()

    def expand(self, group: str) -> None:
        """Open a group, or close it again."""
        with self._model_lock:
            self._expanded ^= {group}

    def tidy(self) -> None:
        """Forget all places and arrange the picture anew."""
        with self._model_lock:
            self._layout = None
            self._drawing.tidy()

    def ask(self, question: str, chosen: str = "") -> None:
        """Ask one of the questions of `k8slab.views.focus`: its answer follows the picture, until "" takes it away."""
        if question and question not in QUESTIONS:
            raise K8slabError(f"There is no question {question!r}. There are: {', '.join(QUESTIONS)}.")
        others = self._unwatched() if question else []
        with self._model_lock:
            self._question, self._chosen, self._others, self._unanswered = question, chosen, others, True

    def _answer_again(self) -> None:
        """Answer the question as things are now, if they have changed since it was answered."""
        with self._model_lock:
            if not self._unanswered:
                return
            self._unanswered = False
            question, chosen = self._question, self._real(self._chosen)
            known = [*self._others, *self._objects.values()] if question else []
        spaces = {self.choice.namespace} if self.choice.namespace else None
        answer = focus(question, [o for o in known if self._asked_about(o, spaces)], chosen) if question else None
        with self._model_lock:
            if question == self._question:  # else another one was asked meanwhile, and is answered next
                self._answer = answer

    def _real(self, chosen: str) -> str:
        """Return the object behind an item: of a group, its first member."""
        a = self._picture.nodes[chosen] if chosen in self._picture else {}
        return str(a["members"][0]) if a.get("members") else chosen

    def _unwatched(self) -> list[Object]:
        """Return what the questions need and the view does not watch."""
        watched = {self.cluster.resource(resource).kind for resource in self._followed}
        found: list[Object] = []
        for kind in KINDS:
            if kind not in watched:
                with contextlib.suppress(K8slabError, ApiException):
                    found += self.cluster.list(kind, ALL)
        return found

    def _asked_about(self, obj: Object, spaces: set[str] | None) -> bool:
        namespace = namespace_of(obj)
        if not namespace:
            return True
        if spaces is not None:
            return namespace in spaces or obj["kind"] == "Pod"
        return self.choice.system or not is_system(_as_node(obj))

    def _choose(self, choice: Choice) -> None:
        with self._model_lock:
            anew = (choice.namespace, choice.system) != (self.choice.namespace, self.choice.system)
            self.choice, self._layout, self._unanswered = choice, None, True
            self._drawing.tidy()
            if anew and self.topology.name == "reachability":
                self.graph, self._too_many = self.topology.start(), False
                for obj in self._objects.values():
                    self.take("ADDED", obj)

    def _draw_anew(self) -> None:
        with self._model_lock:
            self._redraw = True
        self.refresh()


def _as_node(obj: Object) -> dict[str, Any]:
    return {"kind": obj["kind"], "name": name_of(obj), "namespace": namespace_of(obj), "object": obj}

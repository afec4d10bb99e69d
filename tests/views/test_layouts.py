"""Nothing jumps: what stands keeps its place, what comes stands near its relatives, and no two stand on the same spot."""

import itertools

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.topology import change_placement, placement
from k8slab.topology.controlplane import control_plane
from k8slab.views.layered import LayeredLayout
from k8slab.views.layout import control_plane_scene
from k8slab.views.placement_layout import PlacementLayout
from k8slab.views.ring import RingLayout
from k8slab.views.scene import difference

COLUMNS = (("Service",), ("Pod",), ("Node",))


def graph(edges, kinds):
    made = nx.DiGraph()
    for key in kinds:
        made.add_node(key, kind=key.split("/")[0], name=key.split("/")[1], namespace="x")
    made.add_edges_from(edges)
    return made


KEYS = [f"{kind}/{i}" for kind in ("Service", "Pod", "Node") for i in range(5)]
SUBSETS = st.lists(st.sampled_from(KEYS), unique=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(SUBSETS, min_size=2, max_size=6))
def test_what_stays_keeps_its_place_and_nothing_overlaps(pictures):
    for layout in (LayeredLayout(COLUMNS), RingLayout()):
        before, columns = {}, set()
        for keys in pictures:
            made = graph([(a, b) for a in keys for b in keys if a[0] == "S" and b[0] == "P"], keys)
            places = layout.place(made)
            spots = {key: place[:2] for key, place in places.items()}
            assert len(set(spots.values())) == len(spots)
            new = {key.split("/")[0] for key in keys} - columns  # a first Service makes a column, a full circle a larger one
            columns |= new
            if not new and not isinstance(layout, RingLayout):
                assert {k: v for k, v in before.items() if k in spots} == {k: spots[k] for k in before if k in spots}
            before = spots


def test_on_a_circle_with_free_places_a_newcomer_moves_nobody():
    layout, seven = RingLayout(), [f"Pod/{i}" for i in range(7)]
    before = layout.place(graph([], seven))
    after = layout.place(graph([], [*seven, "Pod/7"]))
    assert {key: after[key] for key in before} == before


def test_a_newcomer_stands_beside_its_relatives():
    layout = LayeredLayout(COLUMNS)
    pods = [f"Pod/{i}" for i in range(9)]
    edges = [("Service/0", pod) for pod in pods[:4]] + [("Service/1", pod) for pod in pods[5:]]
    layout.place(graph(edges, [*pods, "Service/0", "Service/1"]))
    without = [pod for pod in pods if pod != "Pod/6"]
    layout.place(graph([e for e in edges if e[1] != "Pod/6"], [*without, "Service/0", "Service/1"]))
    freed = layout.place(
        graph([*(e for e in edges if e[1] != "Pod/6"), ("Service/1", "Pod/new")], [*without, "Pod/new", "Service/0", "Service/1"])
    )
    service, new = freed["Service/1"], freed["Pod/new"]
    assert abs(new[1] - service[1]) <= 2 * 56


def test_parents_stand_in_the_middle_of_their_children():
    pods = [f"Pod/{i}" for i in range(5)]
    places = LayeredLayout(COLUMNS).place(graph([("Service/0", pod) for pod in pods], [*pods, "Service/0"]))
    assert places["Service/0"][1] == places["Pod/2"][1]


def test_a_card_that_grows_pushes_down_what_is_below_and_only_that():
    layout, keys = LayeredLayout(COLUMNS), [f"Pod/{i}" for i in range(4)]
    made = graph([], keys)
    before = layout.place(made)
    open_ = layout.place(made, {"Pod/1": 150.0})
    assert open_["Pod/0"] == before["Pod/0"]
    assert open_["Pod/2"][1] > before["Pod/2"][1]
    assert open_["Pod/1"][1] + open_["Pod/1"][3] / 2 < open_["Pod/2"][1] - open_["Pod/2"][3] / 2
    assert layout.place(made) == before, "and lets it come back"


def _node(name, zone="a"):
    return {"kind": "Node", "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}}}


def _pod(name, node, phase, owner):
    meta = {"name": name, "namespace": "x"}
    if owner:
        meta["ownerReferences"] = [{"kind": "ReplicaSet", "name": owner, "controller": True}]
    return {"kind": "Pod", "metadata": meta, "spec": {"nodeName": node, "containers": [{}]}, "status": {"phase": phase}}


PODS = st.builds(_pod, st.sampled_from("abcdef"), st.sampled_from(["", "n1", "n2"]), st.sampled_from(["Pending", "Running"]),
                 st.sampled_from(["", "web"]))  # fmt: skip
EVENTS = st.lists(
    st.tuples(st.sampled_from(["MODIFIED", "DELETED"]), st.one_of(PODS, st.builds(_node, st.sampled_from(["n1", "n2"]))))
)


@settings(max_examples=80, deadline=None)
@given(st.booleans(), st.booleans(), st.lists(EVENTS, max_size=5))
def test_a_placement_changed_by_a_few_events_is_the_placement_drawn_anew(grouped, zones, batches):
    graph, layout = placement([_node("n1"), _node("n2", "b")], ()), PlacementLayout(grouped=grouped, zones=zones)
    shown = layout.scene(graph)
    for batch in batches:
        touched = {change_placement(graph, change, obj) for change, obj in batch}
        delta = layout.change(graph, touched)
        if delta is None:
            shown = layout.scene(graph)
            continue
        shown = {**shown, **delta["set"], "items": {**shown["items"], **delta.get("put", {}).get("items", {})}}
        for key in delta.get("drop", {}).get("items", ()):
            del shown["items"][key]
        assert difference(shown, layout.scene(graph)) == {}


@pytest.mark.parametrize("count", [1, 4, 9])
def test_the_parts_of_a_cluster_stand_apart(count):
    nodes = [{"kind": "Node", "metadata": {"name": f"worker-{i}"}} for i in range(count)]
    items = list(control_plane_scene(control_plane(nodes))["items"].values())
    for a, b in itertools.combinations(items, 2):
        apart = abs(a["x"] - b["x"]) >= (a["w"] + b["w"]) / 2 + 8 or abs(a["y"] - b["y"]) >= (a["h"] + b["h"]) / 2 + 8
        assert apart, (a["label"], b["label"])

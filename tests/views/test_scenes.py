import re
import xml.dom.minidom

from k8slab.topology import TOPOLOGIES, build, change_placement, collapse, control_plane, ownership, placement
from k8slab.topology.kinds import SCHEMAS
from k8slab.views.export import to_html
from k8slab.views.graph_drawing import drawing_of
from k8slab.views.icons import KIND_ICONS
from k8slab.views.layout import control_plane_scene
from k8slab.views.look import LOOK, worst
from k8slab.views.picture import picture_html, svg
from k8slab.views.placement_layout import DENSE, PlacementLayout
from k8slab.views.scene import difference


def node(name: str, zone: str = "") -> dict:
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return {"kind": "Node", "metadata": {"name": name, "labels": labels}}


def pod(name: str, on: str = "", created: str = "", owner: str = "", phase: str = "Running") -> dict:
    meta = {"name": name, "namespace": "chat", "creationTimestamp": created}
    if owner:
        meta["ownerReferences"] = [{"kind": "ReplicaSet", "name": owner, "controller": True}]
    return {"kind": "Pod", "metadata": meta, "spec": {"nodeName": on, "containers": [{}]}, "status": {"phase": phase}}


def place(scene: dict, name: str) -> tuple[float, float]:
    item = scene["items"][f"Pod/chat/{name}"]
    return item["x"], item["y"]


def ownership_scene(*objects: dict) -> dict:
    graph = ownership(objects)
    return drawing_of(TOPOLOGIES["ownership"]).scene(collapse(graph, graph, (), worst), "Who owns whom")


def test_a_pod_keeps_its_place_when_others_come_and_go() -> None:
    layout, graph = PlacementLayout(), placement([node("n1")], [pod("a", "n1", "1"), pod("b", "n1", "2")])
    before = layout.scene(graph)
    change_placement(graph, "DELETED", pod("a", "n1"))
    change_placement(graph, "ADDED", pod("c", "n1", "3"))
    after = layout.scene(graph)
    assert place(after, "b") == place(before, "b")
    assert place(after, "c") == place(before, "a"), "a new pod takes the first free place"


def test_every_pod_is_inside_the_box_of_its_node() -> None:
    graph = placement([node("n1"), node("n2")], [pod(f"p{i}", "n2") for i in range(11)])
    scene = PlacementLayout().scene(graph)
    box = scene["items"]["Node/n2"]
    for key, item in scene["items"].items():
        if key.startswith("Pod/"):
            assert abs(item["x"] - box["x"]) < box["w"] / 2
            assert abs(item["y"] - box["y"]) < box["h"] / 2


def test_a_layout_of_one_namespace_shows_no_other_pods() -> None:
    scene = PlacementLayout("other").scene(placement([node("n1")], [pod("a", "n1")]))
    assert "Pod/chat/a" not in scene["items"]
    assert scene["alt"] == "1 node, 0 pods."


def test_zones_are_frames_around_their_nodes() -> None:
    graph = placement([node("n1", "a"), node("n2", "b"), node("n3", "b")], [])
    items = PlacementLayout(zones=True).scene(graph)["items"]
    for zone, inside in (("a", ["n1"]), ("b", ["n2", "n3"])):
        frame = items[f"Zone/{zone}"]
        for name in inside:
            box = items[f"Node/{name}"]
            assert abs(box["x"] - frame["x"]) + box["w"] / 2 <= frame["w"] / 2
            assert abs(box["y"] - frame["y"]) + box["h"] / 2 <= frame["h"] / 2


def test_pods_of_a_workload_can_stand_together_in_a_box() -> None:
    pods = [pod("a", "n1", owner="web"), pod("b", "n1", owner="web", phase="Failed"), pod("c", "n1", owner="db")]
    items = PlacementLayout(grouped=True).scene(placement([node("n1")], pods))["items"]
    marks = {item["name"]: (item["count"], item["state"]) for item in items.values() if item["type"] == "mark"}
    assert marks == {"web": (2, "failed"), "db": (1, "unready")}


def test_a_big_cluster_is_drawn_close_together() -> None:
    graph = placement([node(f"n{i}") for i in range(DENSE[1] + 1)], [pod("a", "n1")])
    assert PlacementLayout().scene(graph)["items"]["Pod/chat/a"]["label"] == "", "its name is in the tooltip"


def test_every_state_has_a_look_of_its_own() -> None:
    looks = [(look.path, look.hollow, look.dashed) for look in LOOK.values()]
    assert len(set(looks)) == len(looks), "shape alone must tell states apart"


def test_every_kind_that_is_drawn_has_a_shape() -> None:
    drawn = {kind for t in TOPOLOGIES.values() for column in t.columns for kind in column}
    assert drawn <= KIND_ICONS.keys()


def test_a_picture_is_well_formed_and_says_what_it_shows() -> None:
    pods = [pod(f"a{i}", "n<1>", owner="web") for i in range(3)]
    service = {"kind": "Service", "metadata": {"name": "s", "namespace": "chat"}, "spec": {"selector": {"app": "x"}}}
    traffic = build(SCHEMAS["traffic"], [*pods, service, node("n<1>")])
    for scene in (
        PlacementLayout().scene(placement([node("n<1>")], pods)),
        PlacementLayout(zones=True).scene(placement([node("n<1>", "z")], pods)),
        control_plane_scene(control_plane([node("n1")])),
        ownership_scene(*pods),
        drawing_of(TOPOLOGIES["traffic"]).scene(collapse(traffic, traffic), "Traffic"),
    ):
        assert xml.dom.minidom.parseString(svg(scene)).getElementsByTagName("desc")[0].firstChild.data == scene["alt"]
        assert 'alt="' in picture_html(scene)


def test_a_still_picture_of_ten_thousand_pods_stays_small() -> None:
    pods = [pod(f"p-{i}", f"n-{i % 1000}") for i in range(10_000)]
    picture = picture_html(PlacementLayout().scene(placement([node(f"n-{i}") for i in range(1000)], pods)))
    assert len(picture) < 1_000_000


def test_an_exported_page_needs_nothing_from_outside() -> None:
    page = to_html(PlacementLayout().scene(placement([node("n1")], [pod("a", "n1")])))
    assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=[\"']https?:", page)
    assert "Pod/chat/a" in page


def test_only_what_differs_between_two_scenes_is_sent() -> None:
    graph, layout = placement([node("n1")], [pod("a", "n1")]), PlacementLayout()
    before = layout.scene(graph)
    change_placement(graph, "ADDED", pod("b", "n1"))
    delta = difference(before, layout.scene(graph))
    assert list(delta["put"]["items"]) == ["Pod/chat/b"]
    assert set(delta["set"]) == {"alt"}

import re
import xml.dom.minidom

from k8slab.topology import change_placement, control_plane, ownership, placement
from k8slab.views.export import to_html
from k8slab.views.layout import PlacementLayout, control_plane_scene, ownership_scene
from k8slab.views.look import LOOK
from k8slab.views.picture import picture_html, svg
from k8slab.views.scene import difference


def node(name: str) -> dict:
    return {"kind": "Node", "metadata": {"name": name}}


def pod(name: str, on: str = "", created: str = "") -> dict:
    meta = {"name": name, "namespace": "chat", "creationTimestamp": created}
    return {"kind": "Pod", "metadata": meta, "spec": {"nodeName": on}, "status": {"phase": "Running"}}


def place(scene: dict, name: str) -> tuple[float, float]:
    item = scene["items"][f"Pod/chat/{name}"]
    return item["x"], item["y"]


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


def test_every_state_has_a_look_of_its_own() -> None:
    looks = [(look.path, look.hollow, look.dashed) for look in LOOK.values()]
    assert len(set(looks)) == len(looks), "shape alone must tell states apart"


def test_a_picture_is_well_formed_and_says_what_it_shows() -> None:
    for scene in (
        PlacementLayout().scene(placement([node("n<1>")], [pod("a", "n<1>")])),
        control_plane_scene(control_plane([node("n1")])),
        ownership_scene(ownership([pod("a")])),
    ):
        assert xml.dom.minidom.parseString(svg(scene)).getElementsByTagName("desc")[0].firstChild.data == scene["alt"]
        assert 'alt="' in picture_html(scene)


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

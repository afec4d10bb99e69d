"""Questions answered on the picture."""

from k8slab.topology import TOPOLOGIES, Choice, build, collapse
from k8slab.topology.kinds import SCHEMAS
from k8slab.views.commands import object_commands, view_command
from k8slab.views.focus import QUESTIONS, focus, on_picture


def pod(name, node, secret=""):
    owner = [{"kind": "ReplicaSet", "name": "web-abc", "controller": True}]
    meta = {"name": name, "namespace": "x", "labels": {"app": "web", "pod-template-hash": "abc"}, "ownerReferences": owner}
    source = [{"secretRef": {"name": secret}}] if secret else []
    return {"kind": "Pod", "metadata": meta, "spec": {"nodeName": node, "containers": [{"name": "c", "envFrom": source}]}}


def node(name, zone):
    return {"kind": "Node", "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}}}


SERVICE = {
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "x"},
    "spec": {"selector": {"app": "web"}, "type": "NodePort"},
}
OF_WEB = {"kubernetes.io/service-name": "web"}
SLICE = {"kind": "EndpointSlice", "metadata": {"name": "web-1", "namespace": "x", "labels": OF_WEB},
         "endpoints": [{"targetRef": {"kind": "Pod", "name": n, "namespace": "x"}} for n in ("a", "b")]}  # fmt: skip
SECRET = {"kind": "Secret", "metadata": {"name": "s", "namespace": "x"}}
WORLD = [node("n1", "z"), node("n2", "z"), pod("a", "n1", "s"), pod("b", "n2"), SERVICE, SLICE, SECRET]


def test_a_zone_that_carries_a_service_alone_is_named_with_it() -> None:
    answer = focus("single-points", WORLD)
    assert answer["items"] == {"Zone/z": "cause", "Service/x/web": "down"}
    assert answer["lines"] == ["Zone/z alone carries Service/x/web."]


def test_a_lost_secret_hurts_the_pods_that_read_it_but_not_yet() -> None:
    answer = focus("blast", WORLD, "Secret/x/s")
    assert answer["items"]["Pod/x/a"] == "lost"
    assert "Pod/x/b" not in answer["items"]
    assert "Service/x/web keeps 1 of 2 pods." in answer["lines"]
    assert "start again" in answer["lines"][-1]


def test_a_request_comes_from_outside_through_the_chosen_one_to_a_node() -> None:
    answer = focus("path", WORLD, "Service/x/web")
    assert answer["lines"][0] == "Client/outside → Service/x/web → EndpointSlice/x/web-1 → Pod/x/a → Node/n1"
    assert answer["links"]["EndpointSlice/x/web-1>Pod/x/a"] == "path"


def test_a_question_about_something_asks_for_it_first() -> None:
    assert "Choose something" in focus("blast", WORLD)["lines"][0]


def test_every_question_has_an_answer_for_an_empty_cluster() -> None:
    for question in QUESTIONS:
        assert focus(question, [], "Pod/x/a")["lines"]


def test_what_stands_in_a_group_marks_the_group() -> None:
    picture = collapse(build(SCHEMAS["traffic"], WORLD), list(build(SCHEMAS["traffic"], WORLD)))
    answer = on_picture(focus("path", WORLD, "Service/x/web"), picture)
    assert answer["items"]["Pods/x/Deployment/web"] == "path"
    assert "EndpointSlice/x/web-1>Pods/x/Deployment/web" in answer["links"]


def test_the_command_beside_a_picture_asks_for_the_same() -> None:
    traffic, zones = TOPOLOGIES["traffic"], TOPOLOGIES["zones"]
    assert view_command(traffic, Choice("")).endswith("-o wide -A")
    assert view_command(traffic, Choice("x", "app in (a,b)")).endswith("-o wide -n x -l 'app in (a,b)'")
    assert view_command(traffic, Choice("x", "web")).endswith("| grep web")
    assert view_command(zones, Choice("y")) == "kubectl get nodes -L topology.kubernetes.io/zone"


def test_the_commands_of_an_object_name_its_namespace_for_a_terminal_knows_nothing_of_the_lab() -> None:
    assert ["What it says", "kubectl logs web -n y"] in object_commands("Pod", "web", "y")
    assert all("-n" not in command for _, command in object_commands("PersistentVolume", "v", ""))

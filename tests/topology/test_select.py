"""What a filter shows: the matches and what they are connected to, nothing of the cluster's own unless asked."""

import pytest

from k8slab.errors import K8slabError
from k8slab.topology import SCHEMAS, Choice, build, collapse, select
from k8slab.topology.select import is_system
from k8slab.views.look import worst


def pod(name, app="", node="n1", namespace="x", owner="", phase="Running"):
    meta = {"name": name, "namespace": namespace, "labels": {"app": app} if app else {}}
    if owner:
        meta["ownerReferences"] = [{"kind": "ReplicaSet", "name": f"{owner}-abc", "controller": True}]
        meta["labels"] = {**meta["labels"], "pod-template-hash": "abc"}
    return {"kind": "Pod", "metadata": meta, "spec": {"nodeName": node}, "status": {"phase": phase}}


def service(name, app, namespace="x"):
    return {"kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": {"selector": {"app": app}}}


def node(name, zone="a"):
    return {"kind": "Node", "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}}}


def rbac(kind, name, namespace="", **more):
    meta = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"kind": kind, "metadata": meta, **more}


def bound(name, role, *subjects, namespace="x"):
    who = [{"kind": "User", "name": s} for s in subjects]
    return rbac("RoleBinding", name, namespace, subjects=who, roleRef={"kind": "ClusterRole", "name": role})


TRAFFIC = build(SCHEMAS["traffic"], [
    pod("web-1", "web"), pod("web-2", "web", "n2"), pod("db", "db", "n2"), service("web", "web"), service("db", "db"),
    pod("dns", "dns", namespace="kube-system"), service("dns", "dns", "kube-system"), node("n1"), node("n2"),
])  # fmt: skip


def test_the_clusters_own_objects_are_shown_only_when_asked_for():
    assert not any("kube-system" in key for key in select(TRAFFIC, Choice()))
    assert "Service/kube-system/dns" in select(TRAFFIC, Choice(system=True))


def test_a_namespace_brings_the_nodes_it_runs_on_and_nothing_of_other_namespaces():
    assert set(select(TRAFFIC, Choice("kube-system", system=True))) == {
        "Pod/kube-system/dns", "Service/kube-system/dns", "Node/n1",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["app=db", "db", "DB", "app in (db)", "app,app!=web"])
def test_a_match_brings_its_way_forward_and_back(text):
    shown = set(select(TRAFFIC, Choice(text=text)))
    assert shown == {"Service/x/db", "Pod/x/db", "Node/n2"}, "and not the other pod of that node"


def test_a_hidden_kind_is_left_out_whatever_it_is_connected_to():
    assert not any(key.startswith("Node/") for key in select(TRAFFIC, Choice(hidden=frozenset({"Node"}))))
    assert Choice().toggled("Node").toggled("Node") == Choice()


def test_a_selector_that_is_none_is_told_with_an_example():
    with pytest.raises(K8slabError, match=r"'app=web,' is no label selector.*Examples: app=web"):
        select(TRAFFIC, Choice(text="app=web,"))


def test_a_builtin_role_is_shown_as_soon_as_somebody_of_ours_is_bound_to_it():
    builtin = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
    view = rbac("ClusterRole", "view", rules=[{"verbs": ["get"], "resources": ["pods"]}])
    edit = rbac("ClusterRole", "edit", rules=[{"verbs": ["delete"], "resources": ["pods"]}])
    for role in (view, edit):
        role["metadata"] |= builtin
    graph = build(SCHEMAS["access"], [view, edit, bound("zoe-views", "view", "zoe")])
    assert set(select(graph, Choice())) == {"User/zoe", "RoleBinding/x/zoe-views", "ClusterRole/view", "Permission/get pods"}


def test_nodes_are_nobodys_system_objects():
    assert not is_system({"kind": "Node", "name": "n1", "namespace": "", "object": {}})


OWNED = build(SCHEMAS["traffic"], [
    *(pod(f"web-{i}", "web", f"n{i % 2}", owner="web", phase="Failed" if i == 1 else "Running") for i in range(5)),
    pod("bare", "web"), service("web", "web"), node("n0"), node("n1"),
])  # fmt: skip


def test_pods_of_a_deployment_stand_together_and_say_what_ails_one_of_them():
    picture = collapse(OWNED, OWNED, (), worst)
    group = picture.nodes["Pods/x/Deployment/web"]
    assert (group["status"], group["state"], group["states"]["failed"]) == ("5 pods", "failed", 1)
    assert picture.edges["Service/x/web", "Pods/x/Deployment/web"]["count"] == 5
    assert picture.edges["Pods/x/Deployment/web", "Node/n0"]["count"] == 3
    assert "Pod/x/bare" in picture


def test_an_expanded_group_shows_its_few_members_apart():
    picture = collapse(OWNED, OWNED, {"Pods/x/Deployment/web"}, worst)
    assert "Pods/x/Deployment/web" not in picture
    assert picture.nodes["Pod/x/web-3"]["group"] == "Pods/x/Deployment/web"


def test_an_expanded_group_of_many_shows_them_inside():
    picture = collapse(OWNED, OWNED, {"Pods/x/Deployment/web"}, worst, apart=4)
    assert picture.nodes["Pods/x/Deployment/web"]["open"]
    assert len(picture.nodes["Pods/x/Deployment/web"]["members"]) == 5


def test_more_nodes_than_one_can_read_stand_together_by_zone():
    graph = build(SCHEMAS["traffic"], [node(f"n{i}", "ab"[i % 2]) for i in range(20)])
    assert {a["name"]: len(a["members"]) for _, a in collapse(graph, graph).nodes(data=True)} == {"a": 10, "b": 10}

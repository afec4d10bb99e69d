"""A graph that took events is the graph of what is there at the end."""

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.topology import (
    SCHEMAS,
    blast_radius,
    build,
    change_graph,
    orphans,
    reachability,
    request_path,
    single_points,
    to_dot,
    to_graphml,
    to_html,
    to_json,
    traffic,
    unreachable_services,
)

NAMES = st.sampled_from(["a", "b", "c"])


def _pod(name, label, node="", config=""):
    spec = {"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": config}}] if config else []}]}
    if node:
        spec["nodeName"] = node
    meta = {"name": name, "namespace": "x", "labels": {"app": label}}
    return {"kind": "Pod", "metadata": meta, "spec": spec}


def _node(name, zone):
    return {"kind": "Node", "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}}}


def _service(name, label):
    return {"kind": "Service", "metadata": {"name": name, "namespace": "x"}, "spec": {"selector": {"app": label}}}


def _slice(name, pod, ready=True):
    meta = {"name": f"{name}-1", "namespace": "x", "labels": {"kubernetes.io/service-name": name}}
    endpoint = {"conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": pod, "namespace": "x"}}
    return {"kind": "EndpointSlice", "metadata": meta, "endpoints": [endpoint]}


def _binding(name, subject, role):
    return {"kind": "ClusterRoleBinding", "metadata": {"name": name}, "subjects": [{"kind": "User", "name": subject}],
            "roleRef": {"kind": "ClusterRole", "name": role}}  # fmt: skip


def _role(name, resource):
    return {"kind": "ClusterRole", "metadata": {"name": name}, "rules": [{"verbs": ["get"], "resources": [resource]}]}


def _config(name):
    return {"kind": "ConfigMap", "metadata": {"name": name, "namespace": "x"}}


OBJECTS = st.one_of(
    st.builds(_pod, NAMES, NAMES, NAMES, NAMES), st.builds(_node, NAMES, NAMES), st.builds(_service, NAMES, NAMES),
    st.builds(_slice, NAMES, NAMES), st.builds(_binding, NAMES, NAMES, NAMES), st.builds(_role, NAMES, NAMES),
    st.builds(_config, NAMES),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SCHEMAS)), st.lists(st.tuples(st.sampled_from(["MODIFIED", "DELETED"]), OBJECTS), max_size=25))
def test_incremental_equals_rebuilt(name, events):
    live, there = build(SCHEMAS[name], []), {}
    for change, obj in events:
        change_graph(live, change, obj)
        key = (obj["kind"], obj["metadata"]["name"])
        there.pop(key, None) if change == "DELETED" else there.update({key: obj})
    fresh = build(SCHEMAS[name], there.values())
    assert dict(live.nodes(data=True)) == dict(fresh.nodes(data=True))
    assert {(u, v): d for u, v, d in live.edges(data=True)} == {(u, v): d for u, v, d in fresh.edges(data=True)}


WORLD = [_node("n1", "z1"), _node("n2", "z1"), _pod("a", "web", "n1", "conf"), _pod("b", "web", "n2"), _pod("c", "db", "n1"),
         _service("web", "web"), _service("db", "db"), _slice("web", "a"), _slice("db", "c", ready=False), _config("conf"),
         _config("left")]  # fmt: skip


def test_a_zone_and_the_only_pod_are_single_points():
    points = dict(single_points(WORLD))
    assert points["Zone/z1"] == ("Service/x/db", "Service/x/web")
    assert points["Node/n1"] == ("Service/x/db",)
    assert "Node/n2" not in points


def test_blast_radius_counts_what_is_lost():
    assert blast_radius(WORLD, "Node/n1").services == (("Service/x/db", 1, 1), ("Service/x/web", 1, 2))
    assert blast_radius(WORLD, "Node/n1").down == ("Service/x/db",)
    assert blast_radius(WORLD, "ConfigMap/x/conf").pods == ("Pod/x/a",)
    assert len(blast_radius(WORLD, "Zone/z1").pods) == 3


def test_requests_go_through_ready_endpoints_only():
    graph = traffic(WORLD)
    assert request_path(graph, "Service/x/web", "Node/n1") == ["Service/x/web", "EndpointSlice/x/web-1", "Pod/x/a", "Node/n1"]
    assert request_path(graph, "Service/x/db", "Pod/x/c") == []
    assert unreachable_services(graph) == ["Service/x/db"]


def test_a_configmap_that_nobody_reads_is_an_orphan():
    assert orphans(WORLD)["ConfigMap/x/left"] == "no pod uses it"
    assert "ConfigMap/x/conf" not in orphans(WORLD)


def test_a_policy_without_rules_closes_a_pod():
    deny = {"metadata": {"name": "deny", "namespace": "x"}, "spec": {"podSelector": {"matchLabels": {"app": "db"}}}}
    graph = reachability([_pod("a", "web"), _pod("c", "db")], [deny])
    assert not graph.edges["Pod/x/a", "Pod/x/c"]["declared"]
    assert graph.edges["Pod/x/c", "Pod/x/a"]["declared"]


def test_exports_read_back():
    graph = traffic(WORLD)
    assert set(nx.parse_graphml(to_graphml(graph))) == set(graph)
    assert '"Service/x/web"' in to_dot(graph)
    assert "Service/x/web" in to_json(graph)
    page = to_html(graph)
    assert 'src="http' not in page
    assert 'href="http' not in page

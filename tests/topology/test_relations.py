"""A graph that took events is the graph of what is there at the end."""

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.topology import (
    SCHEMAS,
    blast_radius,
    build,
    change_graph,
    change_placement,
    change_reachability,
    orphans,
    placement,
    reach_differences,
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


def _pod(name, label, node="", config="", owner=""):
    spec = {"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": config}}] if config else []}]}
    if node:
        spec["nodeName"] = node
    meta = {"name": name, "namespace": "x", "labels": {"app": label}}
    if owner:
        meta["ownerReferences"] = [{"kind": "ReplicaSet", "name": owner, "controller": True}]
    return {"kind": "Pod", "metadata": meta, "spec": spec}


def _replica_set(name, replicas):
    return {"kind": "ReplicaSet", "metadata": {"name": name, "namespace": "x"}, "spec": {"replicas": replicas}}


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
    st.builds(_pod, NAMES, NAMES, NAMES, NAMES, NAMES), st.builds(_replica_set, NAMES, st.integers(0, 2)),
    st.builds(_node, NAMES, NAMES), st.builds(_service, NAMES, NAMES),
    st.builds(_slice, NAMES, NAMES), st.builds(_binding, NAMES, NAMES, NAMES), st.builds(_role, NAMES, NAMES),
    st.builds(_config, NAMES),
)  # fmt: skip


CHANGES = st.sampled_from(["MODIFIED", "DELETED"])


def _same(one, other):
    assert dict(one.nodes(data=True)) == dict(other.nodes(data=True))
    assert {(u, v): d for u, v, d in one.edges(data=True)} == {(u, v): d for u, v, d in other.edges(data=True)}


def _after(events):
    there = {}
    for change, obj in events:
        key = (obj["kind"], obj["metadata"]["name"])
        there.pop(key, None) if change == "DELETED" else there.update({key: obj})
    return list(there.values())


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SCHEMAS)), st.lists(st.tuples(CHANGES, OBJECTS), max_size=25))
def test_incremental_equals_rebuilt(name, events):
    live = build(SCHEMAS[name], [])
    for change, obj in events:
        change_graph(live, change, obj)
    _same(live, build(SCHEMAS[name], _after(events)))


PLACED = st.one_of(st.builds(_pod, NAMES, NAMES, st.sampled_from(["", "a", "b"])), st.builds(_node, NAMES, NAMES))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CHANGES, PLACED), max_size=25))
def test_placement_that_took_events_is_the_placement_of_what_is_there(events):
    live = placement((), ())
    for change, obj in events:
        change_placement(live, change, obj)
    there = _after(events)
    _same(live, placement([o for o in there if o["kind"] == "Node"], [o for o in there if o["kind"] == "Pod"]))
    _same(live, placement((), there[::-1]))


def _policy(name, label, frm):
    spec = {
        "podSelector": {"matchLabels": {"app": label}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": frm}}}]}],
    }
    return {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "x"}, "spec": spec}


def _space(team):
    return {"kind": "Namespace", "metadata": {"name": "x", "labels": {"team": team}}}


POLICED = st.one_of(st.builds(_pod, NAMES, NAMES), st.builds(_policy, NAMES, NAMES, NAMES), st.builds(_space, NAMES))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CHANGES, POLICED), max_size=20))
def test_reachability_that_took_events_is_the_reachability_of_what_is_there(events):
    live = reachability((), ())
    for change, obj in events:
        change_reachability(live, change, obj)
    pods, policies, spaces = ([o for o in _after(events) if o["kind"] == k] for k in ("Pod", "NetworkPolicy", "Namespace"))
    _same(live, reachability(pods, policies, spaces))


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


def test_a_pair_is_asked_about_the_port_where_the_target_listens():
    rule = {"from": [{"podSelector": {}}], "ports": [{"port": 8080}]}
    policy = {"metadata": {"name": "door", "namespace": "x"}, "spec": {"podSelector": {}, "ingress": [rule]}}
    served = _pod("c", "db")
    served["spec"] = {**served["spec"], "containers": [{"name": "c", "ports": [{"containerPort": 8080}]}]}
    graph = reachability([_pod("a", "web"), served], [policy])
    assert graph.edges["Pod/x/a", "Pod/x/c"]["declared"]
    assert not graph.edges["Pod/x/c", "Pod/x/a"]["declared"]
    assert not reachability([_pod("a", "web"), served], [policy], port=9090).edges["Pod/x/a", "Pod/x/c"]["declared"]


def test_a_flow_that_came_through_is_observed_though_refused():
    deny = {"metadata": {"name": "deny", "namespace": "x"}, "spec": {"podSelector": {"matchLabels": {"app": "db"}}}}
    graph = reachability([_pod("a", "web"), _pod("c", "db")], [deny])
    source = {"kind": "Pod", "namespace": "x", "name": "a"}
    flow = {"kind": "Flow", "metadata": {"name": "f", "namespace": "x"}, "spec": {"source": source, "target": "x/c"}}
    change_reachability(graph, "ADDED", {**flow, "status": {"verdict": "timeout"}})
    assert graph.edges["Pod/x/a", "Pod/x/c"]["observed"] is False
    change_reachability(graph, "ADDED", {**flow, "status": {"verdict": "answered 200"}})
    assert graph.edges["Pod/x/a", "Pod/x/c"]["observed"] is True
    assert reach_differences(graph) == [("Pod/x/a", "Pod/x/c", "observed, though policies refuse it: are they enforced?")]


def test_exports_read_back():
    graph = traffic(WORLD)
    assert set(nx.parse_graphml(to_graphml(graph))) == set(graph)
    assert '"Service/x/web"' in to_dot(graph)
    assert "Service/x/web" in to_json(graph)
    page = to_html(graph)
    assert 'src="http' not in page
    assert 'href="http' not in page

"""NetworkPolicy: what policies say about a connection, by example and against brute force."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.sim.network.policy import Peer, judge, policy_types

NAMESPACES = {"chat": {"team": "chat"}, "ops": {"team": "ops", "env": "prod"}}


def pod(name, namespace="chat", ip="10.0.0.1", ports=(), node="n1", host=False, **labels):
    containers = [{"name": "c", "ports": [{"name": n, "containerPort": p} for n, p in ports]}]
    spec = {"containers": containers, "hostNetwork": host}
    body = {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": spec}
    return Peer(ip, body, NAMESPACES[namespace], node)


def policy(name="p", namespace="chat", select=None, **spec):
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"podSelector": select or {}, **spec}}


def allowed(policies, source, target, port=80, protocol="TCP"):
    return judge(policies, source, target, port, protocol)[-1].allowed


WEB = pod("web", ip="10.0.0.2", ports=[("http", 80)], app="web")
BOX = pod("box", ip="10.0.0.3", app="box")
MONITOR = pod("monitor", "ops", ip="10.0.1.4", app="monitor")
WORLD = Peer("192.0.2.7")

DENY = policy("deny", policyTypes=["Ingress"])
OPS = {"namespaceSelector": {"matchLabels": {"team": "ops"}}}


def ingress(*rules, **more):
    return policy(ingress=list(rules), **more)


@pytest.mark.parametrize(
    ("policies", "source", "port", "expected"),
    [
        ([], BOX, 80, True),
        ([DENY], BOX, 80, False),
        ([DENY], WEB, 80, True),
        ([policy(namespace="ops", policyTypes=["Ingress"])], BOX, 80, True),
        ([policy(select={"matchLabels": {"app": "db"}}, policyTypes=["Ingress"])], BOX, 80, True),
        ([ingress({})], WORLD, 80, True),
        ([DENY, ingress({"from": [{"podSelector": {"matchLabels": {"app": "box"}}}]})], BOX, 80, True),
        ([ingress({"from": [{"podSelector": {}}]})], MONITOR, 80, False),
        ([ingress({"from": [{"podSelector": {}}]})], WORLD, 80, False),
        ([ingress({"from": [OPS]})], MONITOR, 80, True),
        ([ingress({"from": [OPS]})], BOX, 80, False),
        ([ingress({"from": [{**OPS, "podSelector": {"matchLabels": {"app": "other"}}}]})], MONITOR, 80, False),
        ([ingress({"from": [OPS, {"podSelector": {"matchLabels": {"app": "other"}}}]})], MONITOR, 80, True),
        ([ingress({"from": [{"namespaceSelector": {}}]})], BOX, 80, True),
        ([ingress({"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]})], WORLD, 80, True),
        ([ingress({"from": [{"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.0/28"]}}]})], WORLD, 80, False),
        ([ingress({"from": [{"ipBlock": {"cidr": "10.0.1.0/24"}}]})], MONITOR, 80, True),
        ([ingress({"ports": [{"port": 80}]})], BOX, 80, True),
        ([ingress({"ports": [{"port": 80}]})], BOX, 81, False),
        ([ingress({"ports": [{"port": "http"}]})], BOX, 80, True),
        ([ingress({"ports": [{"port": "http"}]})], BOX, 81, False),
        ([ingress({"ports": [{"port": 8000, "endPort": 8010}]})], BOX, 8010, True),
        ([ingress({"ports": [{"port": 8000, "endPort": 8010}]})], BOX, 8011, False),
        ([ingress({"ports": [{"port": 80, "protocol": "UDP"}]})], BOX, 80, False),
        ([ingress({"ports": [{"protocol": "TCP"}]})], BOX, 4711, True),
        ([DENY], Peer("172.18.0.2", node="n1"), 80, True),
        ([DENY], Peer("172.18.0.3", node="n2"), 80, False),
        ([DENY], pod("agent", ip="172.18.0.2", host=True), 80, True),
        ([ingress({"from": [{"podSelector": {}}]})], pod("agent", ip="172.18.0.3", node="n2", host=True), 80, False),
    ],
)  # fmt: skip
def test_who_may_reach_the_web_pod(policies, source, port, expected):
    assert allowed(policies, source, WEB, port) is expected


def test_egress_is_judged_at_the_source_and_first():
    closed = policy("closed", select={"matchLabels": {"app": "box"}}, policyTypes=["Egress"])
    verdicts = judge([closed, DENY], BOX, WEB, 80)
    assert [(v.direction, v.allowed, v.policy) for v in verdicts] == [("Egress", False, "chat/closed")]


def test_a_named_port_in_egress_is_looked_up_at_the_target():
    rule = {"ports": [{"port": "http"}]}
    assert allowed([policy(policyTypes=["Egress"], egress=[rule])], BOX, WEB, 80)
    assert not allowed([policy(policyTypes=["Egress"], egress=[rule])], BOX, WORLD, 80)


def test_the_verdict_names_the_policy_and_the_rule():
    other = ingress({"from": [OPS]}, {"from": [{"podSelector": {}}]}, name="some")
    verdict = judge([DENY, other], BOX, WEB, 80)[-1]
    assert (verdict.policy, verdict.rule, verdict.isolating) == ("chat/some", 1, ("chat/deny", "chat/some"))
    assert verdict.text == "chat/some allows it: ingress[1]"
    refused = judge([DENY], BOX, WEB, 80)[-1]
    assert refused.text == "chat/web is isolated by chat/deny, and no ingress rule allows it"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ["Ingress"]),
        ({"egress": [{}]}, ["Ingress", "Egress"]),
        ({"ingress": [{}], "policyTypes": ["Egress"]}, ["Egress"]),
    ],
)
def test_policy_types_if_nothing_is_said(spec, expected):
    assert policy_types(policy(**spec)) == expected


# --- against brute force: every selector, address and port spelled out as a set ---

_apps, _teams = st.sampled_from("ab"), st.sampled_from(["chat", "ops"])
_selector = st.one_of(
    st.just({}),
    _apps.map(lambda v: {"matchLabels": {"app": v}}),
    _apps.map(lambda v: {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": [v]}]}),
)
_spaces = st.one_of(st.just({}), _teams.map(lambda v: {"matchLabels": {"team": v}}))
_block = st.sampled_from([{"cidr": "10.0.0.0/29"}, {"cidr": "10.0.0.0/28", "except": ["10.0.0.4/30"]}, {"cidr": "0.0.0.0/0"}])
_peer = st.one_of(
    _selector.map(lambda s: {"podSelector": s}),
    _spaces.map(lambda s: {"namespaceSelector": s}),
    st.tuples(_spaces, _selector).map(lambda s: {"namespaceSelector": s[0], "podSelector": s[1]}),
    _block.map(lambda b: {"ipBlock": b}),
)
_port = st.sampled_from([{}, {"port": 80}, {"port": 80, "endPort": 82}, {"port": "web"}, {"port": 80, "protocol": "UDP"}])


def _rule(peers):
    return st.fixed_dictionaries({}, optional={peers: st.lists(_peer, max_size=2), "ports": st.lists(_port, max_size=2)})


_policy = st.builds(
    lambda number, namespace, select, types, ins, outs: policy(
        f"p{number}", namespace, select, ingress=ins, egress=outs, **({"policyTypes": types} if types else {})
    ),
    st.integers(0, 9), _teams, _selector,
    st.sampled_from([[], ["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
    st.lists(_rule("from"), max_size=2), st.lists(_rule("to"), max_size=2),
)  # fmt: skip
_pod = st.builds(
    lambda number, namespace, app: pod(
        f"x{number}", namespace, f"10.0.0.{number}", [("web", 80 + number % 3)], node=f"n{number % 2}", app=app
    ),
    st.integers(1, 14), _teams, _apps,
)  # fmt: skip


def brute_force(policies, source, target, port):
    """Spell out all (source address, port) pairs that each policy admits, and look the connection up in their union."""

    def holds(selector, found):
        equal = selector.get("matchLabels", {}).items() <= found.items()
        return equal and all(found.get(e["key"]) not in e["values"] for e in selector.get("matchExpressions", ()))

    def about(p):
        return p["spec"].get("policyTypes") or (["Ingress", "Egress"] if p["spec"]["egress"] else ["Ingress"])

    def peer_ok(p, peer, other):
        if "ipBlock" in peer:
            addresses = set(ip_network(peer["ipBlock"]["cidr"])) if peer["ipBlock"]["cidr"] != "0.0.0.0/0" else None
            holes = {a for hole in peer["ipBlock"].get("except", ()) for a in ip_network(hole)}
            return (addresses is None or ip_address(other.ip) in addresses) and ip_address(other.ip) not in holes
        meta = other.pod["metadata"]
        if "namespaceSelector" in peer and not holds(peer["namespaceSelector"], NAMESPACES[meta["namespace"]]):
            return False
        if "namespaceSelector" not in peer and meta["namespace"] != p["metadata"]["namespace"]:
            return False
        return holds(peer.get("podSelector", {}), meta["labels"])

    def numbers(entry):
        if entry.get("protocol") == "UDP":
            return set()
        named = {e["containerPort"] for e in target.pod["spec"]["containers"][0]["ports"] if e["name"] == entry.get("port")}
        if isinstance(entry.get("port"), int):
            return set(range(entry["port"], entry.get("endPort", entry["port"]) + 1))
        return named if "port" in entry else set(range(70, 100))

    def side(direction, subject, other, rules, peers):
        meta = subject.pod["metadata"]
        chosen = [
            p
            for p in policies
            if direction in about(p)
            and p["metadata"]["namespace"] == meta["namespace"]
            and holds(p["spec"]["podSelector"], meta["labels"])
        ]
        return not chosen or any(
            (not rule.get(peers) or any(peer_ok(p, e, other) for e in rule[peers]))
            and (not rule.get("ports") or port in set().union(*map(numbers, rule["ports"])))
            for p in chosen
            for rule in p["spec"][rules]
        )

    if source.ip == target.ip:
        return True
    return side("Egress", source, target, "egress", "to") and side("Ingress", target, source, "ingress", "from")


@settings(max_examples=300, deadline=None)
@given(st.lists(_policy, max_size=4), _pod, _pod, st.integers(79, 84))
def test_the_verdict_equals_brute_force(policies, source, target, port):
    assert allowed(policies, source, target, port) == brute_force(policies, source, target, port)

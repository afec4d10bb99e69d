"""The verdicts of policies.golden.yaml, each held against its upstream source: every pair of nine pods in three namespaces."""

from itertools import product
from pathlib import Path

import pytest
import yaml

from k8slab.sim.network.policy import Peer, judge

CASES = yaml.safe_load((Path(__file__).with_name("policies.golden.yaml")).read_text())
PORTS = [(f"serve-{n}-{p.lower()}", n, p) for n in (80, 81) for p in ("TCP", "UDP")]


def _peer(number: int, namespace: str, name: str) -> Peer:
    ports = [{"name": n, "containerPort": port, "protocol": protocol} for n, port, protocol in PORTS]
    pod = {
        "metadata": {"name": name, "namespace": namespace, "labels": {"pod": name}},
        "spec": {"containers": [{"name": "c", "ports": ports}]},
    }
    return Peer(f"10.0.0.{number}", pod, {"ns": namespace, "kubernetes.io/metadata.name": namespace}, f"n{number % 2}")


PODS = {f"{ns}/{name}": _peer(n, ns, name) for n, (ns, name) in enumerate(product("xyz", "abc"), 10)}


def policies_of(case):
    text = yaml.safe_dump(case["policies"])
    for key, peer in PODS.items():
        text = text.replace(f"{{{key}}}", peer.ip)
    for number, given in enumerate(yaml.safe_load(text)):
        spec = {k: v for k, v in given.items() if k not in ("ns", "select")}
        selector = {"matchLabels": given["select"]} if given["select"] else {}
        yield {"metadata": {"name": f"p{number}", "namespace": given["ns"]}, "spec": {"podSelector": selector, **spec}}


def expected(case):
    """Return what the lines of a case say about each pair, the last one counting."""
    found = dict.fromkeys(product(PODS, PODS), True)
    for line in case["expect"]:
        pair, _, answer = line.rpartition(": ")
        one, _, other = pair.partition(" -> ")
        for source, target in found:
            if _is(one, source) and _is(other, target):
                found[source, target] = answer == "yes"
    return {pair: allowed or pair[0] == pair[1] for pair, allowed in found.items()}


def _is(pattern: str, pod: str) -> bool:
    return pattern in ("*", pod) or (pattern.endswith("/*") and pod.startswith(pattern[:-1]))


@pytest.mark.parametrize("case", CASES, ids=[case["source"] for case in CASES])
def test_verdicts_are_upstreams(case):
    policies = list(policies_of(case))
    port, protocol = case.get("port", 80), case.get("protocol", "TCP")
    judged = {
        (source, target): judge(policies, PODS[source], PODS[target], port, protocol)[-1].allowed
        for source, target in product(PODS, PODS)
    }
    assert judged == expected(case)

"""What Pods ask for in sum, which nodes allow them, which taints they bear."""

from fractions import Fraction

import pytest

from k8slab.apimachinery.intstr import scaled_value
from k8slab.apimachinery.node_affinity import allows_node
from k8slab.apimachinery.podresources import pod_amounts
from k8slab.apimachinery.taints import tolerates, toleration_seconds
from k8slab.apimachinery.types import Object, deep_copy

NODE: Object = {"metadata": {"name": "worker-1", "labels": {"disk": "ssd", "cpus": "8"}}}
GPU = {"key": "gpu", "value": "a100", "effect": "NoExecute"}


def asking(cpu: str, **more: object) -> Object:
    return {"resources": {"requests": {"cpu": cpu}}, **more}


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"containers": [asking("1"), asking("500m")]}, Fraction(3, 2)),
        ({"containers": [asking("1")], "initContainers": [asking("3"), asking("2")]}, 3),
        ({"containers": [asking("1")], "initContainers": [asking("1", restartPolicy="Always"), asking("3")]}, 4),
        ({"containers": [asking("4")], "initContainers": [asking("1", restartPolicy="Always"), asking("3")]}, 5),
        ({"containers": [asking("1")], "overhead": {"cpu": "250m"}}, Fraction(5, 4)),
        ({"containers": [asking("1")], **asking("7")}, 7),
    ],
)
def test_a_pod_asks_for_the_most_it_needs_at_a_time(spec: Object, cpu: Fraction) -> None:
    assert pod_amounts(spec, "requests") == {"cpu": cpu}


def required(*terms: Object) -> Object:
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}}}


def expression(key: str, operator: str, *values: str) -> Object:
    return {"key": key, "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({}, True),
        ({"nodeSelector": {"disk": "ssd"}}, True),
        ({"nodeSelector": {"disk": "hdd"}}, False),
        (required({"matchExpressions": [expression("disk", "In", "ssd"), expression("cpus", "Gt", "4")]}), True),
        (required({"matchExpressions": [expression("disk", "In", "ssd"), expression("cpus", "Lt", "4")]}), False),
        (required({"matchExpressions": [expression("disk", "Exists")]}, {"matchFields": []}), True),
        (required({"matchFields": [expression("metadata.name", "In", "worker-2")]}), False),
        (required({}), False),
        (required(), False),
    ],
)
def test_terms_are_alternatives_and_a_term_is_all_of_its_expressions(spec: Object, allowed: bool) -> None:
    assert allows_node(spec, NODE) is allowed


@pytest.mark.parametrize(
    ("toleration", "covered"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "value": "a100"}, True),
        ({"key": "gpu", "value": "h100"}, False),
        ({"key": "gpu"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, False),
        ({"key": "disk", "operator": "Exists"}, False),
    ],
)
def test_a_toleration_covers_a_taint(toleration: Object, covered: bool) -> None:
    assert tolerates(toleration, GPU) is covered


def test_the_shortest_toleration_counts() -> None:
    forever, short = {"operator": "Exists"}, {"key": "gpu", "operator": "Exists", "tolerationSeconds": 10}
    assert toleration_seconds([forever, short], GPU) == 10
    assert toleration_seconds([forever], GPU) == float("inf")
    assert toleration_seconds([], GPU) == 0


def test_percentages_are_rounded_the_way_that_is_asked_for() -> None:
    assert [scaled_value("30%", 10, up) for up in (True, False)] == [3, 3]
    assert [scaled_value("25%", 10, up) for up in (True, False)] == [3, 2]
    assert scaled_value(4, 10, True) == 4


def test_a_copy_shares_nothing_that_can_change() -> None:
    original: Object = {"a": [{"b": 1}], "c": {"d": []}}
    copy = deep_copy(original)
    copy["a"][0]["b"] = 2
    copy["c"]["d"].append(1)
    assert original == {"a": [{"b": 1}], "c": {"d": []}}

"""Kinds are found by path, name and kind; groups and versions come in upstream's order."""

from k8slab.sim.apiserver.resources import RESOURCES, Resource
from k8slab.sim.apiserver.scheme import Scheme

ROOM_V1 = Resource("chat.example", "v1", "Room", "rooms", "room", True)
ROOM_V1BETA1 = Resource("chat.example", "v1beta1", "Room", "rooms", "room", True)


def test_groups_come_in_upstreams_order_of_priority() -> None:
    assert [group.name for group in Scheme().groups()] == [
        "",
        "apiregistration.k8s.io",
        "apps",
        "events.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "networking.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "storage.k8s.io",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "scheduling.k8s.io",
        "coordination.k8s.io",
        "node.k8s.io",
        "discovery.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "resource.k8s.io",
        "storagemigration.k8s.io",
    ]


def test_the_newest_stable_version_is_preferred() -> None:
    autoscaling = next(group for group in Scheme().groups() if group.name == "autoscaling")
    assert autoscaling.versions == ("v2", "v1")
    scheme = Scheme([ROOM_V1BETA1, ROOM_V1])
    assert scheme.groups()[0].preferred == "v1"
    assert scheme.by_name("rooms.chat.example") is ROOM_V1


def test_a_kind_that_is_removed_is_gone_and_an_older_version_takes_its_place() -> None:
    scheme = Scheme([ROOM_V1, ROOM_V1BETA1])
    scheme.remove("chat.example", "v1", "rooms")
    assert scheme.get("chat.example", "v1", "rooms") is None
    assert scheme.by_kind("chat.example/v1", "Room") is None
    assert scheme.by_name("rooms.chat.example") is ROOM_V1BETA1
    scheme.remove("chat.example", "v1beta1", "rooms")
    assert scheme.by_name("rooms.chat.example") is None
    assert scheme.groups() == ()


def test_each_change_raises_the_generation() -> None:
    scheme = Scheme()
    before = scheme.generation
    scheme.add(ROOM_V1)
    assert scheme.generation > before


def test_custom_groups_come_after_the_built_in_ones_and_metrics_last() -> None:
    scheme = Scheme(
        [*RESOURCES, ROOM_V1, Resource("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", "", True, verbs=("get", "list"))]
    )
    scheme.set_group_priority("metrics.k8s.io", 100)
    assert [group.name for group in scheme.groups()][-2:] == ["chat.example", "metrics.k8s.io"]
    assert scheme.by_name("pods") is scheme.get("", "v1", "pods")
    assert scheme.by_name("pods.metrics.k8s.io") is not None


def test_events_of_both_groups_are_stored_as_core_events() -> None:
    scheme = Scheme()
    assert scheme.stored(scheme.by_name("events.events.k8s.io")).api_version == "v1"  # type: ignore[arg-type]
    assert scheme.stored(scheme.get("autoscaling", "v1", "horizontalpodautoscalers")).version == "v2"  # type: ignore[arg-type]

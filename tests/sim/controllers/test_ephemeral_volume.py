"""Claims of generic ephemeral volumes: made for their pod, and for nobody else."""

import pytest

from k8slab.sim.controllers.ephemeral_volume import EphemeralVolumeController
from tests.sim.controllers.world import World, template

CLAIMS = "persistentvolumeclaims"
SPEC = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


@pytest.fixture
def world():
    return World(EphemeralVolumeController)


def pod(world, name="web"):
    volume = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": SPEC}}}
    return world.create("pods", name, {**template()["spec"], "volumes": [volume]})


def test_the_claim_is_named_after_pod_and_volume_and_owned_by_the_pod(world):
    owner = pod(world)
    claim = world.get(CLAIMS, "web-scratch")
    assert claim["spec"]["resources"] == SPEC["resources"]
    assert claim["metadata"]["labels"] == {"a": "b"}
    assert claim["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Pod", "name": "web", "uid": owner["metadata"]["uid"], "controller": True,
         "blockOwnerDeletion": True}
    ]  # fmt: skip


def test_a_claim_of_that_name_that_belongs_to_nobody_is_left_alone(world):
    world.create(CLAIMS, "web-scratch", SPEC)
    pod(world)
    assert "ownerReferences" not in world.get(CLAIMS, "web-scratch")["metadata"]
    world.delete(CLAIMS, "web-scratch")
    world.settled(seconds=6)
    assert world.get(CLAIMS, "web-scratch")["metadata"]["ownerReferences"][0]["name"] == "web"


def test_pods_without_ephemeral_volumes_get_none(world):
    world.create("pods", "plain", template()["spec"])
    assert world.names(CLAIMS) == []

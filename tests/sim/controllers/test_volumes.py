"""Claims find volumes, and neither goes while it is in use."""

import pytest

from k8slab.sim.controllers.persistent_volume import PersistentVolumeBinder
from k8slab.sim.controllers.storage_protection import (
    AttributesClassProtectionController,
    ClaimProtectionController,
    VolumeProtectionController,
)
from tests.sim.controllers.world import World

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"


class Storage(World):
    def volume(self, name, size="1Gi", modes=("ReadWriteOnce",), **spec):
        wanted = {"capacity": {"storage": size}, "accessModes": list(modes), **spec}
        self.client.create(VOLUMES, {"metadata": {"name": name}, "spec": wanted})
        self.settled()

    def claim(self, name, size="1Gi", modes=("ReadWriteOnce",), **spec):
        return self.create(CLAIMS, name, {"accessModes": list(modes), "resources": {"requests": {"storage": size}}, **spec})

    def storage_class(self, name, provisioner="example.com/disk", mode="Immediate"):
        self.client.create(CLASSES, {"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode})

    def bound(self, name):
        found = self.get(CLAIMS, name)
        return found["spec"].get("volumeName") if found["status"]["phase"] == "Bound" else None

    def phase(self, name):
        return self.get(VOLUMES, name)["status"]["phase"]


@pytest.fixture
def world():
    return Storage(PersistentVolumeBinder)


def test_a_claim_takes_the_smallest_volume_that_is_large_enough(world):
    world.volume("small", "500Mi")
    world.volume("large", "10Gi")
    world.volume("right", "2Gi")
    world.claim("data", "1Gi")
    assert world.bound("data") == "right"
    assert (world.phase("right"), world.phase("large")) == ("Bound", "Available")
    claim, volume = world.get(CLAIMS, "data"), world.get(VOLUMES, "right")
    assert claim["status"] == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}}
    assert claim["metadata"]["annotations"] == {
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes",
    }
    assert (volume["spec"]["claimRef"]["name"], volume["spec"]["claimRef"]["uid"]) == ("data", claim["metadata"]["uid"])


@pytest.mark.parametrize(
    ("volume", "claim"),
    [
        ({"size": "1Gi"}, {"size": "2Gi"}),
        ({"modes": ["ReadWriteOnce"]}, {"modes": ["ReadWriteMany"]}),
        ({"storageClassName": "fast"}, {"storageClassName": ""}),
        ({"volumeMode": "Block"}, {}),
        ({}, {"selector": {"matchLabels": {"disk": "ssd"}}}),
        ({"claimRef": {"namespace": "chat", "name": "other"}}, {}),
    ],
)
def test_a_volume_that_does_not_suit_is_not_taken(world, volume, claim):
    world.volume("v", **volume)
    world.claim("data", **claim)
    assert world.bound("data") is None
    assert world.get(CLAIMS, "data")["status"]["phase"] == "Pending"


def test_a_claim_that_waits_takes_a_volume_that_comes_later(world):
    world.claim("data")
    text = "no persistent volumes available for this claim and no storage class is set"
    assert ("Normal", "FailedBinding", text) in world.client.events("data")
    world.volume("late")
    assert world.bound("data") == "late"


def test_a_volume_reserved_for_a_claim_goes_to_it(world):
    world.volume("any", "1Gi")
    world.volume("reserved", "50Gi", claimRef={"namespace": "chat", "name": "data"})
    world.claim("data")
    assert world.bound("data") == "reserved"


def test_a_claim_may_name_its_volume(world):
    world.volume("a")
    world.volume("b")
    world.claim("data", volumeName="b")
    assert world.bound("data") == "b"
    world.claim("second", volumeName="b")
    assert world.bound("second") is None
    assert ("Warning", "FailedBinding", 'volume "b" already bound to a different claim.') in world.client.events("second")


def test_a_volume_whose_claim_is_gone_is_released_and_taken_by_nobody(world):
    world.volume("v")
    world.claim("data")
    world.delete(CLAIMS, "data")
    assert world.phase("v") == "Released"
    world.claim("data")
    assert world.bound("data") is None


def test_a_claim_whose_volume_is_gone_is_lost(world):
    world.volume("v")
    world.claim("data")
    world.client.delete(VOLUMES, "v")
    world.settled()
    assert world.get(CLAIMS, "data")["status"]["phase"] == "Lost"


def test_a_class_with_a_provisioner_is_asked_for_a_volume(world):
    world.storage_class("fast")
    world.claim("data", storageClassName="fast")
    claim = world.get(CLAIMS, "data")
    assert claim["metadata"]["annotations"] == {"volume.kubernetes.io/storage-provisioner": "example.com/disk"}
    world.volume("pvc-1", claimRef={"namespace": "chat", "name": "data"}, storageClassName="fast")
    assert world.bound("data") == "pvc-1"


def test_some_classes_wait_until_the_scheduler_has_chosen_a_node(world):
    world.storage_class("local", mode="WaitForFirstConsumer")
    world.volume("v", storageClassName="local")
    world.claim("data", storageClassName="local")
    assert world.bound("data") is None
    text = "waiting for first consumer to be created before binding"
    assert ("Normal", "WaitForFirstConsumer", text) in world.client.events("data")
    note = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "worker-1"}}}
    world.client.patch(CLAIMS, "data", "chat", note)
    world.settled()
    assert world.bound("data") == "v"


def test_an_unknown_class_is_named(world):
    world.claim("data", storageClassName="nothing")
    expected = ("Warning", "ProvisioningFailed", 'storageclass.storage.k8s.io "nothing" not found')
    assert expected in world.client.events("data")


def test_a_claim_that_a_pod_uses_stays_until_the_pod_is_gone():
    world = Storage(ClaimProtectionController)
    world.claim("data")
    assert world.get(CLAIMS, "data")["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    world.create("pods", "db", {"nodeName": "n", "containers": [], "volumes": volumes})
    world.delete(CLAIMS, "data")
    assert world.names(CLAIMS) == ["data"]
    world.delete("pods", "db", grace_period=0)
    assert world.names(CLAIMS) == []


def test_a_claim_that_nobody_uses_goes_at_once():
    world = Storage(ClaimProtectionController)
    world.claim("data")
    world.delete(CLAIMS, "data")
    assert world.names(CLAIMS) == []


def test_a_bound_volume_stays_until_its_claim_is_gone():
    world = Storage(PersistentVolumeBinder, VolumeProtectionController)
    world.volume("v")
    world.claim("data")
    world.client.delete(VOLUMES, "v")
    world.settled()
    assert world.get(VOLUMES, "v") is not None
    world.delete(CLAIMS, "data")
    assert world.get(VOLUMES, "v") is None


def test_a_class_of_attributes_stays_until_no_claim_names_it():
    world = Storage(AttributesClassProtectionController)
    classes = "volumeattributesclasses.storage.k8s.io"
    world.client.create(classes, {"metadata": {"name": "fast"}, "driverName": "disk.example"})
    world.claim("data", volumeAttributesClassName="fast")
    world.client.delete(classes, "fast")
    world.settled()
    assert world.client.get(classes, "fast")["metadata"]["finalizers"] == ["kubernetes.io/vac-protection"]
    world.delete(CLAIMS, "data")
    assert world.client.informer(classes).list() == []


# Upstream: pkg/controller/volume/persistentvolume/pv_controller.go, checkVolumeSatisfyClaim.
@pytest.mark.parametrize(
    ("volume", "claim", "reason"),
    [
        ({"size": "1Gi"}, {"size": "2Gi"}, "requested PV is too small"),
        ({"storageClassName": "fast"}, {"storageClassName": "slow"}, "storageClassName does not match"),
        ({"volumeMode": "Block"}, {}, "incompatible volumeMode"),
        ({"modes": ["ReadWriteOnce"]}, {"modes": ["ReadWriteMany"]}, "incompatible accessMode"),
    ],
)
def test_a_claim_is_not_bound_to_a_volume_that_it_names_and_that_cannot_serve_it(world, volume, claim, reason):
    world.volume("disk", **volume)
    world.claim("data", volumeName="disk", **claim)
    assert world.get(CLAIMS, "data")["status"]["phase"] == "Pending"
    assert ("VolumeMismatch", f'Cannot bind to requested volume "disk": {reason}') in [
        (e["reason"], e["message"]) for e in world.client.informer("events").list()
    ]

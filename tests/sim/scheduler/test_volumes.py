"""Claims, volumes and the nodes that can reach them."""

import pytest

from k8slab.sim.scheduler import simulate
from tests.sim.scheduler.builders import message, node, on, pod, reasons, zones

ZONE = "topology.kubernetes.io/zone"


def claim(name="data", volume="", storage_class="late", modes=("ReadWriteOnce",), **meta):
    spec = {"accessModes": list(modes), "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": storage_class}
    status = {"phase": "Bound" if volume else "Pending"}
    return {
        "metadata": {"name": name, "namespace": "chat", **meta},
        "spec": {**spec, **({"volumeName": volume} if volume else {})},
        "status": status,
    }


def volume(name="pv", zone="", storage_class="late", size="1Gi", **more):
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}, "storageClassName": storage_class, **more}
    if zone:
        expression = {"key": ZONE, "operator": "In", "values": [zone]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    return {"metadata": {"name": name}, "spec": spec}


def storage_class(name="late", mode="WaitForFirstConsumer", provisioner="k8slab.dev/host-path", **more):
    return {"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode, **more}


def user(name="p", claimed="data", **more):
    return pod(name, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": claimed}}], **more)


def run(claims=(), volumes=(), classes=(), pods=(), nodes=None, incoming=None):
    others = {
        "persistentvolumeclaims": list(claims),
        "persistentvolumes": list(volumes),
        "storageclasses.storage.k8s.io": list(classes),
    }
    return simulate(incoming or user(), nodes or zones(a1="a", b1="b"), pods, others)


@pytest.mark.parametrize(
    ("claims", "classes", "expected"),
    [
        ([], [], 'persistentvolumeclaim "data" not found'),
        ([claim()], [storage_class(mode="Immediate")], "pod has unbound immediate PersistentVolumeClaims"),
        ([claim(deletionTimestamp="x")], [], 'persistentvolumeclaim "data" is being deleted'),
    ],
)
def test_a_claim_that_cannot_be_used_refuses_the_pod_as_such(claims, classes, expected):
    trace = run(claims, classes=classes)
    assert message(trace) == (
        f"0/2 nodes are available: {expected}. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    )


def test_a_bound_volume_ties_the_pod_to_its_nodes():
    trace = run([claim(volume="pv")], [volume(zone="b")])
    assert reasons(trace) == {"a1": "node(s) didn't match PersistentVolume's node affinity"}


def test_a_late_claim_is_provisioned_where_the_class_allows():
    topology = [{"matchLabelExpressions": [{"key": ZONE, "values": ["b"]}]}]
    trace = run([claim()], classes=[storage_class(allowedTopologies=topology)])
    assert reasons(trace) == {"a1": "node(s) didn't find available persistent volumes to bind"}


@pytest.mark.parametrize(
    ("offered", "fits"),
    [
        (volume(zone="a"), True),
        (volume(zone="a", size="512Mi"), False),
        (volume(zone="a", storage_class="other"), False),
        (volume(zone="a", claimRef={"namespace": "chat", "name": "data"}), True),
        (volume(zone="a", claimRef={"namespace": "chat", "name": "taken"}), False),
        (volume(zone="a", volumeMode="Block"), False),
    ],
)
def test_without_a_provisioner_a_volume_must_be_there(offered, fits):
    trace = run([claim()], [offered], [storage_class(provisioner="kubernetes.io/no-provisioner")])
    assert (trace["status"].get("node") == "a1") == fits


def test_a_volume_with_zone_labels_wants_a_node_with_the_same():
    labelled = volume()
    labelled["metadata"]["labels"] = {ZONE: "a__c"}
    trace = run([claim(volume="pv")], [labelled])
    assert reasons(trace) == {"b1": "node(s) had no available volume zone"}


def test_a_claim_for_one_pod_serves_one_pod():
    exclusive = claim(volume="pv", modes=["ReadWriteOncePod"])
    other = user("other", nodeName="a1")
    trace = run([exclusive], [volume()], pods=[other])
    expected = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
    assert reasons(trace) == {"a1": expected, "b1": expected}
    assert run([exclusive], [volume()], pods=[other], incoming=user(priority=5))["status"]["preemption"]["nominatedNode"] == "a1"


def test_a_driver_attaches_so_many_volumes():
    csi = {"driver": "disk.example.com"}
    volumes = [volume(f"pv-{i}", csi={**csi, "volumeHandle": f"h{i}"}) for i in (1, 2)]
    claims = [claim("one", "pv-1"), claim("two", "pv-2")]
    csi_node = {"metadata": {"name": "n"}, "spec": {"drivers": [{"name": "disk.example.com", "allocatable": {"count": 1}}]}}
    others = {"persistentvolumeclaims": claims, "persistentvolumes": volumes, "csinodes.storage.k8s.io": [csi_node]}
    present = on("n", "q", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "one"}}])
    assert reasons(simulate(user("p", "two"), [node("n")], [present], others)) == {"n": "node(s) exceed max volume count"}
    assert reasons(simulate(user("p", "one"), [node("n")], [present], others)) == {}

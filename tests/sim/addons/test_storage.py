"""Storage in a whole cluster: claims get volumes from their class, pods keep their data, and volumes go when they should."""

import pytest

from k8slab.sim.cluster import MASTER
from k8slab.sim.streams import Pipe
from tests.sim.kubelet.world import everything

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"
ATTACHMENTS = "volumeattachments.storage.k8s.io"
_UNTIL_TOLD = "while [ ! -e /tmp/stop ]; do sleep 5; done"


class Lab:
    """A cluster of three workers over two zones on a stepped clock, and its administrator."""

    def __init__(self, api):
        self.cluster = api.cluster
        self.admin = self.cluster.loopback.client(MASTER, "test")
        self.after(5)

    def after(self, seconds=20):
        self.cluster.kernel.advance(seconds)

    def claim(self, name="data", storage_class=None, size="1Gi", mode="ReadWriteOnce"):
        spec = {"accessModes": [mode], "resources": {"requests": {"storage": size}}}
        spec |= {"storageClassName": storage_class} if storage_class else {}
        meta = {"name": name, "namespace": "default"}
        self.admin.create(CLAIMS, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec})
        self.after()

    def pod(self, name="db", claim="data", **spec):
        mount = {"name": "v", "mountPath": "/data"}
        container = {"name": "c", "image": "busybox:1.37", "command": ["sh", "-c", _UNTIL_TOLD], "volumeMounts": [mount]}
        volume = {"name": "v", "persistentVolumeClaim": {"claimName": claim}}
        body = {"containers": [container], "volumes": [volume], "terminationGracePeriodSeconds": 0, **spec}
        meta = {"name": name, "namespace": "default"}
        self.admin.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": body})
        self.after()

    def delete(self, resource, name):
        self.admin.delete(resource, name, "" if resource in (VOLUMES, CLASSES) else "default")
        self.after()

    def get(self, resource, name):
        return self.admin.get(resource, name, "" if resource in (VOLUMES, CLASSES, "nodes") else "default")

    def phase(self, resource, name):
        return self.get(resource, name)["status"]["phase"]

    def volumes(self):
        return self.admin.list(VOLUMES)

    def node(self, pod="db"):
        return self.get("pods", pod)["spec"].get("nodeName")

    def zone(self, pod="db"):
        return self.get("nodes", self.node(pod))["metadata"]["labels"]["topology.kubernetes.io/zone"]

    def sh(self, script, pod="db"):
        out, err = Pipe(self.cluster.kernel), Pipe(self.cluster.kernel)
        kubelet = self.cluster.kubelets[self.node(pod)]
        kubelet.exec("default", pod, "", ["sh", "-c", script], None, out, err)
        self.after(1)
        return everything(out) + everything(err)

    def events(self, name):
        found = [e for e in self.admin.list("events", "default") if e["involvedObject"]["name"] == name]
        return [(e["type"], e["reason"], e["message"]) for e in found]

    def reasons(self, name):
        return {reason for _, reason, _ in self.events(name)}


@pytest.fixture
def lab(make_api):
    return Lab(make_api(workers=3, seed=7))


def test_the_default_class_is_kinds(lab):
    standard = lab.get(CLASSES, "standard")
    assert standard["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
    assert (standard["provisioner"], standard["reclaimPolicy"], standard["volumeBindingMode"]) == (
        "rancher.io/local-path",
        "Delete",
        "WaitForFirstConsumer",
    )


def test_a_claim_waits_for_its_first_pod_and_then_gets_a_volume_on_its_node(lab):
    lab.claim()
    assert lab.phase(CLAIMS, "data") == "Pending"
    assert lab.events("data") == [("Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding")]
    lab.pod()
    assert (lab.phase(CLAIMS, "data"), lab.phase("pods", "db")) == ("Bound", "Running")
    [volume] = lab.volumes()
    [term] = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "kubernetes.io/hostname", "operator": "In", "values": [lab.node()]}]
    assert volume["metadata"]["name"] == f"pvc-{lab.get(CLAIMS, 'data')['metadata']['uid']}"
    assert lab.reasons("data") == {"WaitForFirstConsumer", "ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"}


def test_data_survives_the_container_and_the_pod(lab):
    lab.claim()
    lab.pod()
    home = lab.node()
    lab.sh("echo hello > /data/f; touch /tmp/stop")
    lab.after(60)
    assert lab.get("pods", "db")["status"]["containerStatuses"][0]["restartCount"] == 1
    assert lab.sh("cat /data/f") == "hello\n"
    lab.delete("pods", "db")
    lab.pod("next")
    assert lab.node("next") == home
    assert lab.sh("cat /data/f", "next") == "hello\n"


def test_local_data_cannot_move_a_pod_stays_pending_when_its_node_is_closed(lab):
    lab.claim()
    lab.pod()
    lab.admin.patch("nodes", lab.node(), "", {"spec": {"unschedulable": True}})
    lab.delete("pods", "db")
    lab.pod()
    assert lab.phase("pods", "db") == "Pending"
    [message] = [text for _, reason, text in lab.events("db") if reason == "FailedScheduling"][:1]
    assert "didn't match PersistentVolume's node affinity" in message


def test_a_disk_moves_within_its_zone_with_its_data(lab):
    lab.claim(storage_class="zonal")
    lab.pod(nodeSelector={"topology.kubernetes.io/zone": "zone-a"})
    first, zone = lab.node(), lab.zone()
    lab.sh("echo hello > /data/f")
    lab.admin.patch("nodes", first, "", {"spec": {"unschedulable": True}})
    lab.delete("pods", "db")
    lab.pod()
    if lab.node() is None:
        assert "node affinity" in lab.events("db")[-1][2]
    else:
        assert (lab.node() != first, lab.zone(), lab.sh("cat /data/f")) == (True, zone, "hello\n")


def test_a_disk_is_attached_to_one_node_at_a_time(lab):
    lab.claim(storage_class="zonal")
    lab.pod(nodeSelector={"topology.kubernetes.io/zone": "zone-b"})
    [volume] = lab.volumes()
    name = volume["metadata"]["name"]
    assert ("Normal", "SuccessfulAttachVolume", f'AttachVolume.Attach succeeded for volume "{name}" ') in lab.events("db")
    here = lab.node()
    same = [
        n["metadata"]["name"]
        for n in lab.admin.list("nodes")
        if n["metadata"]["labels"]["topology.kubernetes.io/zone"] == "zone-b"
    ]
    other = next(n for n in same if n != here)
    lab.pod("second", nodeName=other)
    assert lab.phase("pods", "second") == "Pending"
    text = f'Multi-Attach error for volume "{name}" Volume is already used by pod(s) db'
    assert ("Warning", "FailedAttachVolume", text) in lab.events("second")
    lab.after(140)
    assert "FailedMount" in lab.reasons("second")
    lab.delete("pods", "db")
    assert lab.phase("pods", "second") == "Running"
    assert [a["spec"]["nodeName"] for a in lab.admin.list(ATTACHMENTS)] == [other]


def test_a_shared_volume_is_everywhere_at_once(lab):
    lab.claim(storage_class="shared", mode="ReadWriteMany")
    assert lab.phase(CLAIMS, "data") == "Bound"
    lab.pod("a", nodeName="worker-1")
    lab.pod("b", nodeName="worker-2")
    lab.sh("echo hello > /data/f", "a")
    assert lab.sh("cat /data/f", "b") == "hello\n"


def test_a_local_volume_is_not_for_many(lab):
    lab.claim(mode="ReadWriteMany")
    lab.pod()
    text = (
        'failed to provision volume with StorageClass "standard": '
        "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"
    )
    assert ("Warning", "ProvisioningFailed", text) in lab.events("data")


def test_a_volume_goes_with_its_claim_and_so_does_the_data(lab):
    lab.claim()
    lab.pod()
    lab.sh("echo hello > /data/f")
    lab.delete(CLAIMS, "data")
    assert "deletionTimestamp" in lab.get(CLAIMS, "data")["metadata"]
    lab.delete("pods", "db")
    assert lab.volumes() == []
    lab.claim()
    lab.pod()
    assert lab.sh("ls /data") == ""


def test_a_volume_to_be_retained_stays_with_its_data_until_somebody_frees_it(lab):
    lab.claim(storage_class="shared")
    [volume] = lab.volumes()
    name = volume["metadata"]["name"]
    lab.admin.patch(VOLUMES, name, "", {"spec": {"persistentVolumeReclaimPolicy": "Retain"}})
    lab.pod()
    lab.sh("echo hello > /data/f")
    lab.delete("pods", "db")
    lab.delete(CLAIMS, "data")
    assert lab.phase(VOLUMES, name) == "Released"
    lab.admin.patch(VOLUMES, name, "", {"spec": {"claimRef": None}})
    lab.after()
    assert lab.phase(VOLUMES, name) == "Available"
    lab.claim("again", storage_class="shared")
    assert lab.get(CLAIMS, "again")["spec"]["volumeName"] == name
    lab.pod(claim="again")
    assert lab.sh("cat /data/f") == "hello\n"


def grow(lab, size):
    lab.admin.patch(CLAIMS, "data", "default", {"spec": {"resources": {"requests": {"storage": size}}}})
    lab.after()
    return lab.get(CLAIMS, "data")["status"]


def test_a_shared_volume_grows_at_once(lab):
    lab.claim(storage_class="shared")
    status = grow(lab, "5Gi")
    assert status["capacity"] == {"storage": "5Gi"}
    assert lab.volumes()[0]["spec"]["capacity"] == {"storage": "5Gi"}
    assert {"Resizing", "VolumeResizeSuccessful"} <= lab.reasons("data")


def test_a_disk_that_grew_waits_for_a_pod_so_that_its_file_system_can_grow(lab):
    lab.claim(storage_class="zonal")
    lab.pod()
    lab.delete("pods", "db")
    status = grow(lab, "5Gi")
    assert status["capacity"] == {"storage": "1Gi"}
    assert [c["type"] for c in status["conditions"]] == ["FileSystemResizePending"]
    assert lab.volumes()[0]["spec"]["capacity"] == {"storage": "5Gi"}
    lab.pod()
    status = lab.get(CLAIMS, "data")["status"]
    assert status["capacity"] == {"storage": "5Gi"}
    assert not status.get("conditions")
    assert "FileSystemResizeSuccessful" in lab.reasons("db")


def test_a_disk_in_use_grows_while_the_pod_runs(lab):
    lab.claim(storage_class="zonal")
    lab.pod()
    assert grow(lab, "5Gi")["capacity"] == {"storage": "5Gi"}
    assert {"Resizing", "FileSystemResizeRequired", "FileSystemResizeSuccessful"} <= lab.reasons("data")


def test_host_paths_are_each_nodes_own(lab):
    for name, node in (("a", "worker-1"), ("b", "worker-2"), ("c", "worker-1")):
        lab.pod(name, nodeName=node, volumes=[{"name": "v", "hostPath": {"path": "/srv/x", "type": "DirectoryOrCreate"}}])
    lab.sh("echo hello > /data/f", "a")
    assert [lab.sh("cat /data/f", name) for name in "bc"] == ["cat: can't open '/data/f': No such file or directory\n", "hello\n"]


def test_nobody_keeps_failing(lab):
    lab.claim("one")
    lab.claim("two", "zonal")
    lab.claim("three", "shared")
    for name in ("one", "two", "three"):
        lab.pod(f"pod-{name}", claim=name)
    failing = {name: len(c.queue._failures) for name, c in lab.cluster.controllers.controllers.items() if c.queue._failures}
    assert (failing, lab.cluster.provisioner.queue._failures) == ({}, {})
    assert {p["status"]["phase"] for p in lab.admin.list("pods", "default")} == {"Running"}


def test_contents_outlive_the_servers_process(make_api, tmp_path):
    database = tmp_path / "cluster.db"
    first = Lab(make_api(workers=3, seed=7, database=database))
    first.claim("local")
    first.pod("one", claim="local")
    first.claim("far", "shared")
    first.pod("two", claim="far")
    for name in ("one", "two"):
        first.sh(f"mkdir /data/d; echo {name} > /data/d/f; ln -s d/f /data/link; echo lost > /tmp/f", name)
    first.cluster.stop()
    again = Lab(make_api(workers=3, seed=8, database=database))
    again.after(60)
    for name in ("one", "two"):
        assert again.sh("cat /data/link; ls /tmp", name) == f"{name}\n"


def test_a_crash_loses_at_most_the_last_ten_seconds(make_api, tmp_path):
    lab = Lab(make_api(workers=1, seed=7, database=tmp_path / "cluster.db"))
    lab.claim()
    lab.pod()
    lab.sh("echo hello > /data/f")
    lab.after(10)
    assert "aGVsbG8K" in (tmp_path / "volumes.json").read_text()


def stateful(lab, replicas, **policy):
    mount = {"name": "data", "mountPath": "/data"}
    container = {"name": "c", "image": "busybox:1.37", "command": ["sleep", "100000"], "volumeMounts": [mount]}
    template = {
        "metadata": {"labels": {"app": "db"}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec = {
        "replicas": replicas,
        "serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}},
        "template": template,
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": wanted}],
        "persistentVolumeClaimRetentionPolicy": policy,
    }
    meta = {"name": "db", "namespace": "default"}
    lab.admin.create("statefulsets.apps", {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": spec})
    lab.after(60)


def claims(lab):
    return [c["metadata"]["name"] for c in lab.admin.list(CLAIMS, "default")]


def scale(lab, replicas):
    lab.admin.patch("statefulsets.apps", "db", "default", {"spec": {"replicas": replicas}})
    lab.after(60)


def test_each_replica_of_a_stateful_set_keeps_its_own_data(lab):
    stateful(lab, 2)
    for name in ("db-0", "db-1"):
        lab.sh(f"echo {name} > /data/me", name)
    lab.delete("pods", "db-0")
    scale(lab, 0)
    assert claims(lab) == ["data-db-0", "data-db-1"]
    scale(lab, 2)
    assert [lab.sh("cat /data/me", name) for name in ("db-0", "db-1")] == ["db-0\n", "db-1\n"]
    lab.delete("statefulsets.apps", "db")
    assert claims(lab) == ["data-db-0", "data-db-1"]


def test_claims_and_volumes_go_with_the_replica_or_the_set_where_the_policy_says_so(lab):
    stateful(lab, 2, whenScaled="Delete", whenDeleted="Delete")
    assert claims(lab) == ["data-db-0", "data-db-1"]
    scale(lab, 1)
    assert claims(lab) == ["data-db-0"]
    lab.delete("statefulsets.apps", "db")
    lab.after(60)
    assert (claims(lab), lab.volumes()) == ([], [])

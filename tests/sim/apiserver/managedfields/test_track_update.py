"""Who owns what after creates and updates."""

import copy

import pytest
import yaml

from k8slab.sim.apiserver.decode import check
from k8slab.sim.apiserver.managedfields import track_update
from k8slab.sim.apiserver.schema import schema_for

POD = schema_for("", "v1", "Pod")
CONFIG_MAP = schema_for("", "v1", "ConfigMap")


def config_map(data, entries=None, **meta):
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **meta}}
    if entries:
        obj["metadata"]["managedFields"] = entries
    return {**obj, "data": data} if data else obj


def track(old, new, manager="m", time=0, subresource="", schema=CONFIG_MAP):
    return track_update(old, new, manager, time, schema, "v1", subresource)


def owners(entries):
    return {e["manager"]: e["fieldsV1"] for e in entries}


def created(data, manager="m", time=0):
    obj = config_map(data)
    return config_map(data, track(None, obj, manager, time))


def test_a_creator_owns_what_it_wrote_and_the_map_around():
    assert track(None, config_map({"k": "v"}), "kubectl", 1.5) == [
        {
            "manager": "kubectl",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "1970-01-01T00:00:01Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {".": {}, "f:k": {}}},
        }
    ]


def test_identity_is_owned_by_nobody():
    assert track(None, config_map({}, namespace="x", uid="1", resourceVersion="2", creationTimestamp="t")) == []


def test_the_fields_of_a_pod_are_as_a_real_server_writes_them():
    pod = yaml.safe_load("""
      metadata: {name: p, labels: {app: web}, ownerReferences: [{uid: u1, name: r, kind: ReplicaSet, apiVersion: apps/v1}]}
      spec:
        containers:
        - name: c
          image: nginx
          env: [{name: A, value: '1'}]
          ports: [{containerPort: 80, protocol: TCP}, {containerPort: 9, protocol: UDP}]
          resources: {limits: {cpu: '1'}}
          livenessProbe: {httpGet: {path: /, port: 80}}
        volumes: [{name: e, emptyDir: {}}, {name: s, secret: {secretName: x}}]
        nodeSelector: {disk: ssd}
        tolerations: [{operator: Exists}]
        securityContext: {}
        restartPolicy: Always
      status: {phase: Pending}
    """)
    obj, _ = check(pod, POD, "v1", "Pod")
    fields = track(None, obj, schema=POD)[0]["fieldsV1"]
    assert yaml.safe_dump(fields, sort_keys=False) == GOLDEN_POD


GOLDEN_POD = """\
f:metadata:
  f:labels:
    .: {}
    f:app: {}
  f:ownerReferences:
    .: {}
    k:{"uid":"u1"}: {}
f:spec:
  f:containers:
    k:{"name":"c"}:
      .: {}
      f:env:
        .: {}
        k:{"name":"A"}:
          .: {}
          f:name: {}
          f:value: {}
      f:image: {}
      f:livenessProbe:
        .: {}
        f:httpGet:
          .: {}
          f:path: {}
          f:port: {}
      f:name: {}
      f:ports:
        .: {}
        k:{"containerPort":9,"protocol":"UDP"}:
          .: {}
          f:containerPort: {}
          f:protocol: {}
        k:{"containerPort":80,"protocol":"TCP"}:
          .: {}
          f:containerPort: {}
          f:protocol: {}
      f:resources:
        .: {}
        f:limits:
          .: {}
          f:cpu: {}
  f:nodeSelector: {}
  f:restartPolicy: {}
  f:securityContext: {}
  f:tolerations: {}
  f:volumes:
    .: {}
    k:{"name":"e"}:
      .: {}
      f:emptyDir: {}
      f:name: {}
    k:{"name":"s"}:
      .: {}
      f:name: {}
      f:secret:
        .: {}
        f:secretName: {}
"""


def test_a_changed_field_passes_to_who_changed_it():
    live = created({"a": "1", "b": "1"}, "one")
    entries = track(live, config_map({"a": "1", "b": "2"}), "two", 9)
    assert owners(entries) == {"one": {"f:data": {".": {}, "f:a": {}}}, "two": {"f:data": {"f:b": {}}}}


def test_a_removed_field_is_nobodys():
    live = created({"a": "1", "b": "1"}, "one")
    entries = track(live, config_map({"a": "1"}), "two", 9)
    assert entries[0]["time"] == "1970-01-01T00:00:00Z"
    assert owners(entries) == {"one": {"f:data": {".": {}, "f:a": {}}}}


def test_who_owns_nothing_any_more_is_gone():
    assert track(created({"a": "1"}, "one"), config_map({}), "two") == []


def test_the_same_manager_keeps_one_entry():
    entries = track(created({"a": "1"}), config_map({"a": "2", "b": "1"}), time=5)
    assert [(e["manager"], e["time"]) for e in entries] == [("m", "1970-01-01T00:00:05Z")]
    assert owners(entries) == {"m": {"f:data": {".": {}, "f:a": {}, "f:b": {}}}}


def test_no_change_keeps_entries_and_times():
    live = created({"a": "1"})
    assert track(live, copy.deepcopy(live), "other", 9) is not None
    assert track(live, config_map({"a": "1"}), "other", 9) is live["metadata"]["managedFields"]


def test_subresources_have_entries_of_their_own_and_only_their_part():
    obj, _ = check({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}, POD, "v1", "Pod")
    live = copy.deepcopy(obj)
    live["metadata"]["managedFields"] = track(None, obj, "kubelet", 0, schema=POD)
    new = {**live, "spec": {**live["spec"], "nodeName": "n"}, "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}]}}
    entries = track(live, new, "kubelet", 0, "status", POD)
    assert entries[1]["subresource"] == "status"
    assert entries[1]["fieldsV1"] == {
        "f:status": {"f:phase": {}, "f:podIPs": {".": {}, 'k:{"ip":"10.0.0.1"}': {".": {}, "f:ip": {}}}}
    }
    assert entries[0] == live["metadata"]["managedFields"][0]


def test_status_on_the_main_resource_is_reset_and_so_not_owned():
    obj, _ = check({"metadata": {"name": "p"}, "spec": {}, "status": {"phase": "Running"}}, POD, "v1", "Pod")
    assert track(None, obj, schema=POD) == []


def test_entries_stand_by_operation_then_time_then_name():
    live = created({"a": "1"}, "z", 0)
    live = config_map({"a": "1", "b": "1"}, track(live, config_map({"a": "1", "b": "1"}), "y", 1))
    entries = track(live, config_map({"a": "1", "b": "1", "c": "1"}), "x", 1)
    assert [e["manager"] for e in entries] == ["z", "x", "y"]


def test_more_than_ten_updaters_are_merged_into_ancient_changes():
    live = created({"k0": ""}, "m0")
    for i in range(1, 13):
        data = {f"k{j}": "" for j in range(i + 1)}
        live = config_map(data, track(live, config_map(data), f"m{i}", i))
    entries = live["metadata"]["managedFields"]
    assert len(entries) == 10
    assert owners(entries)["ancient-changes"] == {"f:data": {".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {}, "f:k3": {}}}


def test_an_empty_entry_drops_them_all_and_tracking_stays_off():
    live = created({"a": "1"})
    assert track(live, config_map({"a": "2"}, [{}])) == []
    untracked = config_map({"a": "2"})
    assert track(untracked, config_map({"a": "3"})) == []


def test_an_empty_list_drops_nothing():
    live = created({"a": "1"})
    new = config_map({"a": "1"})
    new["metadata"]["managedFields"] = []
    assert track(live, new) == live["metadata"]["managedFields"]


def test_a_client_may_hand_fields_to_another_manager():
    live = created({"a": "1"}, "kubectl-client-side-apply")
    handed = [{**live["metadata"]["managedFields"][0], "manager": "kubectl", "operation": "Apply"}]
    assert track(live, config_map({"a": "1"}, handed)) == handed


@pytest.mark.parametrize("broken", [{"operation": "Frob"}, {"operation": "Update", "fieldsV1": "x"}])
def test_entries_that_make_no_sense_are_ignored(broken):
    live = created({"a": "1"})
    assert track(live, config_map({"a": "1"}, [broken])) == live["metadata"]["managedFields"]


def test_an_unnamed_manager_is_unknown():
    assert track(None, config_map({"a": "1"}), "")[0]["manager"] == "unknown"


def test_arguments_stay_as_they_are():
    live, new = created({"a": "1", "b": "1"}), config_map({"a": "2"})
    before = copy.deepcopy((live, new))
    track(live, new, "other")
    assert (live, new) == before


def test_objects_of_one_shape_share_their_field_sets():
    def fields(name):
        obj, _ = check({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": name}]}}, POD, "v1", "Pod")
        return track(None, obj, schema=POD)[0]["fieldsV1"]

    assert fields("a")["f:spec"]["f:containers"] is fields("b")["f:spec"]["f:containers"]

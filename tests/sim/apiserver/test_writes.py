"""Creating, replacing, patching and deleting objects through the API, and what a dry run leaves alone."""

from collections.abc import Callable

import pytest

from k8slab.apimachinery.types import Object
from tests.sim.conftest import Api

NS = "/api/v1/namespaces/default"
MAPS, PODS, SERVICES = f"{NS}/configmaps", f"{NS}/pods", f"{NS}/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"


def config_map(name: str = "settings", **meta: object) -> Object:
    return {"metadata": {"name": name, **meta}, "data": {"a": "1"}}


def pod(name: str = "web", **spec: object) -> Object:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "web", "image": "nginx"}], **spec}}


def service(name: str = "web", **spec: object) -> Object:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], "selector": {"app": "web"}, **spec}}


def deployment(replicas: int = 2) -> Object:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": pod()["spec"]}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


# creating


def test_the_server_names_what_has_only_a_prefix(api: Api) -> None:
    first, second = (api.post(MAPS, {"metadata": {"generateName": "job-"}}).json["metadata"] for _ in range(2))
    assert first["name"] != second["name"]
    assert len(first["name"]) == len("job-") + 5
    assert first["generateName"] == "job-"


def test_what_the_server_sets_is_not_taken_from_the_client(api: Api) -> None:
    meta = api.post(MAPS, config_map(uid="mine", creationTimestamp="2020-01-01T00:00:00Z")).json["metadata"]
    assert meta["uid"] != "mine"
    assert meta["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_a_new_object_has_no_revision(api: Api) -> None:
    answer = api.post(MAPS, config_map(resourceVersion="1"))
    assert (answer.status, answer.message) == (400, "resourceVersion should not be set on objects to be created")


def test_a_name_is_taken_once(api: Api) -> None:
    api.post(MAPS, config_map())
    for query in ("", "?dryRun=All"):
        answer = api.post(MAPS + query, config_map())
        assert (answer.status, answer.json["reason"]) == (409, "AlreadyExists")
        assert answer.message == 'configmaps "settings" already exists'


def test_the_namespace_is_the_one_of_the_path(api: Api) -> None:
    answer = api.post(MAPS, config_map(namespace="other"))
    assert answer.message == "the namespace of the provided object does not match the namespace sent on the request"


# replacing


def test_a_put_at_an_old_revision_is_a_conflict(api: Api) -> None:
    stale = api.post(MAPS, config_map()).json
    api.patch(f"{MAPS}/settings", {"data": {"a": "2"}})
    answer = api.put(f"{MAPS}/settings", stale)
    assert (answer.status, answer.message) == (
        409,
        'Operation cannot be fulfilled on configmaps "settings": the object has been modified; please apply your changes to the '
        "latest version and try again",
    )


def test_a_put_without_revision_replaces_whatever_is_there(api: Api) -> None:
    api.post(MAPS, config_map())
    assert api.put(f"{MAPS}/settings", {**config_map(), "data": {"b": "2"}}).json["data"] == {"b": "2"}


def test_some_kinds_are_only_replaced_at_a_revision(api: Api) -> None:
    api.post(LEASES, {"metadata": {"name": "lock"}})
    answer = api.put(f"{LEASES}/lock", {"metadata": {"name": "lock"}})
    assert (answer.status, answer.message) == (
        422,
        'leases.coordination.k8s.io "lock" is invalid: metadata.resourceVersion: Invalid value: 0: '
        "must be specified for an update",
    )


def test_a_put_creates_some_kinds_and_not_others(api: Api) -> None:
    assert api.put(f"{LEASES}/lock", {"metadata": {"name": "lock"}}).status == 201
    assert api.put(f"{MAPS}/settings", config_map()).status == 404


def test_a_put_for_another_object_of_that_name_is_a_conflict(api: Api) -> None:
    api.post(MAPS, config_map())
    answer = api.put(f"{MAPS}/settings", config_map(uid="00000000-0000-0000-0000-000000000000"))
    assert answer.status == 409
    assert "Precondition failed: UID in precondition" in answer.message


def test_an_update_that_changes_nothing_is_no_revision(api: Api) -> None:
    made = api.post(MAPS, config_map()).json
    assert api.put(f"{MAPS}/settings", config_map()).json["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_generation_counts_changes_of_the_spec(api: Api) -> None:
    api.post(DEPLOYMENTS, deployment())
    assert api.patch(f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"a": "b"}}}).json["metadata"]["generation"] == 1
    assert api.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}}).json["metadata"]["generation"] == 2


# patching


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("json-patch+json", [{"op": "add", "path": "/data/b", "value": "2"}]),
        ("merge-patch+json", {"data": {"b": "2"}}),
        ("strategic-merge-patch+json", {"data": {"b": "2"}}),
    ],
)
def test_three_patches_change_an_object_and_none_creates_it(api: Api, kind: str, patch: object) -> None:
    assert api.patch(f"{MAPS}/settings", patch, kind).status == 404
    api.post(MAPS, config_map())
    assert api.patch(f"{MAPS}/settings", patch, kind).json["data"] == {"a": "1", "b": "2"}


def test_an_apply_creates_then_changes_and_conflicts(api: Api) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config_map()}
    assert api.apply(f"{MAPS}/settings", body).status == 201
    assert api.apply(f"{MAPS}/settings", body).status == 200
    other = {**body, "data": {"a": "2"}}
    assert api.apply(f"{MAPS}/settings", other, "other").status == 409
    assert api.apply(f"{MAPS}/settings?force=true", other, "other").json["data"] == {"a": "2"}


def test_an_apply_needs_a_manager(api: Api) -> None:
    answer = api.patch(f"{MAPS}/settings", config_map(), "apply-patch+yaml")
    assert answer.message == 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'


def test_an_apply_with_a_uid_creates_nothing(api: Api) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config_map(uid="x")}
    answer = api.apply(f"{MAPS}/settings", body)
    assert answer.status == 409
    assert "uid mismatch: the provided object specified uid x, and no existing object was found" in answer.message


def test_a_patch_with_an_old_revision_is_a_conflict(api: Api) -> None:
    api.post(MAPS, config_map())
    assert api.patch(f"{MAPS}/settings", {"metadata": {"resourceVersion": "1"}}).status == 409


# subresources


def test_status_and_spec_are_changed_apart(api: Api) -> None:
    api.post(DEPLOYMENTS, deployment())
    changed = api.patch(f"{DEPLOYMENTS}/web/status", {"spec": {"replicas": 9}, "status": {"collisionCount": 1}}).json
    assert (changed["spec"]["replicas"], changed["status"]["collisionCount"]) == (2, 1)
    changed = api.patch(f"{DEPLOYMENTS}/web", {"status": {"collisionCount": 7}}).json
    assert changed["status"]["collisionCount"] == 1


def test_status_is_applied_with_an_owner_of_its_own(api: Api) -> None:
    api.post(DEPLOYMENTS, deployment())
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "status": {"collisionCount": 3}}
    applied = api.apply(f"{DEPLOYMENTS}/web/status", body, "statuser").json
    (owner,) = (e for e in applied["metadata"]["managedFields"] if e["manager"] == "statuser")
    assert (owner["subresource"], owner["fieldsV1"]) == ("status", {"f:status": {"f:collisionCount": {}}})


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("json-patch+json", [{"op": "replace", "path": "/spec/replicas", "value": 5}]),
        ("merge-patch+json", {"spec": {"replicas": 5}}),
    ],
)
def test_a_scale_is_patched(api: Api, kind: str, patch: object) -> None:
    api.post(DEPLOYMENTS, deployment())
    assert api.patch(f"{DEPLOYMENTS}/web/scale", patch, kind).json["spec"] == {"replicas": 5}
    assert api.get(f"{DEPLOYMENTS}/web").json["spec"]["replicas"] == 5


def test_a_scale_is_put_and_has_the_selector(api: Api) -> None:
    api.post(DEPLOYMENTS, deployment())
    scale = api.get(f"{DEPLOYMENTS}/web/scale").json
    assert scale["status"]["selector"] == "app=web"
    assert api.put(f"{DEPLOYMENTS}/web/scale", {**scale, "spec": {"replicas": 0}}).json["spec"] == {}
    assert api.put(f"{DEPLOYMENTS}/web/scale", scale).status == 409
    refused = api.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": -1}})
    assert (
        refused.message
        == 'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )


def test_applying_a_scale_takes_the_replicas_from_their_owner(api: Api) -> None:
    api.apply(f"{DEPLOYMENTS}/web", deployment(), "author")
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 4}}
    refused = api.apply(f"{DEPLOYMENTS}/web/scale", scale, "scaler")
    assert (refused.status, refused.json["details"]["causes"][0]["field"]) == (409, ".spec.replicas")
    assert api.apply(f"{DEPLOYMENTS}/web/scale?force=true", scale, "scaler").json["spec"] == {"replicas": 4}
    managed = api.get(f"{DEPLOYMENTS}/web").json["metadata"]["managedFields"]
    owners = [(e["manager"], e.get("subresource", "")) for e in managed if "f:replicas" in e["fieldsV1"].get("f:spec", {})]
    assert owners == [("scaler", "scale")]


def test_a_namespace_is_finalized_through_its_subresource(api: Api) -> None:
    api.post("/api/v1/namespaces", {"metadata": {"name": "chat"}, "spec": {"finalizers": ["kubernetes", "chat.example/hold"]}})
    assert api.delete("/api/v1/namespaces/chat").json["status"]["phase"] == "Terminating"
    api.advance(30)
    left = api.get("/api/v1/namespaces/chat").json
    assert left["spec"]["finalizers"] == ["chat.example/hold"]
    assert api.delete("/api/v1/namespaces/chat").status == 200
    assert api.put("/api/v1/namespaces/chat/finalize", {**left, "spec": {"finalizers": []}}).status == 200
    assert api.get("/api/v1/namespaces/chat").status == 404


def test_a_pod_is_bound_by_a_binding_beside_it(make_api: Callable[..., Api]) -> None:
    api = make_api(workers=1)
    api.post(PODS, pod(schedulerName="mine"))
    answer = api.post(f"{NS}/bindings", {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": "worker-1"}})
    assert (answer.status, answer.json["status"]) == (201, "Success")
    assert api.get(f"{PODS}/web").json["spec"]["nodeName"] == "worker-1"
    again = api.post(f"{PODS}/web/binding", {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": "worker-1"}})
    assert again.status == 409


def test_ephemeral_containers_join_a_pod_through_their_subresource(api: Api) -> None:
    api.post(PODS, pod())
    extra = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "busybox"}]}}
    changed = api.patch(f"{PODS}/web/ephemeralcontainers", extra, "strategic-merge-patch+json").json
    assert [c["name"] for c in changed["spec"]["ephemeralContainers"]] == ["debug"]


def test_resources_of_a_pod_change_through_resize(api: Api) -> None:
    api.post(PODS, pod())
    wanted = {"spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": "10m"}}}]}}
    assert api.patch(f"{PODS}/web", wanted, "strategic-merge-patch+json").status == 422
    assert api.get(f"{PODS}/web/resize").status == 200


def test_a_certificate_request_is_approved_through_its_subresource(api: Api) -> None:
    answer = api.patch("/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval", {"status": {}})
    assert answer.status == 404


def test_a_token_is_issued(api: Api) -> None:
    answer = api.post(f"{NS}/serviceaccounts/default/token", {"spec": {"expirationSeconds": 600}})
    assert (answer.status, answer.json["status"]["expirationTimestamp"]) == (201, "2026-01-01T00:10:00Z")


# versions


def test_an_autoscaler_is_seen_in_both_versions_and_in_dry_runs_too(api: Api) -> None:
    path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    spec = {"maxReplicas": 5, "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "targetCPUUtilizationPercentage": 70}
    body = {"metadata": {"name": "web"}, "spec": spec}
    for query in ("?dryRun=All", ""):
        made = api.post(path + query, body).json
        assert (made["apiVersion"], made["spec"]["targetCPUUtilizationPercentage"]) == ("autoscaling/v1", 70)
    new = api.get(path.replace("/v1/", "/v2/") + "/web").json
    assert new["spec"]["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 70}


# dry run


def test_a_dry_run_books_no_address(api: Api) -> None:
    port = 31234
    for query in ("?dryRun=All", ""):
        answer = api.post(
            SERVICES + query, service(type="NodePort", clusterIP="10.96.3.4", ports=[{"port": 80, "nodePort": port}])
        )
        assert answer.status == 201
    taken = api.post(SERVICES, service("other", clusterIP="10.96.3.4"))
    assert taken.message == (
        'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.96.3.4"]: '
        "failed to allocate IP 10.96.3.4: provided IP is already allocated"
    )
    api.delete(f"{SERVICES}/web")
    assert api.post(SERVICES, service("other", clusterIP="10.96.3.4")).status == 201


def test_a_dry_run_uses_no_quota(api: Api) -> None:
    api.post(f"{NS}/resourcequotas", {"metadata": {"name": "few"}, "spec": {"hard": {"configmaps": "2"}}})
    api.advance(5)
    assert api.post(f"{MAPS}?dryRun=All", config_map()).status == 201
    assert api.post(MAPS, config_map()).status == 201
    assert api.post(f"{MAPS}?dryRun=All", config_map("more")).status == 403


@pytest.mark.parametrize(("query", "body"), [("?dryRun=All", None), ("", {"dryRun": ["All"]})])
def test_a_dry_delete_deletes_nothing(api: Api, query: str, body: Object | None) -> None:
    api.post(MAPS, config_map())
    assert api.delete(f"{MAPS}/settings{query}", body).status == 200
    assert api.delete(f"{MAPS}{query}", body).status == 200
    assert api.get(f"{MAPS}/settings").status == 200


def test_dry_updates_and_patches_change_nothing(api: Api) -> None:
    api.post(MAPS, config_map())
    assert api.put(f"{MAPS}/settings?dryRun=All", {**config_map(), "data": {"b": "1"}}).json["data"] == {"b": "1"}
    assert api.patch(f"{MAPS}/settings?dryRun=All", {"data": {"b": "1"}}).json["data"] == {"a": "1", "b": "1"}
    assert api.get(f"{MAPS}/settings").json["data"] == {"a": "1"}


# deleting


def test_a_delete_answers_with_a_status_that_names_what_is_gone(api: Api) -> None:
    uid = api.post(MAPS, config_map()).json["metadata"]["uid"]
    answer = api.delete(f"{MAPS}/settings").json
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    assert answer["details"] == {"name": "settings", "kind": "configmaps", "uid": uid}
    assert api.delete(f"{MAPS}/settings").status == 404


def test_of_some_kinds_it_answers_with_the_object(api: Api) -> None:
    api.post(SERVICES, service())
    assert api.delete(f"{SERVICES}/web").json["kind"] == "Service"


def test_preconditions_must_hold(api: Api) -> None:
    made = api.post(MAPS, config_map()).json["metadata"]
    wrong = api.delete(f"{MAPS}/settings", {"preconditions": {"uid": "other"}})
    assert wrong.status == 409
    assert f"the UID in the precondition (other) does not match the UID in record ({made['uid']})" in wrong.message
    assert api.delete(f"{MAPS}/settings", {"preconditions": {"resourceVersion": "1"}}).status == 409
    assert api.delete(f"{MAPS}/settings", {"preconditions": {"uid": made["uid"]}}).status == 200


def test_finalizers_hold_an_object_until_the_last_is_taken_away(api: Api) -> None:
    api.post(MAPS, config_map(finalizers=["example.com/a"]))
    marked = api.delete(f"{MAPS}/settings").json["metadata"]
    assert (marked["deletionTimestamp"], marked["deletionGracePeriodSeconds"]) == ("2026-01-01T00:00:00Z", 0)
    assert api.get(f"{MAPS}/settings").status == 200
    gone = api.patch(f"{MAPS}/settings", {"metadata": {"finalizers": None}})
    assert (gone.status, gone.json["kind"]) == (200, "ConfigMap")
    assert api.get(f"{MAPS}/settings").status == 404


def test_a_deletion_is_not_taken_back(api: Api) -> None:
    api.post(MAPS, config_map(finalizers=["example.com/a"]))
    api.delete(f"{MAPS}/settings")
    api.patch(f"{MAPS}/settings", {"metadata": {"deletionTimestamp": None}})
    assert "deletionTimestamp" in api.get(f"{MAPS}/settings").json["metadata"]


def test_a_collection_is_deleted_as_a_list_selects_it(api: Api) -> None:
    for name in "abc":
        api.post(MAPS, config_map(name, labels={"name": name}))
    answer = api.delete(f"{MAPS}?labelSelector=name!=b,name")
    assert [i["metadata"]["name"] for i in answer.json["items"]] == ["a", "c"]
    assert [i["metadata"]["name"] for i in api.get(f"{MAPS}?labelSelector=name").json["items"]] == ["b"]


def test_a_running_pod_is_given_time_and_a_waiting_one_goes_at_once(make_api: Callable[..., Api]) -> None:
    api = make_api(workers=1)
    api.post(PODS, pod())
    api.post(PODS, pod("waiting", schedulerName="nobody"))
    marked = api.delete(f"{PODS}/web").json["metadata"]
    assert marked["deletionGracePeriodSeconds"] == 30
    assert api.delete(f"{PODS}/waiting").json["kind"] == "Pod"
    assert api.get(f"{PODS}/waiting").status == 404


def test_force_means_no_grace(make_api: Callable[..., Api]) -> None:
    api = make_api(workers=1)
    uid = api.post(PODS, pod()).json["metadata"]["uid"]
    assert api.delete(f"{PODS}/web", {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}).status == 200
    assert api.get(f"{PODS}/web").status == 404


def test_the_policy_decides_what_becomes_of_dependents(api: Api) -> None:
    for policy, finalizer in (("Foreground", "foregroundDeletion"), ("Orphan", "orphan")):
        api.post(DEPLOYMENTS, deployment())
        answer = api.delete(f"{DEPLOYMENTS}/web?dryRun=All", {"propagationPolicy": policy})
        assert answer.json["metadata"]["finalizers"] == [finalizer]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"propagationPolicy": "Sideways"},
            'propagationPolicy: Unsupported value: "Sideways": supported values: "Background", "Foreground", "Orphan", "nil"',
        ),
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
        ),
    ],
)
def test_delete_options_that_make_no_sense_are_refused(api: Api, options: Object, problem: str) -> None:
    api.post(MAPS, config_map())
    answer = api.delete(f"{MAPS}/settings", options)
    assert (answer.status, answer.message) == (422, f'DeleteOptions.meta.k8s.io "" is invalid: {problem}')


def test_deleting_a_job_without_policy_keeps_its_pods_and_warns(api: Api) -> None:
    template = {"spec": {**pod()["spec"], "restartPolicy": "Never"}}
    api.post(JOBS, {"metadata": {"name": "once"}, "spec": {"template": template}})
    assert (
        api.delete(f"{JOBS}/once?dryRun=All").warnings[0].startswith("child pods are preserved by default when jobs are deleted")
    )
    assert api.delete(f"{JOBS}/once", {"propagationPolicy": "Background"}).warnings == []

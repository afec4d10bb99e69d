"""The official Python client: objects, lists, watches, patches, streams, dynamic client."""

import gc
import json
from typing import Any

import jwt
import pytest
import yaml
from kubernetes import client, dynamic, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream
from kubernetes.utils import create_from_dict

from tests.clients.manifests import CONFIG, DEPLOYMENT, SLEEPER, TALKER
from tests.processes import eventually


def config_map(name: str, **data: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"of": "test"}), data=data)


def status_of(error: ApiException) -> dict[str, Any]:
    return dict(json.loads(error.body))


def test_create_read_replace_delete(core: client.CoreV1Api, namespace: str) -> None:
    made = core.create_namespaced_config_map(namespace, config_map("a", colour="blue"))
    assert made.metadata.uid
    assert made.metadata.creation_timestamp.tzinfo is not None
    read = core.read_namespaced_config_map("a", namespace)
    assert read == made
    read.data["colour"] = "red"
    replaced = core.replace_namespaced_config_map("a", namespace, read)
    assert int(replaced.metadata.resource_version) > int(made.metadata.resource_version)
    with pytest.raises(ApiException) as refused:
        core.replace_namespaced_config_map("a", namespace, made)
    assert (refused.value.status, status_of(refused.value)["reason"]) == (409, "Conflict")
    core.delete_namespaced_config_map("a", namespace)
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_config_map("a", namespace)
    assert status_of(missing.value) == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "NotFound", "code": 404,
        "message": 'configmaps "a" not found', "details": {"name": "a", "kind": "configmaps"},
    }  # fmt: skip


def test_delete_with_a_precondition(core: client.CoreV1Api, namespace: str) -> None:
    made = core.create_namespaced_config_map(namespace, config_map("a"))
    wrong = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="other"))
    with pytest.raises(ApiException) as refused:
        core.delete_namespaced_config_map("a", namespace, body=wrong)
    assert refused.value.status == 409
    right = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=made.metadata.uid))
    assert core.delete_namespaced_config_map("a", namespace, body=right)["status"] == "Success"


def test_apps_and_batch(apps: client.AppsV1Api, namespace: str) -> None:
    apps.create_namespaced_deployment(namespace, yaml.safe_load(DEPLOYMENT))
    eventually(lambda: apps.read_namespaced_deployment_status("web", namespace).status.ready_replicas == 2)
    scale = apps.read_namespaced_deployment_scale("web", namespace)
    assert (scale.spec.replicas, scale.status.replicas, scale.status.selector) == (2, 2, "app=web")
    scale.spec.replicas = 0
    apps.replace_namespaced_deployment_scale("web", namespace, scale)
    eventually(lambda: not apps.read_namespaced_deployment("web", namespace).status.replicas)
    batch = client.BatchV1Api(apps.api_client)
    spec = client.V1PodSpec(
        containers=[client.V1Container(name="c", image="busybox:1.36", command=["true"])], restart_policy="Never"
    )
    job = client.V1Job(
        metadata=client.V1ObjectMeta(name="j"), spec=client.V1JobSpec(template=client.V1PodTemplateSpec(spec=spec))
    )
    batch.create_namespaced_job(namespace, job)
    eventually(lambda: batch.read_namespaced_job("j", namespace).status.succeeded == 1)


def test_pages(core: client.CoreV1Api, namespace: str) -> None:
    for n in range(7):
        core.create_namespaced_config_map(namespace, config_map(f"m{n}"))
    first = core.list_namespaced_config_map(namespace, label_selector="of=test", limit=3)
    core.create_namespaced_config_map(namespace, config_map("m00"))
    assert [m.metadata.name for m in first.items] == ["m0", "m1", "m2"]
    second = core.list_namespaced_config_map(namespace, label_selector="of=test", limit=3, _continue=first.metadata._continue)
    third = core.list_namespaced_config_map(namespace, label_selector="of=test", limit=3, _continue=second.metadata._continue)
    names = [m.metadata.name for page in (first, second, third) for m in page.items]
    assert names == [f"m{n}" for n in range(7)]
    assert third.metadata._continue is None
    assert len({page.metadata.resource_version for page in (first, second, third)}) == 1
    with pytest.raises(ApiException) as refused:
        core.list_namespaced_config_map(namespace, limit=3, _continue="nonsense")
    assert refused.value.status == 400


def test_watch_and_resume(core: client.CoreV1Api, namespace: str) -> None:
    start = core.list_namespaced_config_map(namespace).metadata.resource_version
    for name in ("a", "b"):
        core.create_namespaced_config_map(namespace, config_map(name))
    core.delete_namespaced_config_map("a", namespace)

    def events(since: str, count: int) -> list[tuple[str, str, str]]:
        w, seen = watch.Watch(), []
        for event in w.stream(
            core.list_namespaced_config_map, namespace, label_selector="of=test", resource_version=since, timeout_seconds=60
        ):
            meta = event["object"].metadata
            seen.append((event["type"], meta.name, meta.resource_version))
            if len(seen) == count:
                w.stop()
        return seen

    seen = events(start, 3)
    assert [e[:2] for e in seen] == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]
    assert [e[:2] for e in events(seen[0][2], 2)] == [("ADDED", "b"), ("DELETED", "a")]


def test_a_watch_sees_what_comes_to_match_and_what_ceases_to(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map("a"))
    start = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.patch_namespaced_config_map("a", namespace, {"metadata": {"labels": {"of": "other"}}})
    core.patch_namespaced_config_map("a", namespace, {"metadata": {"labels": {"of": "test"}}})
    stream_ = watch.Watch().stream(
        core.list_namespaced_config_map, namespace, label_selector="of=test", resource_version=start, timeout_seconds=1
    )
    assert [event["type"] for event in stream_] == ["DELETED", "ADDED"]


def test_a_watch_of_the_future_and_of_the_forgotten(core: client.CoreV1Api, namespace: str) -> None:
    with pytest.raises(ApiException) as refused:
        list(watch.Watch().stream(core.list_namespaced_config_map, namespace, resource_version="x", timeout_seconds=1))
    assert refused.value.status == 400


def test_watch_list(api: client.ApiClient, core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map("a"))
    answer = core.list_namespaced_config_map(
        namespace, watch=True, send_initial_events=True, resource_version_match="NotOlderThan", allow_watch_bookmarks=True,
        label_selector="of=test", timeout_seconds=1, _preload_content=False,
    )  # fmt: skip
    events = [json.loads(line) for line in answer.data.splitlines()]
    assert [e["type"] for e in events][:2] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_patches(apps: client.AppsV1Api, namespace: str) -> None:
    apps.create_namespaced_deployment(namespace, yaml.safe_load(DEPLOYMENT))
    container = {"name": "nginx", "env": [{"name": "A", "value": "1"}]}
    patched = apps.patch_namespaced_deployment("web", namespace, {"spec": {"template": {"spec": {"containers": [container]}}}})
    (merged,) = patched.spec.template.spec.containers
    assert (merged.image, merged.env[0].value) == ("nginx:1.27", "1")
    patched = apps.patch_namespaced_deployment("web", namespace, [{"op": "replace", "path": "/spec/replicas", "value": 0}])
    assert patched.spec.replicas == 0
    status = apps.patch_namespaced_deployment_status("web", namespace, {"spec": {"replicas": 5}})
    assert status.spec.replicas == 0


def test_server_side_apply(core: client.CoreV1Api, namespace: str) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"colour": "blue"}}

    def apply(manager: str, colour: str, force: bool = False) -> client.V1ConfigMap:
        return core.patch_namespaced_config_map(
            "a", namespace, {**manifest, "data": {"colour": colour}}, field_manager=manager, force=force,
            _content_type="application/apply-patch+yaml",
        )  # fmt: skip

    assert apply("one", "blue").metadata.managed_fields[0].operation == "Apply"
    with pytest.raises(ApiException) as refused:
        apply("two", "red")
    status = status_of(refused.value)
    assert status["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.colour'
    assert status["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.colour"}
    ]
    assert apply("two", "red", force=True).data == {"colour": "red"}


def test_exec(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_pod(namespace, yaml.safe_load(SLEEPER))
    eventually(lambda: core.read_namespaced_pod("sleeper", namespace).status.phase == "Running")

    def execute(*command: str, **options: Any) -> Any:
        options = {"stderr": True, "stdin": False, "stdout": True, "tty": False, **options}
        return stream(core.connect_get_namespaced_pod_exec, "sleeper", namespace, command=list(command), **options)

    assert execute("echo", "hello") == "hello\n"
    shell = execute("sh", stdin=True, _preload_content=False)
    shell.write_stdin("echo one; echo two >&2\n")
    assert shell.readline_stdout(timeout=60) == "one"
    assert shell.readline_stderr(timeout=60) == "two"
    shell.write_stdin("exit 3\n")
    shell.run_forever(timeout=60)
    assert shell.returncode == 3
    shell.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_exec_in_a_missing_pod(core: client.CoreV1Api, namespace: str) -> None:
    with pytest.raises(ApiException, match="Handshake status 404") as refused:
        stream(core.connect_get_namespaced_pod_exec, "nobody", namespace, command=["true"], stdout=True)
    del refused
    gc.collect()  # the client leaves its socket open: let it be found here, not in another test


def test_logs(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_pod(namespace, yaml.safe_load(TALKER))
    eventually(lambda: core.read_namespaced_pod("talker", namespace).status.phase == "Running")
    eventually(lambda: "line 5" in core.read_namespaced_pod_log("talker", namespace))
    assert core.read_namespaced_pod_log("talker", namespace, tail_lines=1) == "line 5\n"
    lines = []
    w = watch.Watch()
    for line in w.stream(core.read_namespaced_pod_log, "talker", namespace):
        lines.append(line)
        if len(lines) == 5:
            w.stop()
    assert lines == [f"line {n}" for n in range(1, 6)]


def test_dynamic_client(api: client.ApiClient, namespace: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    there = dynamic.DynamicClient(api, cache_file=str(tmp_path_factory.mktemp("dynamic") / "cache"))
    deployments = there.resources.get(api_version="apps/v1", kind="Deployment")
    assert deployments.create(body=yaml.safe_load(DEPLOYMENT), namespace=namespace).spec.replicas == 2
    assert [d.metadata.name for d in deployments.get(namespace=namespace).items] == ["web"]
    deployments.patch(
        body={"spec": {"replicas": 1}}, name="web", namespace=namespace, content_type="application/merge-patch+json"
    )
    assert deployments.scale.get(name="web", namespace=namespace).spec.replicas == 1
    maps = there.resources.get(api_version="v1", kind="ConfigMap")
    applied = maps.server_side_apply(body=yaml.safe_load(CONFIG), namespace=namespace, field_manager="tests")
    assert applied.data.colour == "blue"


def test_create_from_dict(api: client.ApiClient, core: client.CoreV1Api, namespace: str) -> None:
    create_from_dict(api, yaml.safe_load(CONFIG), namespace=namespace)
    assert core.read_namespaced_config_map("settings", namespace).data["size"] == "small"


def test_token_request(core: client.CoreV1Api, api: client.ApiClient, namespace: str) -> None:
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "robot"}})
    asked = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=3600))
    token = core.create_namespaced_service_account_token("robot", namespace, asked).status.token
    review = client.AuthenticationV1Api(api).create_token_review({"spec": {"token": token}})
    assert review.status.authenticated
    assert review.status.user.username == f"system:serviceaccount:{namespace}:robot"


def test_anybody_can_verify_a_service_account_token_with_the_issuers_keys(api: client.ApiClient, namespace: str) -> None:
    spec = client.V1TokenRequestSpec(audiences=["chat"], expiration_seconds=600)
    request = client.AuthenticationV1TokenRequest(spec=spec)
    token = client.CoreV1Api(api).create_namespaced_service_account_token("default", namespace, request).status.token
    issuer = client.WellKnownApi(api).get_service_account_issuer_open_id_configuration()
    issuer = json.loads(issuer.replace("'", '"')) if isinstance(issuer, str) else issuer
    keys = client.OpenidApi(api).get_service_account_issuer_open_id_keyset()
    keys = json.loads(keys.replace("'", '"')) if isinstance(keys, str) else keys
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key.key, algorithms=issuer["id_token_signing_alg_values_supported"], audience="chat")
    assert (claims["iss"], claims["sub"]) == (issuer["issuer"], f"system:serviceaccount:{namespace}:default")
    assert issuer["jwks_uri"].endswith("/openid/v1/jwks")


def test_the_only_app_container_needs_no_name_beside_init_containers(core: client.CoreV1Api, namespace: str) -> None:
    pod = yaml.safe_load(TALKER)
    pod["spec"]["initContainers"] = [{"name": "first", "image": "busybox:1.36", "command": ["true"]}]
    core.create_namespaced_pod(namespace, pod)
    eventually(lambda: core.read_namespaced_pod("talker", namespace).status.phase == "Running")
    assert eventually(lambda: core.read_namespaced_pod_log("talker", namespace)).startswith("line 1\n")
    pod["metadata"]["name"] = "two"
    pod["spec"]["containers"].append({**pod["spec"]["containers"][0], "name": "second"})
    core.create_namespaced_pod(namespace, pod)
    with pytest.raises(ApiException) as refused:
        core.read_namespaced_pod_log("two", namespace)
    wanted = "a container name must be specified for pod two, choose one of: [first main second]"
    assert status_of(refused.value)["message"] == wanted

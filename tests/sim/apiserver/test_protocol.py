"""The HTTP protocol of the API: what is served where, under which method, in which form."""

import json

import pytest
import yaml

from k8slab.apimachinery.types import Object
from tests.sim.conftest import Api

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


def config_map(name: str = "settings", **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"a": "1"}}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", PODS),
        ("OPTIONS", PODS),
        ("TRACE", PODS),
        ("PUT", PODS),
        ("POST", f"{PODS}/web"),
        ("POST", "/api/v1/pods"),
        ("DELETE", "/api/v1/pods"),
        ("GET", f"{PODS}/web/binding"),
        ("DELETE", "/api/v1/namespaces"),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_refused(api: Api, method: str, path: str) -> None:
    answer = api(method, path, {})
    assert (answer.status, answer.json["reason"]) == (405, "MethodNotAllowed")
    assert answer.message == "the server does not allow this method on the requested resource"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/gods",
        "/apis/apps/v2/deployments",
        "/api/v1/pods/web",
        f"{PODS}/web/fun",
        "/api/v1/namespaces/default/nodes",
        "/apis/apps/v2",
    ],
)
def test_what_is_not_served_is_not_found(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status, answer.message) == (404, "the server could not find the requested resource")


@pytest.mark.parametrize("path", ["/apis/nothing.example", "/apis/nothing.example/v1/x", "/nothing", "/healthz/nothing"])
def test_outside_of_the_groups_there_is_no_such_page(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")


def test_strangers_learn_nothing_about_what_there_is(api: Api) -> None:
    answer = api.get("/api/v1/gods", impersonate_user="zoe")
    assert answer.status == 403


def test_an_object_is_a_line_for_programs_and_indented_for_people(api: Api) -> None:
    assert api.get("/api/v1/namespaces/default").body.endswith(b"}\n")
    assert api.get("/api/v1/namespaces/nothing").body.endswith(b'"code":404}\n')
    for answer in (
        api.get("/api/v1/namespaces/default?pretty=true"),
        api.get("/api/v1/namespaces/default", user_agent="curl/8.5.0"),
    ):
        assert answer.body.startswith(b'{\n  "')
        assert answer.body.endswith(b"\n}")
    browser = api.get("/api/v1/namespaces/default?pretty=false", user_agent="Mozilla/5.0")
    assert browser.body.endswith(b"}\n")


def test_nothing_acceptable_is_406(api: Api) -> None:
    assert api.get(PODS, accept="text/html").status == 406


def test_protobuf_falls_back_to_json(api: Api) -> None:
    assert (
        api.get(PODS, accept="application/vnd.kubernetes.protobuf,application/json").headers["content-type"] == "application/json"
    )


def test_a_body_in_an_unknown_form_is_415(api: Api) -> None:
    answer = api("POST", MAPS, b"<xml/>", {"content-type": "text/xml"})
    assert (answer.status, answer.json["reason"]) == (415, "UnsupportedMediaType")


def test_yaml_goes_in_and_comes_out(api: Api) -> None:
    body = yaml.safe_dump(config_map()).encode()
    created = api("POST", MAPS, body, {"content-type": "application/yaml", "accept": "application/yaml"})
    assert created.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(created.body)["data"] == {"a": "1"}


def test_a_watch_has_no_yaml_form(api: Api) -> None:
    assert api.get(f"{MAPS}?watch=1", accept="application/yaml").status == 406


def test_tables_are_for_gets_and_lists(api: Api) -> None:
    api.post(MAPS, config_map())
    for path in (f"{MAPS}/settings", MAPS):
        table = api.get(path, accept=TABLE).json
        assert table["kind"] == "Table"
        assert ["settings", 1, "0s"] in [row["cells"] for row in table["rows"]]


def test_the_answer_to_a_question_is_no_table(api: Api) -> None:
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert api.post(path, review, accept=table).status == 406
    assert api.post(path, review, accept=f"{table},application/json").json["kind"] == "SelfSubjectAccessReview"


def test_metadata_only(api: Api) -> None:
    api.post(MAPS, config_map())
    one = api.get(f"{MAPS}/settings", accept=METADATA).json
    assert (one["kind"], one["apiVersion"], "data" in one) == ("PartialObjectMetadata", "meta.k8s.io/v1", False)
    listed = api.get(MAPS, accept=METADATA_LIST).json
    assert {i["kind"] for i in listed["items"]} == {"PartialObjectMetadata"}


def test_a_header_may_name_several_forms_and_the_first_that_fits_is_taken(api: Api) -> None:
    answer = api.get(MAPS, accept="text/html, application/yaml;q=0.9, application/json")
    assert answer.headers["content-type"] == "application/yaml"


@pytest.mark.parametrize(
    ("query", "kind", "problem"),
    [
        ("dryRun=Some", "CreateOptions", 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
        ("fieldManager=" + "x" * 129, "CreateOptions", "fieldManager: Too long: may not be more than 128 bytes"),
        (
            "fieldValidation=No",
            "CreateOptions",
            'fieldValidation: Unsupported value: "No": supported values: "", "Ignore", "Strict", "Warn"',
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(api: Api, query: str, kind: str, problem: str) -> None:
    answer = api.post(f"{MAPS}?{query}", config_map())
    assert (answer.status, answer.message) == (422, f'{kind}.meta.k8s.io "" is invalid: {problem}')


def test_unknown_fields_are_warned_of_refused_or_ignored(api: Api) -> None:
    body = {**config_map(), "colour": "red"}
    assert api.post(f"{MAPS}?dryRun=All", body).warnings == [r"unknown field \"colour\""]
    assert api.post(f"{MAPS}?dryRun=All&fieldValidation=Ignore", body).warnings == []
    strict = api.post(f"{MAPS}?dryRun=All&fieldValidation=Strict", body)
    assert (strict.status, strict.message) == (
        400,
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "colour"',
    )


def test_deprecations_are_warned_of(api: Api) -> None:
    answer = api.get("/api/v1/componentstatuses")
    assert answer.warnings == ["v1 ComponentStatus is deprecated in v1.19+"]
    assert [c["metadata"]["name"] for c in answer.json["items"]] == ["controller-manager", "etcd-0", "scheduler"]


def test_every_group_and_version_has_an_apiservice(api: Api) -> None:
    names = {s["metadata"]["name"] for s in api.get("/apis/apiregistration.k8s.io/v1/apiservices").json["items"]}
    groups = api.get("/apis").json["groups"]
    assert names == {f"{v['version']}.{g['name']}" for g in groups for v in g["versions"]} | {"v1."}


def test_metrics_count_objects(api: Api) -> None:
    answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'apiserver_resource_objects{group="",resource="namespaces"} 4' in answer.body.decode().splitlines()


def test_health_and_version_need_no_name(api: Api) -> None:
    for path in ("/healthz", "/livez", "/readyz", "/version"):
        assert api.get(path, impersonate_user="system:anonymous", impersonate_group="system:unauthenticated").status == 200
    assert "[+]etcd ok" in api.get("/readyz?verbose").body.decode()


def test_an_unknown_patch_is_415_and_says_which_are_known(api: Api) -> None:
    answer = api.patch(f"{MAPS}/settings", {}, "json")
    assert answer.status == 415
    assert answer.message.endswith(
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
        "application/apply-patch+yaml"
    )


def test_a_body_larger_than_three_mebibytes_is_413(api: Api) -> None:
    body = json.dumps(config_map(a="x" * (3 << 20))).encode()
    assert api("POST", MAPS, body).status == 413

"""What the API server makes of a body: the object, the warnings, or upstream's words for what is wrong."""

import orjson
import pytest

from k8slab.sim.apiserver.decode import check, decode
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.schema import schema_for, schema_from_openapi

GROUPS = {"Deployment": "apps", "DaemonSet": "apps", "HorizontalPodAutoscaler": "autoscaling", "Lease": "coordination.k8s.io"}
VERSIONS = {"HorizontalPodAutoscaler": "v2"}
SPEC = {"containers": [{"name": "c", "image": "nginx"}]}


def read(body, kind="Pod", validation="Strict", media="application/json"):
    group, version = GROUPS.get(kind, ""), VERSIONS.get(kind, "v1")
    api_version = f"{group}/{version}" if group else version
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return decode(raw, media, schema_for(group, version, kind), api_version, kind, validation)


def error(body, kind="Pod", validation="Strict", media="application/json"):
    with pytest.raises(StatusError) as caught:
        read(body, kind, validation, media)
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")
    return caught.value.message


def pod(**spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {**SPEC, **spec}}


def container(**fields):
    return pod(containers=[{"name": "c", "image": "nginx", **fields}])


# --- a good body


def test_an_object_comes_out_as_go_would_write_it():
    body = container(env=[], command=None, tty=False, stdin=True, livenessProbe={}) | {"status": None}
    obj, warnings = read(body)
    assert warnings == []
    assert obj["spec"]["containers"] == [{"name": "c", "image": "nginx", "stdin": True, "livenessProbe": {}, "resources": {}}]
    assert obj["status"] == {}


def test_zeros_of_pointers_stay():
    obj, _ = read({"spec": {"replicas": 0, "minReadySeconds": 0, "paused": False}}, "Deployment")
    assert obj["spec"]["replicas"] == 0
    assert not {"minReadySeconds", "paused"} & obj["spec"].keys()


def test_structs_by_value_and_counters_are_always_there():
    assert read({"metadata": {"name": "s"}}, "Service")[0]["status"] == {"loadBalancer": {}}
    assert read({"metadata": {"name": "s"}}, "DaemonSet")[0]["status"] == {
        "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
    }  # fmt: skip


def test_a_body_without_kind_is_what_the_path_says():
    obj, _ = read({"metadata": {"name": "p"}})
    assert (obj["apiVersion"], obj["kind"]) == ("v1", "Pod")


@pytest.mark.parametrize(("written", "read_back"), [("0.5", "500m"), ("1024Ki", "1Mi"), (2, "2"), ("1e3", "1e3"), (None, "0")])
def test_quantities_are_canonical(written, read_back):
    obj, _ = read(container(resources={"requests": {"cpu": written}}))
    assert obj["spec"]["containers"][0]["resources"]["requests"] == {"cpu": read_back}


def test_times_are_in_utc_with_the_precision_of_their_type():
    lease = {"metadata": {"creationTimestamp": "2026-01-01T02:00:00.5+02:00"}, "spec": {"renewTime": "2026-01-01T00:00:00Z"}}
    obj, _ = read(lease, "Lease")
    assert obj["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert obj["spec"]["renewTime"] == "2026-01-01T00:00:00.000000Z"


def test_yaml_is_read_as_json_would_be():
    body = b"metadata: {name: p, labels: {on: '1', 1: 'a', t: '2026-01-01'}}\nspec: {containers: [{name: c, command: ['1:30']}]}"
    obj, _ = read(body, media="application/yaml; charset=utf-8")
    assert obj["metadata"]["labels"] == {"on": "1", "1": "a", "t": "2026-01-01"}
    assert obj["spec"]["containers"][0]["command"] == ["1:30"]


def test_yaml_times_and_base_60_numbers_are_text():
    data = b"data: {a: 2026-01-01, b: 1:30, c: '007'}"
    assert read(data, "ConfigMap", media="application/yaml")[0]["data"] == {"a": "2026-01-01", "b": "1:30", "c": "007"}


def test_yaml_anchors_and_merge_keys_are_no_duplicates():
    body = b"data: {a: &x one, b: *x}\nmetadata:\n  labels: &l {p: q, r: s}\n  annotations: {<<: *l, r: t}\n"
    obj, warnings = read(body, "ConfigMap", media="application/yaml")
    assert warnings == []
    assert obj["data"] == {"a": "one", "b": "one"}
    assert obj["metadata"]["annotations"] == {"p": "q", "r": "t"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"a: &a [*a]", "yaml: anchor value contains itself"),
        (b"".join(b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 9 if i else [b"x"])) for i in range(9)),
         "yaml: document contains excessive aliasing"),
        (b"[a]: b", "yaml: line 1: a key must be a scalar"),
        (b"? {a: b}\n: c", "yaml: line 1: a key must be a scalar"),
    ],
)  # fmt: skip
def test_yaml_that_no_object_needs(body, problem):
    assert f"error converting YAML to JSON: {problem} (" in error(body, "ConfigMap", media="application/yaml")


# --- wrong types


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (pod(nodeSelector={"a": True}), "bool into Go struct field PodSpec.spec.nodeSelector of type string"),
        (pod(containers="c"), "string into Go struct field PodSpec.spec.containers of type []v1.Container"),
        (pod(restartPolicy=1), "number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy"),
        (
            container(env=[{"name": "A", "value": 1}]),
            "number into Go struct field EnvVar.spec.containers.env.value of type string",
        ),
        (container(command=[1]), "number into Go struct field Container.spec.containers.command of type string"),
        (pod(priority="high"), "string into Go struct field PodSpec.spec.priority of type int32"),
        (pod(priority=2**31), "number 2147483648 into Go struct field PodSpec.spec.priority of type int32"),
        (pod(priority=1.5), "number 1.5 into Go struct field PodSpec.spec.priority of type int32"),
        ({"spec": []}, "array into Go struct field Pod.spec of type v1.PodSpec"),
    ],
)
def test_a_wrong_type_is_named_with_its_path(body, problem):
    assert error(body, validation="Ignore") == f'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal {problem}'


def test_a_bad_quantity():
    assert error(container(resources={"limits": {"cpu": "lots"}})) == (
        'Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression '
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )


@pytest.mark.parametrize(("text", "byte"), [("not base64!", 3), ("abc", 0), ("YQ=", 3), ("YWJj=", 4)])
def test_bad_base64(text, byte):
    assert error({"data": {"a": text}}, "Secret") == (
        f'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte {byte}'
    )


def test_good_base64_may_have_line_breaks():
    assert read({"data": {"a": "YW\nJj"}}, "Secret")[0]["data"] == {"a": "YWJj"}


def test_a_bad_time():
    assert error({"metadata": {"deletionTimestamp": "today"}}).endswith(
        'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"'
    )


# --- unknown and duplicate fields

UNKNOWN = {"spec": {"foo": 1, "containers": [{"name": "c", "imag": "x"}]}}


def test_strict_refuses_unknown_fields():
    assert error(UNKNOWN) == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
        'unknown field "spec.foo", unknown field "spec.containers[0].imag"'
    )


def test_warn_drops_them_and_says_so():
    obj, warnings = read(UNKNOWN, validation="Warn")
    assert warnings == ['unknown field "spec.foo"', 'unknown field "spec.containers[0].imag"']
    assert obj["spec"] == {"containers": [{"name": "c", "resources": {}}]}


def test_ignore_drops_them_silently():
    assert read(UNKNOWN, validation="Ignore") == (read(UNKNOWN, validation="Warn")[0], [])


def test_duplicates_are_found_in_json():
    assert error(b'{"metadata": {"name": "a", "labels": {"x": "1", "x": "2"}, "name": "b"}}').endswith(
        'strict decoding error: duplicate field "metadata.labels.x", duplicate field "metadata.name"'
    )


def test_duplicates_are_found_in_yaml():
    _, warnings = read(b"metadata: {name: a}\nspec: {}\nspec: {}\n", validation="Warn", media="application/yaml")
    assert warnings == ['line 3: key "spec" already set in map']


def test_escaped_quotes_are_no_duplicates():
    assert read(b'{"metadata": {"annotations": {"a": "\\u0022\\"x\\""}}}')[1] == []


# --- not an object of this kind


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "unexpected end of JSON input (<empty>)"),
        (b'{"kind": "Pod",', 'unexpected end of JSON input ({"kind": "Pod",)'),
        (b"{]", "invalid character ']' looking for beginning of object key string ({])"),
        (b'{"a" 1}', "invalid character '1' after object key ({\"a\" 1})"),
        (b'{"a": 1 "b": 2}', 'invalid character \'"\' after object key:value pair ({"a": 1 "b": 2})'),
        (b'{"a": [1 2]}', "invalid character '2' after array element ({\"a\": [1 2]})"),
        (b"kind: Pod", "invalid character 'k' looking for beginning of value (6b696e643a20506f64)"),
        (
            b'{"metadata": {"name": "a-long-name"}}}',
            'invalid character \'}\' after top-level value ({"metadata": {"name": "a-long- ...)',
        ),
    ],
)
def test_malformed_json(raw, problem):
    prefix = "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
    assert error(raw) == prefix + problem


def test_malformed_yaml():
    assert error(b"a: [", media="application/yaml").startswith(
        "the object provided is unrecognized (must be of type Pod): error converting YAML to JSON: yaml: line "
    )


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b'{"a": NaN}', "invalid character 'N' looking for beginning of value"),
        (b'{"a": -Infinity}', "invalid character 'I' in numeric literal"),
        (b'{"a": "\\q"}', "invalid character 'q' in string escape code"),
        (b'{"a": "\n"}', "invalid character '\\n' in string literal"),
        (b"\xef\xbb\xbf{}", "looking for beginning of value"),
    ],
)
def test_what_only_python_would_read(raw, problem):
    assert problem in error(raw)


@pytest.mark.parametrize("text", [b"\xff", b"\\ud800"])
def test_broken_text_is_replaced_as_go_does(text):
    assert read(b'{"data": {"a": "' + text + b'"}}', "ConfigMap")[0]["data"] == {"a": "\ufffd"}


@pytest.mark.parametrize("depth", [300, 1_000, 100_000])
@pytest.mark.parametrize("validation", ["Strict", "Ignore"])
def test_bodies_nested_too_deep(depth, validation):
    assert "exceeded max depth" in error(b'{"a": ' + b"[" * depth + b"]" * depth + b"}", validation=validation)


def test_deep_yaml_too():
    assert "exceeded max depth" in error(b"a: " + b"[" * 500 + b"]" * 500, media="application/yaml")


def test_a_list_is_no_object():
    assert "json: cannot unmarshal array into Go value of type struct" in error(b"[]")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"kind": "Podd"}, 'Podd in version "v1" cannot be handled as a Pod: no kind "Podd" is registered for version "v1"'),
        ({"apiVersion": "v2"}, 'Pod in version "v2" cannot be handled as a Pod: no kind "Pod" is registered for version "v2"'),
        ({"kind": "Service"}, 'Service in version "v1" cannot be handled as a Pod: converting (v1.Service) to (core.Pod)'),
    ],
)
def test_another_kind_is_refused(body, problem):
    assert error(body).startswith(problem)


def test_another_version_of_the_kind_is_refused():
    assert error({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler"}, "HorizontalPodAutoscaler") == (
        "the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)"
    )


def test_an_unknown_media_type_is_415():
    with pytest.raises(StatusError) as caught:
        read(b"", media="text/plain")
    assert caught.value.code == 415


def test_an_apply_patch_is_only_parsed():
    config = b"apiVersion: v1\nkind: Pod\nspec: {foo: null, containers: []}"
    obj, warnings = read(config, media="application/apply-patch+yaml")
    assert (obj["spec"], warnings) == ({"foo": None, "containers": []}, [])


def test_an_apply_patch_always_has_metadata():
    assert read(b"metadata: null", media="application/apply-patch+yaml")[0] == {"metadata": {}}
    assert error(b"metadata: [1]", media="application/apply-patch+yaml") == (
        "error decoding YAML: json: cannot unmarshal array into Go struct field .metadata"
    )


@pytest.mark.parametrize(("raw", "line"), [(b"a: 1\nb: 2\na: 3", 3), (b'{"a": 1, "a": 2}', 1)])
def test_an_apply_patch_with_a_duplicate_key(raw, line):
    assert error(raw, media="application/apply-patch+yaml") == (
        "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  "
        f'line {line}: key "a" already set in map'
    )


def test_a_malformed_apply_patch():
    assert error(b"[", media="application/apply-patch+yaml").startswith("error decoding YAML: yaml: line ")


def test_delete_options_are_the_same_in_every_group():
    body = b'{"apiVersion": "apps/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}'
    obj, _ = decode(body, "application/json", schema_for("", "v1", "DeleteOptions"), "v1", "DeleteOptions", "Strict")
    assert obj["gracePeriodSeconds"] == 0


# --- objects in memory


def test_check_leaves_its_argument_alone():
    body = container(env=[])
    before = orjson.dumps(body)
    checked, _ = check(body, schema_for("", "v1", "Pod"), "v1", "Pod")
    checked["spec"]["containers"][0]["image"] = "other"
    assert orjson.dumps(body) == before


def test_what_a_patch_broke_is_invalid_not_malformed():
    with pytest.raises(StatusError) as caught:
        check({"spec": 1}, schema_for("", "v1", "Pod"), "v1", "Pod", patched=True)
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    assert caught.value.message == (
        ' "" is invalid: patch: Invalid value: "{\\"spec\\":1}": json: cannot unmarshal number into Go struct field '
        "Pod.spec of type v1.PodSpec"
    )


@pytest.mark.parametrize(
    ("patch", "problem"),
    [
        ({"replicas": "two"}, 'map[spec:map[replicas:two]]": unrecognized type: int32'),
        ({"paused": 1}, 'map[spec:map[paused:1]]": unrecognized type: bool'),
        ({"template": []}, 'map[spec:map[template:[]]]": cannot restore struct from: slice'),
        ({"strategy": {"type": 1}}, 'map[spec:map[strategy:map[type:1]]]": cannot convert int64 to v1.DeploymentStrategyType'),
        ({"foo": 1}, 'map[spec:map[foo:1]]": strict decoding error: unknown field "spec.foo"'),
    ],
)
def test_what_a_strategic_patch_broke_shows_the_patch(patch, problem):
    obj, node = {"spec": {"replicas": 1, **patch}}, schema_for("apps", "v1", "Deployment")
    with pytest.raises(StatusError) as caught:
        check(obj, node, "apps/v1", "Deployment", "Strict", patched=True, strategic={"spec": patch})
    assert caught.value.message == f' "" is invalid: patch: Invalid value: "{problem}'


def test_custom_resources_are_pruned_but_keep_nulls_and_zeros():
    schema = schema_from_openapi({"properties": {"spec": {"type": "object", "properties": {"a": {"type": "integer"}}}}})
    obj, _ = check({"metadata": {"name": "x"}, "spec": {"a": None, "b": 1}, "other": {}}, schema, "x/v1", "X")
    assert obj["spec"] == {"a": None}
    assert "other" not in obj

"""Server-side apply: declare, share, give up, collide, take over."""

import copy
import json

import pytest
import yaml

from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.managedfields import apply, track_update
from k8slab.sim.apiserver.schema import schema_for

SCHEMAS = {"ConfigMap": schema_for("", "v1", "ConfigMap"), "Deployment": schema_for("apps", "v1", "Deployment"),
           "Service": schema_for("", "v1", "Service")}  # fmt: skip
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def config_map(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def deployment(text):
    spec = yaml.safe_load(text)
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def applied(live, config, manager="one", force=False, now=0.0, subresource=""):
    before = copy.deepcopy((live, config))
    result = apply(live, config, manager, force, SCHEMAS[config["kind"]], config["apiVersion"], now, subresource)
    assert (live, config) == before, "arguments stay as they are"
    return result


def owners(obj):
    return {e["manager"]: e["fieldsV1"] for e in obj["metadata"]["managedFields"]}


def updated(live, change, manager="editor", now=5.0, subresource=""):
    new = copy.deepcopy(live)
    change(new)
    fields = track_update(live, new, manager, now, SCHEMAS[live["kind"]], live["apiVersion"], subresource)
    new["metadata"]["managedFields"] = fields
    return new


def refused(live, config, **more):
    with pytest.raises(StatusError) as caught:
        applied(live, config, **more)
    return caught.value


# --- one manager


def test_an_apply_creates_and_owns_leaves_only():
    obj = applied(None, config_map(k="1", x="1"))
    assert obj["data"] == {"k": "1", "x": "1"}
    assert obj["metadata"]["managedFields"] == [
        {"manager": "one", "operation": "Apply", "apiVersion": "v1", "time": "1970-01-01T00:00:00Z",
         "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:k": {}, "f:x": {}}}}
    ]  # fmt: skip


def test_the_same_again_changes_nothing():
    live = applied(None, config_map(k="1"))
    assert applied(live, config_map(k="1"), now=9) is live


def test_what_is_no_longer_applied_goes():
    live = applied(None, config_map(k="1", x="1"))
    assert applied(live, config_map(k="1"))["data"] == {"k": "1"}


def test_the_last_field_takes_the_map_with_it():
    config = config_map(k="1")
    gone = applied(applied(None, config), {k: v for k, v in config.items() if k != "data"})
    assert "data" not in gone
    assert "managedFields" not in gone["metadata"]


def test_what_others_wrote_stays():
    live = updated(applied(None, config_map(k="1")), lambda o: o["data"].update(x="2"))
    after = applied(live, config_map(k="3"))
    assert after["data"] == {"k": "3", "x": "2"}
    assert owners(after) == {"one": {"f:data": {"f:k": {}}}, "editor": {"f:data": {"f:x": {}}}}


# --- several managers


def test_a_field_with_the_same_value_is_shared_and_outlives_one_owner():
    live = applied(None, config_map(k="1", x="1"), "one")
    live = applied(live, config_map(x="1"), "two")
    after = applied(live, config_map(k="1"), "one")
    assert after["data"] == {"k": "1", "x": "1"}
    assert owners(after) == {"one": {"f:data": {"f:k": {}}}, "two": {"f:data": {"f:x": {}}}}


def test_another_value_is_a_conflict():
    error = refused(applied(None, config_map(k="1")), config_map(k="2"), manager="two")
    assert error.status() == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Conflict", "code": 409,
        "message": 'Apply failed with 1 conflict: conflict with "one": .data.k',
        "details": {"causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.k"}]},
    }  # fmt: skip


def test_several_conflicts_are_listed_by_owner():
    live = applied(None, config_map(a="1", b="1", c="1"), "one")
    live = updated(live, lambda o: o["data"].update(c="2"), "kubectl-edit")
    error = refused(live, config_map(a="9", b="9", c="9"), manager="two")
    assert error.message == (
        'Apply failed with 3 conflicts: conflicts with "kubectl-edit" using v1:\n- .data.c\n'
        'conflicts with "one":\n- .data.a\n- .data.b'
    )
    assert [c["field"] for c in error.details["causes"]] == [".data.c", ".data.a", ".data.b"]


def test_a_conflict_with_a_subresource_names_it():
    live = applied(None, deployment("{replicas: 1, selector: {}, template: {}}"))
    live = updated(live, lambda o: o["spec"].update(replicas=3), "hpa", subresource="scale")
    error = refused(live, deployment("{replicas: 1}"))
    assert error.message == (
        'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas'
    )


def test_force_takes_the_field_over():
    live = applied(None, config_map(k="1", x="1"), "one")
    after = applied(live, config_map(k="2"), "two", force=True, now=1)
    assert after["data"] == {"k": "2", "x": "1"}
    assert owners(after) == {"one": {"f:data": {"f:x": {}}}, "two": {"f:data": {"f:k": {}}}}


def test_an_object_without_owners_belongs_to_before_first_apply():
    live = config_map(k="1", x="1")
    error = refused(live, config_map(k="2"))
    assert error.message == 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.k'
    after = applied(live, config_map(k="2"), force=True)
    assert owners(after)["before-first-apply"] == {"f:data": {".": {}, "f:x": {}}}


# --- lists and structs

TWO = """
  replicas: 3
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec:
      containers:
      - {name: c, image: x, ports: [{containerPort: 80}], env: [{name: A, value: '1'}, {name: B, value: '2'}]}
      - {name: side, image: y}
"""


def container_names(obj):
    return [c["name"] for c in obj["spec"]["template"]["spec"]["containers"]]


def containers(text):
    return deployment(f"template: {{spec: {{containers: {text}}}}}")


def test_containers_merge_by_name():
    after = applied(applied(None, deployment(TWO)), containers("[{name: side, image: y}, {name: new, image: z}]"), "two")
    assert container_names(after) == ["c", "side", "new"]


def test_an_applier_takes_its_container_away_but_not_one_that_another_applies_too():
    live = applied(applied(None, deployment(TWO)), containers("[{name: side, image: y}]"), "two")
    after = applied(live, deployment("{selector: {matchLabels: {app: d}}}"))
    assert container_names(after) == ["side"]
    assert "replicas" not in after["spec"]


def test_the_order_of_the_applied_list_wins():
    live = applied(None, deployment(TWO))
    reordered = deployment(TWO)
    reordered["spec"]["template"]["spec"]["containers"].reverse()
    assert container_names(applied(live, reordered)) == ["side", "c"]


def test_env_is_merged_by_name_and_ports_default_their_protocol():
    after = applied(applied(None, deployment(TWO)), containers("[{name: c, env: [{name: C, value: '3'}]}]"), "two")
    (container, _) = after["spec"]["template"]["spec"]["containers"]
    assert [e["name"] for e in container["env"]] == ["A", "B", "C"]
    fields = owners(after)["one"]["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"c"}']["f:ports"]
    assert fields == {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}


def test_an_atomic_map_is_owned_and_replaced_as_one():
    def service(**selector):
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": selector}}

    live = applied(None, service(app="a", tier="b"))
    assert owners(live) == {"one": {"f:spec": {"f:selector": {}}}}
    assert applied(live, service(app="a"))["spec"]["selector"] == {"app": "a"}
    assert refused(live, service(app="x"), manager="two").code == 409


def test_status_is_not_owned_through_the_main_resource_nor_spec_through_status():
    config = {**deployment("{replicas: 1}"), "status": {"replicas": 1}}
    live = applied(None, config)
    assert owners(live) == {"one": {"f:spec": {"f:replicas": {}}}}
    after = applied(live, config, "two", subresource="status")
    assert owners(after)["two"] == {"f:status": {"f:replicas": {}}}
    assert after["metadata"]["managedFields"][-1]["subresource"] == "status"


def test_a_null_is_owned_but_not_stored():
    after = applied(None, deployment("{replicas: null, paused: true}"))
    assert "replicas" not in after["spec"]
    assert owners(after) == {"one": {"f:spec": {"f:paused": {}, "f:replicas": {}}}}


# --- kubectl's move from client-side apply


def client_side(data):
    config = config_map(**data)
    live = copy.deepcopy(config)
    live["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(config)}
    fields = track_update(None, live, "kubectl-client-side-apply", 0.0, SCHEMAS["ConfigMap"], "v1")
    live["metadata"]["managedFields"] = fields
    return live


def test_kubectl_may_change_what_its_client_side_apply_wrote():
    after = applied(client_side({"k": "1"}), config_map(k="2"), "kubectl")
    assert after["data"] == {"k": "2"}
    assert json.loads(after["metadata"]["annotations"][LAST_APPLIED]) == config_map(k="2")


def test_others_may_not():
    assert refused(client_side({"k": "1"}), config_map(k="2"), manager="other").code == 409


def test_nor_kubectl_what_someone_changed_since():
    live = updated(client_side({"k": "1"}), lambda o: o["data"].update(k="5"))
    assert refused(live, config_map(k="2"), manager="kubectl").message == (
        'Apply failed with 1 conflict: conflict with "editor" using v1: .data.k'
    )


# --- configurations that do not fit


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("{replica: 1}", ".spec.replica: field not declared in schema"),
        ("{replicas: '1'}", ".spec.replicas: expected numeric (int or float), got string"),
        ("{paused: 1}", ".spec.paused: expected boolean, got 1"),
        ("[1]", ".spec: expected map, got [1]"),
        (
            "{template: {spec: {containers: [{image: x}]}}}",
            '.spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "name" '
            "(and doesn't have default value)",
        ),
        (
            "{template: {spec: {containers: [{name: c}, {name: c}]}}}",
            '.spec.template.spec.containers: duplicate entries for key [name="c"]',
        ),
        ("{a: 1, b: 1}", "errors:\n  .spec.a: field not declared in schema\n  .spec.b: field not declared in schema"),
    ],
)
def test_a_configuration_must_fit_the_schema(spec, problem):
    error = refused(None, deployment(spec))
    assert error.code == 500
    assert error.message == f"failed to create typed patch object (/d; apps/v1, Kind=Deployment): {problem}"


def test_it_must_be_of_the_requests_version():
    with pytest.raises(StatusError) as caught:
        apply(None, {**config_map(), "apiVersion": "v2"}, "m", False, SCHEMAS["ConfigMap"], "v1", 0.0)
    assert (caught.value.code, caught.value.message) == (
        400,
        "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1",
    )


def test_it_must_be_of_the_requests_kind():
    with pytest.raises(StatusError) as caught:
        apply(None, {**config_map(), "kind": "Secret"}, "m", False, SCHEMAS["ConfigMap"], "v1", 0.0)
    assert caught.value.message == "invalid object type: v1, Kind=Secret, expected: v1, Kind=ConfigMap"


def test_it_may_not_bring_managed_fields():
    config = config_map(k="1")
    config["metadata"]["managedFields"] = []
    assert refused(None, config).message == "metadata.managedFields must be nil"

"""The types of the API: what the published schemas and the Go structs say about them."""

import pytest

from k8slab.sim.apiserver.definitions import go_fields
from k8slab.sim.apiserver.schema import TypeSchema, definitions, schema_for, schema_from_openapi

POD_SPEC = schema_for("", "v1", "Pod").fields["spec"].type
DEPLOYMENT_SPEC = schema_for("apps", "v1", "Deployment").fields["spec"].type


def field(node: TypeSchema, path: str) -> TypeSchema:
    for name in path.split("."):
        node = node.fields[name].type if node.kind == "struct" else node.items.fields[name].type
    return node


@pytest.mark.parametrize(
    ("path", "kind", "relation", "go"),
    [
        ("containers", "list", "map", "[]v1.Container"),
        ("containers.ports", "list", "map", "[]v1.ContainerPort"),
        ("containers.resources.limits", "map", "granular", "v1.ResourceList"),
        ("containers.env.value", "string", "atomic", "string"),
        ("nodeSelector", "map", "atomic", "map[string]string"),
        ("tolerations", "list", "atomic", "[]v1.Toleration"),
        ("terminationGracePeriodSeconds", "int64", "atomic", "int64"),
        ("restartPolicy", "string", "atomic", "v1.RestartPolicy"),
        ("containers.livenessProbe.httpGet.port", "int-or-string", "atomic", "intstr.IntOrString"),
    ],
)
def test_the_fields_of_a_pod_have_types(path, kind, relation, go):
    node = field(POD_SPEC, path)
    assert (node.kind, node.relation, node.go) == (kind, relation, go)


def test_container_ports_are_told_apart_by_number_and_protocol():
    assert field(POD_SPEC, "containers.ports").keys == ("containerPort", "protocol")


def test_a_strategic_merge_patch_merges_container_ports_by_number():
    ports = POD_SPEC.fields["containers"].type.items.fields["ports"]
    assert (ports.merge_key, ports.strategies) == ("containerPort", {"merge"})


def test_volumes_retain_keys():
    assert POD_SPEC.fields["volumes"].strategies == {"merge", "retainKeys"}


def test_replicas_is_a_pointer_so_that_zero_is_a_value():
    assert DEPLOYMENT_SPEC.fields["replicas"].pointer
    assert not DEPLOYMENT_SPEC.fields["minReadySeconds"].pointer


def test_strategy_is_a_struct_by_value_but_its_rolling_update_a_pointer():
    strategy = DEPLOYMENT_SPEC.fields["strategy"]
    assert strategy.always
    assert not strategy.type.fields["rollingUpdate"].always


def test_the_claim_of_a_volume_is_granular_although_object_references_are_atomic():
    claim = field(schema_for("", "v1", "PersistentVolume"), "spec.claimRef")
    event_subject = field(schema_for("", "v1", "Event"), "involvedObject")
    assert (claim.relation, event_subject.relation) == ("granular", "atomic")


def test_a_kind_that_does_not_exist_has_no_schema():
    with pytest.raises(LookupError, match='no schema for kind "Podd"'):
        schema_for("", "v1", "Podd")


def test_a_type_is_made_once():
    assert schema_for("", "v1", "Pod") is schema_for("", "v1", "Pod")


def test_raw_definitions_keep_their_descriptions():
    assert "Pod is a collection of containers" in definitions()["io.k8s.api.core.v1.Pod"]["description"]


def test_a_custom_resource_gets_standard_metadata():
    schema = schema_from_openapi({"properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}})
    assert schema.fields["metadata"].type.fields["labels"].type.kind == "map"
    assert schema.fields["spec"].type.fields["size"].type.relation == "atomic"


def test_a_custom_resource_may_preserve_unknown_fields():
    spec = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    assert schema_from_openapi({"properties": {"spec": spec}}).fields["spec"].type.kind == "raw"


def test_what_is_noted_about_go_structs_is_about_fields_that_exist():
    known = definitions()
    unknown = [
        f"{name}.{field}"
        for name, fields in go_fields().items()
        for field in fields
        if field not in known.get(name, {}).get("properties", {})
    ]
    assert unknown == []

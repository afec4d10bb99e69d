"""Rules for metadata that all kinds share, and what differs per kind in names."""

from typing import Any

import pytest

from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.validation import validate_create
from tests.sim.apiserver.objects import changed, created, on_create, on_update, sample


def config_map(**values: Any) -> dict[str, Any]:
    return sample("v1", "ConfigMap", **values)


@pytest.mark.parametrize(
    ("api_version", "kind", "name", "error"),
    [
        ("v1", "Namespace", "has.dot", 'metadata.name: Invalid value: "has.dot": must not contain dots'),
        ("v1", "Service", "1st", 'metadata.name: Invalid value: "1st": a DNS-1035 label must consist of'),
        ("v1", "ConfigMap", "Upper", 'metadata.name: Invalid value: "Upper": a lowercase RFC 1123 subdomain must consist of'),
        (
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            "a/b",
            "metadata.name: Invalid value: \"a/b\": may not contain '/'",
        ),
        ("batch/v1", "CronJob", "c" * 53, f'metadata.name: Invalid value: "{"c" * 53}": must be no more than 52 characters'),
    ],
)
def test_names(api_version: str, kind: str, name: str, error: str) -> None:
    (found,) = on_create(sample(api_version, kind, metadata__name=name))
    assert found.startswith(error)


def test_names_of_rbac_objects_may_have_colons() -> None:
    assert on_create(sample("rbac.authorization.k8s.io/v1", "RoleBinding", metadata__name="system:Thing")) == []


def test_a_name_is_needed() -> None:
    assert on_create(config_map(metadata__name=None)) == ["metadata.name: Required value: name or generateName is required"]


@pytest.mark.parametrize(
    ("meta", "error"),
    [
        ({"labels": {"/x": "y"}}, 'metadata.labels: Invalid value: "/x": prefix part must be non-empty'),
        ({"labels": {"x": "-"}}, 'metadata.labels: Invalid value: "-": a valid label must be an empty string or consist of'),
        ({"annotations": {"a": "x" * (256 * 1024)}}, "metadata.annotations: Too long: may not be more than 262144 bytes"),
        (
            {"finalizers": ["plain"]},
            'metadata.finalizers[0]: Invalid value: "plain": name is neither a standard finalizer name nor is it fully qualified',
        ),
        (
            {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p"}]},
            'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
        ),
        (
            {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": n, "uid": n, "controller": True} for n in "ab"]},
            "metadata.ownerReferences: Invalid value: [{",
        ),
    ],
)
def test_what_is_wrong_with_metadata(meta: dict[str, Any], error: str) -> None:
    (found,) = on_create(config_map(**{f"metadata__{name}": value for name, value in meta.items()}))
    assert found.startswith(error)


def test_annotations_may_have_capitals_in_their_prefix() -> None:
    assert on_create(config_map(metadata__annotations={"Example.com/Key": "v"})) == []


def test_identity_does_not_change() -> None:
    old = created(config_map())
    assert on_update(old, changed(old, metadata__name="other")) == ['metadata.name: Invalid value: "other": field is immutable']
    assert on_update(old, changed(old, metadata__uid="u-2")) == ['metadata.uid: Invalid value: "u-2": field is immutable']


def test_an_update_says_which_version_it_is_of() -> None:
    old = created(config_map())
    refused = 'metadata.resourceVersion: Invalid value: "": must be specified for an update'
    assert on_update(old, changed(old, metadata__resourceVersion=None)) == [refused]


def test_an_object_that_is_going_gets_no_new_finalizers() -> None:
    old = created(config_map(metadata__finalizers=["example.com/hold"]))
    old["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert on_update(old, changed(old, metadata__finalizers=[])) == []
    refused = (
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
        '[]string{"example.com/more"}'
    )
    assert on_update(old, changed(old, metadata__finalizers=["example.com/hold", "example.com/more"])) == [refused]


def test_custom_resources_have_their_metadata_checked_and_any_finalizer() -> None:
    rooms = Resource("example.com", "v1", "Room", "rooms", "room", namespaced=True)
    meta = {"name": "r", "namespace": "default", "finalizers": ["plain"]}
    room = {"apiVersion": "example.com/v1", "kind": "Room", "metadata": meta, "spec": {"anything": 1}}
    assert validate_create(rooms, room) == []
    (error,) = validate_create(rooms, changed(room, metadata__name="R"))
    assert error.field == "metadata.name"

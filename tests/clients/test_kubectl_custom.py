"""Custom resources through kubectl: defined, served, validated, explained, gone with their definition."""

import json

import pytest

from tests.processes import Kubectl

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rooms.GROUP}
spec:
  group: GROUP
  names: {kind: Room, plural: rooms, singular: room, shortNames: [rm]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}
    additionalPrinterColumns: [{name: Topic, type: string, jsonPath: .spec.topic}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [topic]
            properties:
              topic: {type: string, maxLength: 20, description: What it is about.}
              size: {type: integer, default: 10, minimum: 1}
          status:
            type: object
            properties:
              size: {type: integer}
"""
ROOM = "apiVersion: GROUP/v1\nkind: Room\nmetadata: {name: lobby}\nspec: {topic: hello}\n"


@pytest.fixture
def group(kubectl: Kubectl) -> str:
    """An API group that goes with the test's namespace."""
    return f"{kubectl.namespace}.example.com"


def test_custom_resources(kubectl: Kubectl, group: str) -> None:
    rooms, room = f"rooms.{group}", ROOM.replace("GROUP", group)
    assert kubectl("create", "-f", "-", stdin=CRD.replace("GROUP", group)).out == (
        f"customresourcedefinition.apiextensions.k8s.io/{rooms} created\n"
    )
    kubectl("wait", f"crd/{rooms}", "--for=condition=Established", "--timeout=60s")
    assert kubectl("apply", "-f", "-", stdin=room).out == f"room.{group}/lobby created\n"
    assert kubectl("apply", "-f", "-", stdin=room).out == f"room.{group}/lobby unchanged\n"
    assert kubectl("get", rooms).rows == [["NAME", "TOPIC"], ["lobby", "hello"]]
    assert kubectl("get", rooms, "lobby", "-o", "jsonpath={.spec.size}").out == "10"
    assert "topic\t<string> -required-\n" in kubectl("explain", f"{rooms}.spec").out
    kubectl("patch", rooms, "lobby", "--subresource=status", "--type=merge", "-p", '{"status":{"size":4},"spec":{"topic":"x"}}')
    stored = json.loads(kubectl("get", rooms, "lobby", "-o", "json").out)
    assert (stored["spec"]["topic"], stored["status"], stored["metadata"]["generation"]) == ("hello", {"size": 4}, 1)
    kubectl("scale", f"{rooms}/lobby", "--replicas=20")
    assert kubectl("get", rooms, "lobby", "-o", "jsonpath={.spec.size}").out == "20"
    kubectl("delete", "crd", rooms, "--timeout=60s")
    assert kubectl.fails("get", rooms) == f'error: the server doesn\'t have a resource type "rooms" in group "{group}"'


def test_invalid_custom_resources(kubectl: Kubectl, group: str) -> None:
    room = ROOM.replace("GROUP", group)
    kubectl("create", "-f", "-", stdin=CRD.replace("GROUP", group))
    kubectl("wait", f"crd/rooms.{group}", "--for=condition=Established", "--timeout=60s")
    try:
        assert kubectl.fails("apply", "-f", "-", stdin=room.replace("topic: hello", "topic: hello, size: 0")) == (
            'The Room "lobby" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1'
        )
        assert kubectl.fails("apply", "-f", "-", stdin=room.replace("topic: hello", "size: 1")) == (
            'The Room "lobby" is invalid: spec.topic: Required value'
        )
        assert kubectl.fails("apply", "-f", "-", stdin=room.replace("topic: hello", "topic: 5")) == (
            'The Room "lobby" is invalid: spec.topic: Invalid value: "integer": '
            'spec.topic in body must be of type string: "integer"'
        )
        unknown = kubectl.fails("create", "-f", "-", stdin=room.replace("topic: hello", "topic: hello, colour: red"))
        assert unknown.endswith('strict decoding error: unknown field "spec.colour"')
    finally:
        kubectl("delete", "crd", f"rooms.{group}", "--timeout=60s")


def test_an_invalid_definition(kubectl: Kubectl, group: str) -> None:
    assert kubectl.fails("create", "-f", "-", stdin=CRD.replace("name: rooms.GROUP", "name: wrong").replace("GROUP", group)) == (
        'The CustomResourceDefinition "wrong" is invalid: metadata.name: Invalid value: "wrong": '
        'must be spec.names.plural+"."+spec.group'
    )

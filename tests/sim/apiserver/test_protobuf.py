"""Bodies in protobuf, which is what kubectl sends for the built-in kinds: decoded as their JSON would be.

The encoder is the test's own, written after the wire format's description; only the numbers of the fields are shared.
"""

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import k8slab.sim.apiserver.protobuf as protobuf
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.protobuf import decode_protobuf
from k8slab.sim.apiserver.schema import TypeSchema, schema_for
from tests.sim.conftest import Api

NUMBERS: dict[str, dict[str, str]] = json.loads((Path(protobuf.__file__).parent / "fields.json").read_text())


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def message(obj: Object, node: TypeSchema, definition: str) -> bytes:
    out = b""
    for number, name in NUMBERS[definition].items():
        if name.startswith(">"):
            known = {n: v for n, v in obj.items() if n in NUMBERS[name[1:]].values()}
            out += field(int(number), message(known, node, name[1:]))
        elif name in obj:
            out += values(int(number), obj[name], node.fields[name].type)
    return out


def values(number: int, value: Any, node: TypeSchema) -> bytes:
    if node.kind == "list":
        assert node.items is not None
        return b"".join(values(number, item, node.items) for item in value)
    if node.kind == "map":
        assert node.items is not None
        return b"".join(field(number, field(1, k.encode()) + values(2, v, node.items)) for k, v in value.items())
    if node.kind == "struct":
        return field(number, message(value, node, node.definition))
    if node.kind in ("bool", "int32", "int64"):
        return varint(number << 3) + varint(int(value))
    if node.kind == "number":
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return field(number, SCALARS[node.kind](value))


SCALARS: dict[str, Callable[[Any], bytes]] = {
    "string": str.encode,
    "bytes": base64.b64decode,
    "quantity": lambda v: field(1, v.encode()),
    "int-or-string": lambda v: (
        b"\x08\x01" + field(3, v.encode()) if isinstance(v, str) else b"\x08\x00\x10" + varint(v) + field(3, b"")
    ),
}


def encoded(obj: Object) -> bytes:
    group, _, version = obj["apiVersion"].rpartition("/")
    node = schema_for(group, version, obj["kind"])
    content = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind")}
    envelope = field(1, field(1, obj["apiVersion"].encode()) + field(2, obj["kind"].encode()))
    return b"k8s\x00" + envelope + field(2, message(content, node, node.definition))


POD: Object = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web", "tier": ""}},
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {
                "name": "web",
                "image": "nginx",
                "command": ["sh", "-c", "true"],
                "ports": [{"containerPort": 80}],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "initialDelaySeconds": 3},
                "readinessProbe": {"tcpSocket": {"port": 80}},
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "securityContext": {"runAsUser": -1, "supplementalGroups": [1, 2]},
        "hostNetwork": True,
    },
}
SECRET: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "AAEC"}, "type": "Opaque"}
DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "ownerReferences": [{"name": "x", "uid": "u", "kind": "K", "apiVersion": "v1", "controller": True}],
    },
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}},
    },
}


@pytest.mark.parametrize("obj", [POD, SECRET, DEPLOYMENT], ids=lambda obj: str(obj["kind"]))
def test_what_is_encoded_is_decoded(obj: Object) -> None:
    assert decode_protobuf(encoded(obj)) == obj


def test_fields_of_newer_versions_are_skipped() -> None:
    envelope = field(1, field(1, b"v1") + field(2, b"ConfigMap"))
    data = field(2, field(1, b"a") + field(2, b"1"))
    newer = b"k8s\x00" + envelope + field(2, data + field(999, b"?"))
    assert decode_protobuf(newer)["data"] == {"a": "1"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"k8s\x00", b"k8s\x00\xff", encoded(POD)[:-9], encoded(POD).replace(b"\x03Pod", b"\x03Pud")],
    ids=["empty", "JSON", "no envelope", "cut off tag", "cut off body", "unknown kind"],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        decode_protobuf(body)
    assert caught.value.code == 400


def test_the_server_takes_it_and_answers_in_json(api: Api) -> None:
    media = "application/vnd.kubernetes.protobuf"
    headers = {"content-type": media, "accept": f"{media},application/json"}
    answer = api(
        "POST", "/apis/apps/v1/namespaces/default/deployments", encoded({**DEPLOYMENT, "metadata": {"name": "web"}}), headers
    )
    assert (answer.status, answer.headers["content-type"]) == (201, "application/json")
    assert answer.json["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}

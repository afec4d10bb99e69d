"""The server over HTTPS: what it says to input that no proper client sends, and to strangers."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8slab.errors import K8slabError
from k8slab.sim.server import ServerConfig, ServerThread
from k8slab.sim.shape import default_nodes
from tests.http import Answer, Caller
from tests.processes import eventually

MAPS = "/api/v1/namespaces/default/configmaps"
UNRECOGNIZED = "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: "
HANDLED = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state = tmp_path_factory.mktemp("state")
    with ServerThread(ServerConfig(state, nodes=default_nodes(1), start_delays=False)) as server:
        assert server.kubeconfig is not None
        yield server.kubeconfig


@pytest.fixture(scope="module")
def call(kubeconfig: Path) -> Caller:
    return Caller(kubeconfig)


@pytest.fixture(scope="module")
def stranger(kubeconfig: Path) -> Caller:
    return Caller(kubeconfig, anonymous=True)


def config_map(more: bytes = b"") -> bytes:
    return b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"a-"}' + more + b"}"


def refusal(answer: Answer) -> tuple[int, str, str]:
    status: dict[str, Any] = answer.json
    assert (status["kind"], status["apiVersion"], status["status"], status["code"]) == ("Status", "v1", "Failure", answer.code)
    return answer.code, status["reason"], status["message"]


MALFORMED = {
    "half": (b'{"a":', f'{UNRECOGNIZED}unexpected end of JSON input ({{"a":)'),
    "nothing": (b"", f"{UNRECOGNIZED}unexpected end of JSON input (<empty>)"),
    "a word": (b"hello", f"{UNRECOGNIZED}invalid character 'h' looking for beginning of value (68656c6c6f)"),
    "a number for text": (
        config_map(b',"data":{"a":1}'),
        f"{HANDLED}json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
    ),
    "a list for an object": (
        b'{"apiVersion":"v1","kind":"ConfigMap","metadata":[]}',
        f"{HANDLED}json: cannot unmarshal array into Go struct field ConfigMap.metadata of type v1.ObjectMeta",
    ),
    "another kind": (
        b'{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}',
        'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ),
    "another namespace": (
        b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"other"}}',
        "the namespace of the provided object does not match the namespace sent on the request",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_json(call: Caller, case: str) -> None:
    body, message = MALFORMED[case]
    assert refusal(call("POST", MAPS, body)) == (400, "BadRequest", message)


def test_a_body_nested_too_deeply(call: Caller) -> None:
    code, _, message = refusal(call("POST", MAPS, b'{"a":' * 20_000))
    assert code == 400
    assert "exceeded max depth" in message


def test_malformed_yaml(call: Caller) -> None:
    yaml = {"Content-Type": "application/yaml"}
    code, reason, message = refusal(call("POST", MAPS, b"a: [1\n", yaml))
    assert (code, reason) == (400, "BadRequest")
    assert "error converting YAML to JSON: yaml: line 2: did not find expected ',' or ']'" in message
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        f"{c}: &{c} [{','.join([f'*{p}'] * 9)}]\n".encode() for p, c in zip("abcdef", "bcdefg", strict=True)
    )
    assert "excessive aliasing" in refusal(call("POST", MAPS, bomb, yaml))[2]


def test_unknown_fields_by_field_validation(call: Caller) -> None:
    body = config_map(b',"dat":{},"data":{"a":"1","a":"2"}')
    strict = refusal(call("POST", f"{MAPS}?fieldValidation=Strict", body))
    assert strict == (400, "BadRequest", f'{HANDLED}strict decoding error: unknown field "dat", duplicate field "data.a"')
    warned = call("POST", f"{MAPS}?fieldValidation=Warn", body)
    assert warned.code == 201
    assert warned.headers.get_all("warning") == ['299 - "unknown field \\"dat\\""', '299 - "duplicate field \\"data.a\\""']
    assert warned.json["data"] == {"a": "2"}
    assert "dat" not in warned.json
    ignored = call("POST", f"{MAPS}?fieldValidation=Ignore", body)
    assert (ignored.code, ignored.headers.get_all("warning")) == (201, None)


def test_a_body_may_have_three_mebibytes(call: Caller) -> None:
    too_large = refusal(call("POST", MAPS, config_map(b',"data":{"a":"' + b"x" * 3 * 2**20 + b'"}')))
    assert too_large == (413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")
    code, _, message = refusal(call("POST", MAPS, config_map(b',"data":{"a":"' + b"x" * (2**20 + 1) + b'"}')))
    assert code == 422
    assert message.endswith("is invalid: []: Too long: may not be more than 1048576 bytes")


def test_media_types(call: Caller) -> None:
    assert refusal(call("POST", MAPS, b"<a/>", {"Content-Type": "application/xml"}))[:2] == (415, "UnsupportedMediaType")
    assert refusal(call("PATCH", f"{MAPS}/kube-root-ca.crt", b"{}"))[:2] == (415, "UnsupportedMediaType")
    assert refusal(call("GET", MAPS, headers={"Accept": "text/html"}))[:2] == (406, "NotAcceptable")
    protobuf = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    assert refusal(call("POST", MAPS, b"k8s\0\xff\xff\xff", protobuf))[:2] == (400, "BadRequest")


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("limit=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("watch=1&timeoutSeconds=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("resourceVersion=-1", 400, 'invalid resource version: strconv.ParseUint: parsing "-1": invalid syntax'),
        ("labelSelector=a+in+(b", 400, "unable to parse requirement: found '', expected: ',' or ')'"),
        (
            "resourceVersionMatch=Exact",
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless '
            "resourceVersion is provided",
        ),
    ],
)
def test_bad_parameters(call: Caller, query: str, code: int, message: str) -> None:
    answer = refusal(call("GET", f"{MAPS}?{query}"))
    assert (answer[0], answer[2]) == (code, message)


def test_a_revision_that_is_still_to_come(call: Caller) -> None:
    assert refusal(call("GET", f"{MAPS}?resourceVersion=99999999"))[:2] == (504, "Timeout")


def test_methods_that_do_not_go_with_a_path(call: Caller) -> None:
    message = "the server does not allow this method on the requested resource"
    for method, path in (("PUT", MAPS), ("POST", f"{MAPS}/x"), ("PATCH", MAPS)):
        media = "application/merge-patch+json" if method == "PATCH" else "application/json"
        assert refusal(call(method, path, b"{}", {"Content-Type": media})) == (405, "MethodNotAllowed", message)


def test_unknown_paths(call: Caller) -> None:
    for path in ("/api/v1/gadgets", "/apis/apps/v9", "/apis/apps/v1/gadgets"):
        assert refusal(call("GET", path)) == (404, "NotFound", "the server could not find the requested resource")


@pytest.mark.parametrize("path", ["/version", "/healthz", "/livez", "/readyz"])
def test_what_a_stranger_may_see(stranger: Caller, path: str) -> None:
    assert stranger("GET", path).code == 200


@pytest.mark.parametrize(
    "path", ["/", "/api", "/apis", "/metrics", "/openapi/v3", "/livez/ping", "/apis/sim.k8slab.dev/v1alpha1"]
)
def test_what_a_stranger_may_not_see(stranger: Caller, path: str) -> None:
    assert refusal(stranger("GET", path)) == (403, "Forbidden", f'forbidden: User "system:anonymous" cannot get path "{path}"')


def test_a_stranger_may_not_touch_objects(stranger: Caller) -> None:
    assert refusal(stranger("GET", "/api/v1/pods")) == (
        403,
        "Forbidden",
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
    )
    assert refusal(stranger("POST", MAPS, config_map()))[0] == 403


def test_a_bad_token(stranger: Caller) -> None:
    assert refusal(stranger("GET", "/version", headers={"Authorization": "Bearer x"})) == (401, "Unauthorized", "Unauthorized")


def test_connections_that_break_off_do_no_harm(call: Caller) -> None:
    host, _, port = call.address.partition(":")
    for sent in (
        b"",
        b"GET",
        b"\x00\xff nonsense\r\n\r\n",
        f"POST {MAPS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode(),
        f"POST {MAPS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".encode(),
    ):
        with socket.create_connection((host, int(port))) as plain, call.tls.wrap_socket(plain, server_hostname=host) as tls:
            tls.sendall(sent)
    with socket.create_connection((host, int(port))) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert call("GET", "/readyz").text == "ok"


def test_the_port_may_be_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(K8slabError, match=f'port "{port}" on 127.0.0.1 cannot be used: .*; choose another with --port'):
            ServerThread(ServerConfig(tmp_path, port=port)).start()


def test_the_state_directory_may_be_taken(kubeconfig: Path) -> None:
    with pytest.raises(K8slabError, match="another k8slab server is using the state directory"):
        ServerThread(ServerConfig(kubeconfig.parent)).start()


def test_nobody_else_gets_the_port_while_the_api_server_is_down(tmp_path: Path) -> None:
    with ServerThread(ServerConfig(tmp_path, nodes=default_nodes(1), start_delays=False, durable=False)) as server:
        assert server.kubeconfig is not None
        call = Caller(server.kubeconfig)
        spec = {"type": "ComponentDown", "component": "kube-apiserver", "durationSeconds": 600}
        fault = {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "Fault", "metadata": {"name": "away"}, "spec": spec}
        assert call("POST", "/apis/sim.k8slab.dev/v1alpha1/faults", json.dumps(fault).encode()).code == 201
        eventually(lambda: not answers(call))
        eventually(lambda: is_taken(call))


def answers(call: Caller) -> bool:
    try:
        return call("GET", "/readyz").code == 200
    except OSError:
        return False


def is_taken(call: Caller) -> bool:
    host, _, port = call.address.partition(":")
    with socket.socket() as other:
        try:
            other.bind((host, int(port)))
        except OSError:
            return True
    return False

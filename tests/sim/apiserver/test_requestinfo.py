"""What a method and path ask for."""

import pytest

from k8slab.sim.apiserver.requestinfo import parse_request

NS = "/api/v1/namespaces/chat"


@pytest.mark.parametrize(
    ("request_line", "verb", "resource", "namespace", "name", "subresource"),
    [
        ("GET /api/v1/pods", "list", "pods", "", "", ""),
        (f"GET {NS}/pods?watch=true", "watch", "pods", "chat", "", ""),
        (f"GET {NS}/pods?watch=0", "list", "pods", "chat", "", ""),
        (f"GET {NS}/pods?fieldSelector=metadata.name=web", "list", "pods", "chat", "web", ""),
        (f"GET {NS}/pods?fieldSelector=metadata.name!=web", "list", "pods", "chat", "", ""),
        (f"GET {NS}/pods/web", "get", "pods", "chat", "web", ""),
        (f"GET {NS}/pods/web?watch=1", "get", "pods", "chat", "web", ""),
        ("GET /api/v1/watch/namespaces/chat/pods/web", "watch", "pods", "chat", "web", ""),
        (f"GET {NS}/pods/web/log", "get", "pods", "chat", "web", "log"),
        (f"POST {NS}/pods", "create", "pods", "chat", "", ""),
        (f"DELETE {NS}/pods", "deletecollection", "pods", "chat", "", ""),
        (f"DELETE {NS}/pods/web", "delete", "pods", "chat", "web", ""),
        (f"PATCH {NS}/pods/web/status", "patch", "pods", "chat", "web", "status"),
        (f"GET {NS}", "get", "namespaces", "chat", "chat", ""),
        (f"PUT {NS}/finalize", "update", "namespaces", "chat", "chat", "finalize"),
        ("GET /apis/apps/v1/namespaces/chat/deployments/web/scale", "get", "deployments", "chat", "web", "scale"),
        ("GET /apis/apps/v1", "get", "", "", "", ""),
        ("GET /healthz/ping", "get", "", "", "", ""),
    ],
)
def test_a_request(request_line: str, verb: str, resource: str, namespace: str, name: str, subresource: str) -> None:
    method, _, url = request_line.partition(" ")
    path, _, query = url.partition("?")
    info = parse_request(method, path, dict([query.split("=", 1)]) if query else {})
    assert (info.verb, info.resource, info.namespace, info.name, info.subresource) == (
        verb,
        resource,
        namespace,
        name,
        subresource,
    )

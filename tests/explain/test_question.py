"""What people type becomes a question, or a sentence that says how to ask."""

import pytest

from k8slab.errors import K8slabError
from k8slab.explain.question import About, Drain, End, Guard, May, Traffic, parse


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("pod/web", About("pods", "pod/web", "web", "chat")),
        ("po/web?", About("pods", "pod/web", "web", "chat")),
        ("deploy web", About("deployments.apps", "deployment/web", "web", "chat")),
        ("shop/svc/web", About("services", "service/web", "web", "shop")),
        ("node/worker-1", About("nodes", "node/worker-1", "worker-1", "")),
        ("drain node/worker-1", Drain("worker-1")),
        ("drain worker-1", Drain("worker-1")),
        ("evict po/web", Guard("web", "chat")),
        ("pod/a -> service/b:80", Traffic(End("pod", "a", "chat"), End("service", "b", "chat"), "80")),
        ("svc/web.shop", About("services", "service/web", "web", "shop")),
        ("pod/a → shop/svc/b:http", Traffic(End("pod", "a", "chat"), End("service", "b", "shop"), "http")),
        ("pod/a -> http://b.shop/index.html", Traffic(End("pod", "a", "chat"), End(host="b.shop", namespace="chat"), "80")),
        ("pod/a -> svc/dns:53/udp", Traffic(End("pod", "a", "chat"), End("service", "dns", "chat"), "53", "UDP")),
        ("internet -> svc/b", Traffic(End(host="internet", namespace="chat"), End("service", "b", "chat"))),
        ("can jane get pods", May("user:jane", "get", "", "pods", namespace="chat")),
        ("can I delete deployments", May("self", "delete", "apps", "deployments", namespace="chat")),
        ("can sa/web get pods/log", May("serviceaccount:chat:web", "get", "", "pods", "log", namespace="chat")),
        ("can group:dev get pods/web-0 in shop", May("group:dev", "get", "", "pods", "", "web-0", "shop")),
        ("can system:serviceaccount:a:b list secrets in all namespaces", May("serviceaccount:a:b", "list", "", "secrets")),
        ("can pod/web list nodes", May("pod:chat:web", "list", "", "nodes")),
        ("can jane get /metrics", May("user:jane", "get", path="/metrics")),
    ],
)
def test_a_text_is_a_question(text: str, question: object) -> None:
    assert parse(text, "chat") == question


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("web", "kind/name"),
        ("", "kind/name"),
        ("pood/web", "no resource named 'pood'"),
        ("pod/", "kind/name"),
        ("-> pod/a", "empty"),
        ("web.chat -> pod/a", "from an object"),
        ("can jane", "can WHO VERB RESOURCE"),
        ("can jane get pods please now", "can WHO VERB RESOURCE"),
    ],
)
def test_what_is_no_question_is_told_how_to_ask(text: str, says: str) -> None:
    with pytest.raises(K8slabError, match=says):
        parse(text)

"""The audit log says who did what, and why it was allowed."""

import json

import pytest

from k8slab.sim.apiserver.audit import AuditLog
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.authorization import Decision
from k8slab.sim.apiserver.errors import forbidden
from k8slab.sim.apiserver.resources import RESOURCES
from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel

JANE = UserInfo("jane", groups=("dev",))
DEPLOYMENTS = next(resource for resource in RESOURCES if resource.full_name == "deployments.apps")


@pytest.fixture
def kernel():
    return Kernel(Clock("stepped"), seed=1)


def test_an_allowed_request(kernel):
    log = AuditLog(kernel)
    decision = Decision(True, 'RBAC: allowed by RoleBinding "b/chat" of Role "r" to User "jane"')
    log.record(JANE, "update", DEPLOYMENTS, "status", "chat", "web", 200, decision=decision, user_agent="kubectl/v1.37")
    assert log.events() == [
        {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": "00000001-0000-4000-8000-000000000000",
            "stage": "ResponseComplete",
            "requestURI": "/apis/apps/v1/namespaces/chat/deployments/web/status",
            "verb": "update",
            "user": {"username": "jane", "groups": ["dev"]},
            "sourceIPs": ["127.0.0.1"],
            "userAgent": "kubectl/v1.37",
            "objectRef": {
                "resource": "deployments",
                "namespace": "chat",
                "name": "web",
                "apiGroup": "apps",
                "apiVersion": "v1",
                "subresource": "status",
            },
            "responseStatus": {"metadata": {}, "code": 200},
            "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z",
            "stageTimestamp": "2026-01-01T00:00:00.000000Z",
            "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": decision.reason},
        }
    ]


def test_a_refused_attempt_can_be_found(kernel):
    log = AuditLog(kernel)
    error = forbidden("apps", "deployments", "web", "no")
    log.record(
        JANE, "delete", DEPLOYMENTS, "", "chat", "web", 403, decision=Decision(False), impersonated=UserInfo("joe"), error=error
    )
    (event,) = log.events()
    assert event["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert event["responseStatus"]["message"] == 'deployments.apps "web" is forbidden: no'
    assert event["impersonatedUser"] == {"username": "joe"}


def test_memory_keeps_the_newest(kernel):
    log = AuditLog(kernel, limit=2)
    for name in "abc":
        log.record(JANE, "get", DEPLOYMENTS, "", "chat", name, 200)
    assert [event["objectRef"]["name"] for event in log.events()] == ["b", "c"]
    assert [event["objectRef"]["name"] for event in log.events(after=2)] == ["c"]


def test_the_file_has_a_line_each_soon_after(kernel, tmp_path):
    log = AuditLog(kernel, tmp_path / "audit.log")
    log.record(JANE, "get", None, "", "", "", 200, uri="/version")
    kernel.advance(1)
    log.record(JANE, "get", None, "", "", "", 200, uri="/livez")
    log.close()
    lines = (tmp_path / "audit.log").read_text().splitlines()
    assert [json.loads(line)["requestURI"] for line in lines] == ["/version", "/livez"]


def test_what_components_write_all_the_time_is_left_out(kernel):
    log = AuditLog(kernel)
    events = next(resource for resource in RESOURCES if resource.full_name == "events")
    for user in (JANE, UserInfo("system:node:worker-1")):
        log.record(user, "create", events, "", "chat", "x", 201)
    assert [event["user"]["username"] for event in log.events()] == ["jane"]

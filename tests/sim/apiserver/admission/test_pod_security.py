"""The Pod Security Standards: each rule, and the three ways a namespace applies them."""

import pytest

from k8slab.apimachinery.types import deep_copy
from k8slab.sim.apiserver.admission.pod_security import evaluate, summary
from k8slab.sim.apiserver.errors import StatusError

PLAIN = {"containers": [{"name": "c"}]}
HARDENED = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {"name": "c", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}},
    ],
    "volumes": [{"name": "v", "emptyDir": {}}],
}
RESTRICTED_TEXT = (
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
    'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
)


def test_a_plain_pod_meets_baseline_but_not_restricted():
    assert evaluate("baseline", {}, PLAIN) == []
    assert summary(evaluate("restricted", {}, PLAIN)) == RESTRICTED_TEXT


def test_a_hardened_pod_meets_restricted():
    assert evaluate("restricted", {}, HARDENED) == []


def test_privileged_asks_for_nothing():
    assert evaluate("privileged", {}, {"hostNetwork": True, **PLAIN}) == []


def _container(**fields):
    return {"containers": [{"name": "c", **fields}]}


def _context(**fields):
    return _container(securityContext=fields)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"hostNetwork": True, "hostPID": True}, "host namespaces (hostNetwork=true, hostPID=true)"),
        (_context(privileged=True), 'privileged (container "c" must not set securityContext.privileged=true)'),
        (
            _context(capabilities={"add": ["NET_ADMIN", "CHOWN"]}),
            'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
        ),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "v")'),
        (_container(ports=[{"hostPort": 80}]), 'hostPort (container "c" uses hostPort 80)'),
        (
            _container(livenessProbe={"httpGet": {"host": "10.0.0.1"}}),
            'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
        ),
        (
            _context(procMount="Unmasked"),
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        ({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}, "forbidden sysctls (kernel.msgmax)"),
        (
            {"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}},
            'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
        ),
    ],
)
def test_baseline(spec, text):
    assert summary(evaluate("baseline", {}, spec)) == text


def _hardened(container=None, **pod):
    spec = deep_copy(HARDENED)
    spec["securityContext"] |= pod.pop("securityContext", {})
    spec["containers"][0]["securityContext"] |= container or {}
    return {**spec, **pod}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            _hardened(volumes=[{"name": "a", "hostPath": {}}, {"name": "b", "nfs": {}}]),
            'restricted volume types (volumes "a", "b" use restricted volume types "hostPath", "nfs")',
        ),
        (_hardened({"runAsUser": 0}), 'runAsUser=0 (container "c" must not set runAsUser=0)'),
        (
            _hardened({"runAsNonRoot": False}),
            'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
        ),
        (
            _hardened({"capabilities": {"drop": ["ALL"], "add": ["CHOWN", "NET_BIND_SERVICE"]}}),
            'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
        ),
    ],
)
def test_restricted(spec, text):
    assert summary(evaluate("restricted", {}, spec)) == text


@pytest.fixture
def namespace(client):
    def label(**modes):
        labels = {f"pod-security.kubernetes.io/{mode.replace('_', '-')}": level for mode, level in modes.items()}
        client.add({"kind": "Namespace", "metadata": {"name": "chat", "labels": labels}, "status": {"phase": "Active"}})
        return client.get("namespaces", "chat")

    return label


def test_enforce_refuses(admit, namespace, make_pod):
    namespace(enforce="restricted")
    with pytest.raises(StatusError) as caught:
        admit("CREATE", "pods", make_pod())
    assert caught.value.message == f'pods "web" is forbidden: violates PodSecurity "restricted:latest": {RESTRICTED_TEXT}'


def test_warn_warns_and_audit_annotates(admit, namespace, make_pod):
    namespace(warn="restricted", warn_version="v1.30", audit="restricted")
    request = admit("CREATE", "pods", make_pod())
    assert request.warnings == [f'would violate PodSecurity "restricted:v1.30": {RESTRICTED_TEXT}']
    assert request.annotations == {
        "pod-security.kubernetes.io/enforce-policy": "privileged:latest",
        "pod-security.kubernetes.io/audit-violations": f'would violate PodSecurity "restricted:latest": {RESTRICTED_TEXT}',
    }


def test_a_workload_is_warned_about_but_not_refused(admit, namespace):
    namespace(enforce="restricted", warn="restricted")
    meta = {"name": "web", "namespace": "chat"}
    deployment = {"kind": "Deployment", "metadata": meta, "spec": {"template": {"metadata": {}, "spec": PLAIN}}}
    assert admit("CREATE", "deployments.apps", deployment).warnings == [
        f'would violate PodSecurity "restricted:latest": {RESTRICTED_TEXT}'
    ]


def test_tightening_a_namespace_names_the_pods_that_would_not_be_let_in(admit, client, namespace, make_pod):
    old = namespace()
    client.add(make_pod("a", hostNetwork=True), make_pod("b", hostNetwork=True), make_pod("c"))
    new = {**old, "metadata": {**old["metadata"], "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    assert admit("UPDATE", "namespaces", new, old).warnings == [
        'existing pods in namespace "chat" violate the new PodSecurity enforce level "baseline:latest"',
        "a (and 1 other pod): host namespaces",
    ]


def test_an_unknown_level_is_invalid(admit):
    labels = {"pod-security.kubernetes.io/enforce": "strict"}
    with pytest.raises(StatusError) as caught:
        admit("CREATE", "namespaces", {"kind": "Namespace", "metadata": {"name": "x", "labels": labels}})
    assert caught.value.message == (
        'Namespace "x" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": '
        "must be one of privileged, baseline, restricted"
    )


@pytest.mark.parametrize(
    ("level", "version", "reasons"),
    [
        ("restricted", "v1.0", ["runAsNonRoot != true"]),
        ("restricted", "v1.8", ["allowPrivilegeEscalation != false", "runAsNonRoot != true"]),
        ("restricted", "v1.19", ["allowPrivilegeEscalation != false", "runAsNonRoot != true", "seccompProfile"]),
        (
            "restricted",
            "v1.22",
            ["allowPrivilegeEscalation != false", "unrestricted capabilities", "runAsNonRoot != true", "seccompProfile"],
        ),
    ],
)
def test_a_pinned_version_knows_only_the_checks_of_its_time(level, version, reasons):
    assert [violation.reason for violation in evaluate(level, {}, PLAIN, version)] == reasons


def test_before_the_stricter_check_came_the_baseline_one_counts():
    pod = {"containers": [{"name": "c", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}]}
    assert "non-default capabilities" in [v.reason for v in evaluate("restricted", {}, pod, "v1.21")]
    assert "non-default capabilities" not in [v.reason for v in evaluate("restricted", {}, pod, "v1.22")]


def test_a_probe_of_another_host_is_refused_since_1_34():
    pod = {"containers": [{"name": "c", "livenessProbe": {"tcpSocket": {"port": 1, "host": "10.0.0.1"}}}]}
    assert evaluate("baseline", {}, pod, "v1.33") == []
    assert len(evaluate("baseline", {}, pod, "v1.34")) == 1


def test_what_only_linux_has_is_not_asked_of_windows_pods():
    pod = {**PLAIN, "os": {"name": "windows"}}
    assert [v.reason for v in evaluate("restricted", {}, pod)] == ["runAsNonRoot != true"]
    assert len(evaluate("restricted", {}, pod, "v1.24")) == 4

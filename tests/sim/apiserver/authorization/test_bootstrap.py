"""Every cluster starts with upstream's roles, and the people and components they are for can do their work."""

import pytest

from k8slab.apimachinery.types import name_of
from k8slab.sim.apiserver.authentication import service_account_user
from k8slab.sim.apiserver.authorization import Attributes
from k8slab.sim.apiserver.authorization.bootstrap import bootstrap_objects
from k8slab.sim.apiserver.authorization.escalation import covers
from tests.sim.apiserver.authorization.builders import binding, user


def _roles():
    return {name_of(obj): obj for obj in bootstrap_objects() if obj["kind"] == "ClusterRole"}


def test_all_carry_the_bootstrapping_label_except_kubeadms_binding():
    plain = [
        name_of(obj)
        for obj in bootstrap_objects()
        if obj["metadata"].get("labels", {}).get("kubernetes.io/bootstrapping") != "rbac-defaults"
        or obj["metadata"]["annotations"] != {"rbac.authorization.kubernetes.io/autoupdate": "true"}
    ]
    assert plain == ["kubeadm:cluster-admins"]


def test_every_binding_has_its_role():
    objects = bootstrap_objects()
    roles = {(o["kind"], o["metadata"].get("namespace", ""), name_of(o)) for o in objects if o["kind"].endswith("Role")}
    for obj in objects:
        if obj["kind"].endswith("Binding"):
            ref = obj["roleRef"]
            assert (ref["kind"], obj["metadata"].get("namespace", ""), ref["name"]) in roles


def test_cluster_admin_is_everything():
    assert _roles()["cluster-admin"]["rules"] == [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
        {"verbs": ["*"], "nonResourceURLs": ["*"]},
    ]


def test_admin_holds_what_edit_holds_and_edit_what_view_holds():
    roles = _roles()
    assert covers(roles["edit"]["rules"], roles["view"]["rules"]) == []
    assert covers(roles["admin"]["rules"], roles["edit"]["rules"]) == []
    assert roles["admin"]["aggregationRule"] == {
        "clusterRoleSelectors": [{"matchLabels": {"rbac.authorization.k8s.io/aggregate-to-admin": "true"}}]
    }


@pytest.mark.parametrize(
    ("role", "verb", "group", "resource", "allowed"),
    [
        ("view", "list", "", "pods", True),
        ("view", "get", "", "secrets", False),
        ("view", "create", "", "pods", False),
        ("edit", "get", "", "secrets", True),
        ("edit", "create", "apps", "deployments", True),
        ("edit", "create", "rbac.authorization.k8s.io", "rolebindings", False),
        ("edit", "create", "", "resourcequotas", False),
        ("admin", "create", "rbac.authorization.k8s.io", "rolebindings", True),
        ("admin", "create", "", "resourcequotas", False),
    ],
)
def test_what_the_user_facing_roles_are_for(authorizer, client, role, verb, group, resource, allowed):
    client.add(binding("b", "ClusterRole", role, "User/zoe", namespace="chat"))
    client.kernel.run_ready()
    assert authorizer.authorize(Attributes(user("zoe"), verb, group, "v1", resource, "", "chat")).allowed is allowed


@pytest.mark.parametrize(
    ("account", "verb", "group", "resource", "subresource"),
    [
        ("deployment-controller", "create", "apps", "replicasets", ""),
        ("replicaset-controller", "create", "", "pods", ""),
        ("endpointslice-controller", "update", "discovery.k8s.io", "endpointslices", ""),
        ("node-controller", "delete", "", "pods", ""),
        ("namespace-controller", "update", "", "namespaces", "finalize"),
        ("generic-garbage-collector", "delete", "batch", "jobs", ""),
        ("root-ca-cert-publisher", "create", "", "configmaps", ""),
        ("service-account-controller", "create", "", "serviceaccounts", ""),
        ("resourcequota-controller", "update", "", "resourcequotas", "status"),
    ],
)
def test_controllers_can_do_their_work(authorizer, account, verb, group, resource, subresource):
    who = service_account_user("kube-system", account)
    assert authorizer.authorize(Attributes(who, verb, group, "v1", resource, subresource, "chat", "x")).allowed


def test_a_controller_can_do_no_others_work(authorizer):
    who = service_account_user("kube-system", "replicaset-controller")
    assert not authorizer.authorize(Attributes(who, "get", "", "v1", "secrets", "", "chat", "x")).allowed


def test_the_scheduler_binds_pods(authorizer):
    scheduler = user("system:kube-scheduler")
    assert authorizer.authorize(Attributes(scheduler, "create", "", "v1", "pods", "binding", "chat", "x")).allowed


def test_the_lock_of_a_component_is_its_own(authorizer):
    manager = user("system:kube-controller-manager")
    may = [
        authorizer.authorize(
            Attributes(manager, "update", "coordination.k8s.io", "v1", "leases", "", "kube-system", name)
        ).allowed
        for name in ("kube-controller-manager", "kube-scheduler")
    ]
    assert may == [True, False]

"""Who may do what, and why not."""

from k8slab.apimachinery.types import Object
from tests.explain.produce.builders import binding, pod, role, thing
from tests.explain.produce.lab import Situation, Step

S = Situation
_READ = role("reader", "get,list,watch", "pods")


def _account(name: str = "web") -> Object:
    return thing("v1", "ServiceAccount", name)


def _may(name: str, ask: str, answer: str, *steps: Step, unseen: tuple[str, ...] = ()) -> Situation:
    return S(name, ask, answer, [*steps, 2], 0, unseen)


ACCESS = [
    _may(
        "a role that allows it",
        "can jane get pods",
        "access.allowed.healthy known rolebinding/jane-reads subjects",
        _READ,
        binding("jane-reads", "Role/reader", "User/jane"),
    ),
    _may("nothing is bound", "can jane get pods", "access.no-binding known user/jane ", _READ),
    _may(
        "bound to somebody else",
        "can jane get pods",
        "access.no-binding known user/jane ",
        _READ,
        binding("joe-reads", "Role/reader", "User/joe"),
    ),
    _may(
        "the verb is missing",
        "can jane delete pods",
        "access.verb known role/reader rules[0].verbs",
        _READ,
        binding("jane-reads", "Role/reader", "User/jane"),
    ),
    _may(
        "another resource",
        "can jane get secrets",
        "access.no-rule known user/jane ",
        _READ,
        binding("jane-reads", "Role/reader", "User/jane"),
    ),
    _may(
        "the subresource is another",
        "can jane get pods/log",
        "access.subresource known role/reader rules[0].resources",
        _READ,
        binding("jane-reads", "Role/reader", "User/jane"),
    ),
    _may(
        "the API group is forgotten",
        "can jane get deployments",
        "access.api-group known role/deployer rules[0].apiGroups",
        role("deployer", "get,list", "deployments"),
        binding("jane-deploys", "Role/deployer", "User/jane"),
    ),
    _may(
        "only for one name",
        "can jane get pods web-1",
        "access.resource-name known role/one rules[0].resourceNames",
        role("one", "get", "pods", resourceNames=["web-0"]),
        binding("jane-one", "Role/one", "User/jane"),
    ),
    _may(
        "listing with a rule for names",
        "can jane list pods",
        "access.resource-name known role/one rules[0].resourceNames",
        role("one", "get,list", "pods", resourceNames=["web-0"]),
        binding("jane-one", "Role/one", "User/jane"),
    ),
    _may(
        "that one name",
        "can jane get pods web-0",
        "access.allowed.healthy known rolebinding/jane-one subjects",
        role("one", "get", "pods", resourceNames=["web-0"]),
        binding("jane-one", "Role/one", "User/jane"),
    ),
    _may(
        "the role does not exist",
        "can jane get pods",
        "access.role-missing known rolebinding/jane-reads roleRef.name",
        binding("jane-reads", "Role/reader", "User/jane"),
    ),
    _may(
        "only in another namespace",
        "can jane get pods in shop",
        "access.other-namespace known user/jane ",
        thing("v1", "Namespace", "shop"),
        _READ,
        binding("jane-reads", "Role/reader", "User/jane"),
    ),
    _may(
        "a cluster role by a role binding",
        "can jane list pods",
        "access.allowed.healthy known rolebinding/jane-views subjects",
        binding("jane-views", "ClusterRole/view", "User/jane"),
    ),
    _may(
        "a role binding does not reach nodes",
        "can jane list nodes",
        "access.no-binding known user/jane ",
        binding("jane-views", "ClusterRole/view", "User/jane"),
    ),
    _may(
        "a role binding does not reach all namespaces",
        "can jane list pods in all namespaces",
        "access.no-binding known user/jane ",
        binding("jane-views", "ClusterRole/view", "User/jane"),
    ),
    _may(
        "an account's own role",
        "can sa/web get pods",
        "access.allowed.healthy known rolebinding/web-reads subjects",
        _account(),
        _READ,
        binding("web-reads", "Role/reader", "ServiceAccount/web"),
    ),
    _may("an account without a role", "can sa/web get pods", "access.no-binding known serviceaccount/web ", _account()),
    _may(
        "a user is not an account",
        "can sa/web get pods",
        "access.no-binding known serviceaccount/web ",
        _account(),
        _READ,
        binding("web-reads", "Role/reader", "User/web"),
    ),
    _may("what a pod may do by its account", "can pod/web get pods", "access.no-binding known serviceaccount/default ", pod()),
    _may(
        "a group's role",
        "can group:dev get pods",
        "access.allowed.healthy known rolebinding/devs subjects",
        _READ,
        binding("devs", "Role/reader", "Group/dev"),
    ),
    _may(
        "an admin of the cluster",
        "can joe delete nodes",
        "access.allowed.healthy known clusterrolebinding/joe subjects",
        binding("joe", "ClusterRole/cluster-admin", "User/joe", "ClusterRoleBinding"),
    ),
    _may("a path that is no resource", "can jane get /metrics", "access.no-binding known user/jane "),
    _may(
        "the roles cannot be seen",
        "can jane get pods",
        "access.no-binding likely user/jane ",
        _READ,
        binding("jane-reads", "Role/reader", "User/jane"),
        unseen=("rolebindings.rbac.authorization.k8s.io",),
    ),
    _may("the kubelet's user", "can system:node:worker-1 get secrets", "access.no-binding likely user/system:node:worker-1 "),
    _may(
        "everything to a member of system:masters",
        "can group:system:masters delete nodes",
        "access.masters.healthy known group/system:masters ",
    ),
]

"""Random RBAC worlds and random questions about them.

Everything of a world carries its prefix, so that many worlds fit into one cluster without meaning each other's subjects.
"""

import random
from typing import Any

from tests.sim.apiserver.authorization.oracle import What, Who

Object = dict[str, Any]
API = "rbac.authorization.k8s.io"
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
RARE_VERBS = ("impersonate", "escalate", "bind", "use", "approve", "made-up")
#: resource -> (API group, namespaced, subresources)
RESOURCES = {
    "pods": ("", True, ("log", "status", "eviction")),
    "configmaps": ("", True, ()),
    "services": ("", True, ("status",)),
    "nodes": ("", False, ("status",)),
    "deployments": ("apps", True, ("scale", "status")),
    "statefulsets": ("apps", True, ("scale", "status")),
    "jobs": ("batch", True, ("status",)),
    "priorityclasses": ("scheduling.k8s.io", False, ()),
    "users": ("", False, ()),
    "clusterroles": (API, False, ()),
}
NAMES = ("alpha", "beta", "gamma")
URLS = ("/metrics", "/metrics/slis", "/healthz", "/healthz/etcd", "/logs", "/logs/kube-apiserver.log", "/debug/pprof")
PATTERNS = ("/metrics", "/metrics/*", "/healthz*", "/logs/*", "/debug/*", "*", "/log*")


class Maker:
    """Makes one world.

    Parameters
    ----------
    random
        The dice.
    prefix
        In every name of this world.
    """

    def __init__(self, random: random.Random, prefix: str) -> None:
        self.random, self.prefix = random, prefix
        self.namespaces = [f"{prefix}-{n}" for n in ("one", "two")]
        self.users = [f"{prefix}-{n}" for n in ("zoe", "yan", "xia")]
        self.groups = [f"{prefix}-{n}" for n in ("dev", "ops")]
        self.accounts = ["web", "default", "bot"]
        self.roles: list[Object] = []
        self.bindings: list[Object] = []

    def objects(self) -> list[Object]:
        """Return roles and bindings."""
        dice = self.random
        for index in range(dice.randint(2, 6)):
            self.roles.append(self._role(f"{self.prefix}-c{index}", ""))
        for index in range(dice.randint(1, 5)):
            self.roles.append(self._role(f"{self.prefix}-r{index}", dice.choice(self.namespaces)))
        self.bindings = [self._binding(f"{self.prefix}-b{index}") for index in range(dice.randint(3, 9))]
        return [*self.roles, *self.bindings]

    def rule(self, scoped: bool = False) -> Object:
        """Return a rule, of resources or, unless ``scoped``, perhaps of URLs."""
        dice = self.random
        verbs = ["*"] if dice.random() < 0.15 else dice.sample(VERBS, dice.randint(1, 5))
        if dice.random() < 0.25:
            verbs = [*verbs, dice.choice(RARE_VERBS)]
        if not scoped and dice.random() < 0.2:
            return {"verbs": verbs, "nonResourceURLs": dice.sample(PATTERNS, dice.randint(1, 2))}
        groups = (
            ["*"] if dice.random() < 0.2 else dice.sample(["", "apps", "batch", "scheduling.k8s.io", API], dice.randint(1, 3))
        )
        rule: Object = {"verbs": verbs, "apiGroups": groups, "resources": [self._resource() for _ in range(dice.randint(1, 4))]}
        if dice.random() < 0.3:
            rule["resourceNames"] = dice.sample(NAMES, dice.randint(1, 2))
        return rule

    def _resource(self) -> str:
        dice = self.random
        resource = dice.choice(list(RESOURCES))
        subresources = RESOURCES[resource][2]
        kind = dice.random()
        if kind < 0.1:
            return "*"
        if kind < 0.2:
            return f"*/{dice.choice(['log', 'scale', 'status'])}"
        if kind < 0.4 and subresources:
            return f"{resource}/{dice.choice(subresources)}"
        return resource

    def _role(self, name: str, namespace: str) -> Object:
        dice = self.random
        kind = "Role" if namespace else "ClusterRole"
        role: Object = {"apiVersion": f"{API}/v1", "kind": kind, "metadata": {"name": name}}
        if namespace:
            role["metadata"]["namespace"] = namespace
        elif dice.random() < 0.5:
            role["metadata"]["labels"] = {f"{self.prefix}/to": dice.choice(["a", "b"])}
        if not namespace and dice.random() < 0.3:
            if dice.random() < 0.5:
                selector: Object = {"matchLabels": {f"{self.prefix}/to": dice.choice(["a", "b"])}}
            else:
                term = {"key": f"{self.prefix}/to", "operator": "In", "values": dice.sample(["a", "b"], dice.randint(1, 2))}
                selector = {"matchExpressions": [term]}
            return {**role, "aggregationRule": {"clusterRoleSelectors": [selector]}, "rules": []}
        return {**role, "rules": [self.rule(bool(namespace)) for _ in range(dice.randint(0, 4))]}

    def _binding(self, name: str) -> Object:
        dice = self.random
        namespace = dice.choice(["", *self.namespaces])
        kind = "RoleBinding" if namespace else "ClusterRoleBinding"
        binding: Object = {"apiVersion": f"{API}/v1", "kind": kind, "metadata": {"name": name}}
        if namespace:
            binding["metadata"]["namespace"] = namespace
        usable = [r for r in self.roles if r["kind"] == "ClusterRole" or r["metadata"]["namespace"] == namespace]
        role = dice.choice(usable)
        ref = {"apiGroup": API, "kind": role["kind"], "name": role["metadata"]["name"]}
        if dice.random() < 0.08:
            ref["name"] += "-gone"
        return {**binding, "roleRef": ref, "subjects": [self._subject() for _ in range(dice.randint(1, 3))]}

    def _subject(self) -> Object:
        dice = self.random
        match dice.choice(["User", "Group", "ServiceAccount", "Group of accounts"]):
            case "User":
                return {"apiGroup": API, "kind": "User", "name": dice.choice(self.users)}
            case "Group":
                return {"apiGroup": API, "kind": "Group", "name": dice.choice(self.groups)}
            case "ServiceAccount":
                return {"kind": "ServiceAccount", "name": dice.choice(self.accounts), "namespace": dice.choice(self.namespaces)}
            case _:
                return {"apiGroup": API, "kind": "Group", "name": f"system:serviceaccounts:{dice.choice(self.namespaces)}"}

    def who(self) -> Who:
        """Return somebody, as authentication would see them."""
        dice = self.random
        if dice.random() < 0.4:
            namespace = dice.choice(self.namespaces)
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
            return Who(f"system:serviceaccount:{namespace}:{dice.choice(self.accounts)}", groups)
        return Who(dice.choice(self.users), (*dice.sample(self.groups, dice.randint(0, 2)), "system:authenticated"))

    def what(self) -> What:
        """Return something to ask for: any verb, any resource, any path."""
        dice = self.random
        verb = dice.choice(VERBS) if dice.random() < 0.85 else dice.choice(RARE_VERBS)
        if dice.random() < 0.15:
            return What(verb, path=dice.choice(URLS))
        resource = dice.choice(list(RESOURCES))
        group, namespaced, subresources = RESOURCES[resource]
        subresource = dice.choice(subresources) if subresources and dice.random() < 0.35 else ""
        namespace = dice.choice(["", *self.namespaces]) if namespaced else ""
        name = dice.choice(["", *NAMES])
        return What(verb, group, resource, subresource, namespace, name)

    def question(self) -> tuple[Who, What]:
        """Return who asks for what: anything, or, so that enough is allowed, something close to what a binding gives."""
        return self._near_a_binding() if self.random.random() < 0.85 else (self.who(), self.what())

    def _near_a_binding(self) -> tuple[Who, What]:
        dice = self.random
        binding = dice.choice(self.bindings)
        role = next((r for r in self.roles if r["metadata"]["name"] == binding["roleRef"]["name"]), None)
        rules = [rule for rule in (role or {}).get("rules") or () if rule.get("resources")]
        if not rules:
            return self.who(), self.what()
        rule, subject = dice.choice(rules), dice.choice(binding["subjects"])
        resource, _, subresource = dice.choice(rule["resources"]).partition("/")
        resource = dice.choice(list(RESOURCES)) if resource == "*" else resource
        group, namespaced, _ = RESOURCES[resource]
        verb = dice.choice([verb if verb != "*" else dice.choice(VERBS) for verb in rule["verbs"]])
        name = dice.choice(rule.get("resourceNames") or ["", *NAMES])
        namespace = binding["metadata"].get("namespace") or dice.choice(self.namespaces)
        who = self._one_of(subject) if dice.random() < 0.9 else self.who()
        return who, What(verb, group, resource, subresource, namespace if namespaced else "", name)

    def _one_of(self, subject: Object) -> Who:
        name = subject["name"]
        if subject["kind"] == "User":
            return Who(name, ("system:authenticated",))
        if subject["kind"] == "ServiceAccount" or name.startswith("system:"):
            namespace = subject.get("namespace") or name.rpartition(":")[2]
            account = name if subject["kind"] == "ServiceAccount" else self.random.choice(self.accounts)
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
            return Who(f"system:serviceaccount:{namespace}:{account}", groups)
        return Who(self.random.choice(self.users), (name, "system:authenticated"))

    def request(self) -> tuple[Who, What]:
        """Return who makes which request over HTTP, of those that can really be made."""
        while True:
            who, what = self.question()
            alone = what.verb in ("create", "list", "watch", "deletecollection") and not what.subresource
            if what.path:
                if what.verb == "get":
                    return who, what
            elif what.verb in VERBS and what.resource != "users" and (what.verb != "watch") and _served(what, alone):
                return who, what


def _served(what: What, alone: bool) -> bool:
    _, namespaced, subresources = RESOURCES[what.resource]
    if what.subresource and what.subresource not in subresources:
        return False
    if alone:
        everywhere = what.verb == "list"  # only a list spans all namespaces
        return (not what.name or what.verb == "list") and (bool(what.namespace) or not namespaced or everywhere)
    if what.subresource and what.verb in ("list", "watch", "deletecollection", "delete"):
        return False
    return bool(what.name) and (bool(what.namespace) or not namespaced)

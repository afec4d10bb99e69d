"""Hundreds of generated questions, each decided by the server as the documentation has it.

`worlds` makes roles, bindings and questions, `oracle` answers them on its own; the server is asked by access reviews, by
real requests of impersonated users, and by writing roles and bindings that may be too much for their writer.
"""

import random
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.authorization import Attributes
from k8slab.sim.apiserver.authorization.escalation import covers
from k8slab.sim.apiserver.authorization.rbac import Policy, authorize, rules_for
from tests.sim.apiserver.authorization.oracle import What, Who, World
from tests.sim.apiserver.authorization.worlds import API, Maker
from tests.sim.conftest import Answer, Api

RBAC = f"/apis/{API}/v1"
SEEDS = range(10)
QUESTIONS = 70


@pytest.fixture
def world(api: Api) -> Callable[[int], tuple[Maker, World]]:
    """Make a random world in the cluster, and let the oracle know it together with what every cluster has."""

    def make(seed: int) -> tuple[Maker, World]:
        maker = Maker(random.Random(seed), f"w{seed}")
        for namespace in maker.namespaces:
            api.post("/api/v1/namespaces", {"metadata": {"name": namespace}})
        made = maker.objects()
        for obj in made:
            answer = api.post(_collection(obj), obj)
            assert answer.status == 201, answer.json
        names = {obj["metadata"]["name"] for obj in made}
        return maker, World([*made, *(obj for obj in _everything(api) if obj["metadata"]["name"] not in names)])

    return make


def _collection(obj: dict) -> str:
    namespace = obj["metadata"].get("namespace")
    return f"{RBAC}/namespaces/{namespace}/{obj['kind'].lower()}s" if namespace else f"{RBAC}/{obj['kind'].lower()}s"


def _everything(api: Api) -> list[dict]:
    kinds = ("ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding")
    return [{**item, "kind": kind} for kind in kinds for item in api.get(f"{RBAC}/{kind.lower()}s").json["items"]]


def _review(who: Who, what: What) -> dict:
    spec: dict = {"user": who.name, "groups": list(who.groups)}
    if what.path:
        spec["nonResourceAttributes"] = {"verb": what.verb, "path": what.path}
    else:
        asked = {key: getattr(what, key) for key in ("verb", "group", "resource", "subresource", "namespace", "name")}
        spec["resourceAttributes"] = {key: value for key, value in asked.items() if value}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}


@pytest.mark.parametrize("seed", SEEDS)
def test_access_reviews_answer_as_the_oracle(api: Api, world: Callable[[int], tuple[Maker, World]], seed: int) -> None:
    maker, oracle = world(seed)
    wrong = []
    for _ in range(QUESTIONS):
        who, what = maker.question()
        answer = api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", _review(who, what))
        if answer.json["status"]["allowed"] != oracle.may(who, what):
            wrong.append((who, what, answer.json["status"]))
    assert wrong == []


_METHODS = {"get": "GET", "list": "GET", "create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}


def _send(api: Api, who: Who, what: What) -> Answer:
    kind = "merge-patch+json" if what.verb == "patch" else "json"
    headers = {"Impersonate-User": who.name, "Content-Type": f"application/{kind}"}
    path = what.path or _path(what)
    body = {} if what.verb in ("create", "update", "patch") else None
    scope = api._scope(_METHODS.get(what.verb, "DELETE"), path, body, headers)
    scope["headers"] += [(b"impersonate-group", group.encode()) for group in who.groups]
    return api.loop.run_until_complete(_call(api, scope, body))


async def _call(api: Api, scope: dict, body: dict | None) -> Answer:
    sent: list[dict] = []
    await api._app(scope, *api._ends(body, sent, None))
    return Answer(sent[0]["status"], sent[0]["headers"], b"".join(message.get("body", b"") for message in sent[1:]))


def _path(what: What) -> str:
    path = f"/apis/{what.group}/v1" if what.group else "/api/v1"
    if what.namespace:
        path += f"/namespaces/{what.namespace}"
    path += f"/{what.resource}"
    if what.verb == "list" and what.name:
        return f"{path}?fieldSelector={quote(f'metadata.name={what.name}')}"
    return path + (f"/{what.name}" if what.name else "") + (f"/{what.subresource}" if what.subresource else "")


def _refused(answer: Answer) -> bool:
    return answer.status == 403 and " cannot " in answer.message


@pytest.mark.parametrize("seed", SEEDS)
def test_requests_are_let_through_as_the_oracle_says(api: Api, world: Callable[[int], tuple[Maker, World]], seed: int) -> None:
    maker, oracle = world(seed)
    wrong = []
    for _ in range(QUESTIONS):
        who, what = maker.request()
        answer = _send(api, who, what)
        if _refused(answer) == oracle.may(who, what):
            wrong.append((who, what, answer.status, answer.body))
    assert wrong == []


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_grants_more_than_the_oracle_lets_them(api: Api, world: Callable[[int], tuple[Maker, World]], seed: int) -> None:
    maker, oracle = world(seed)
    writers = [{"verbs": ["create"], "apiGroups": [API], "resources": ["*"]}]
    for kind, subjects in (("Group", maker.groups), ("User", maker.users)):
        role = {"apiVersion": f"{API}/v1", "kind": "ClusterRole", "metadata": {"name": f"w{seed}-{kind}"}, "rules": writers}
        ref = {"apiGroup": API, "kind": "ClusterRole", "name": f"w{seed}-{kind}"}
        found = [{"apiGroup": API, "kind": kind, "name": name} for name in subjects]
        binding = {"apiVersion": f"{API}/v1", "kind": "ClusterRoleBinding", "metadata": role["metadata"], "roleRef": ref}
        for obj in (role, {**binding, "subjects": found}):
            assert api.post(_collection(obj), obj).status == 201
            oracle.objects.append({**obj})
    wrong = []
    for index in range(QUESTIONS // 2):
        who, namespace = Who(maker.random.choice(maker.users), ("system:authenticated",)), maker.random.choice(maker.namespaces)
        rules = [maker.rule(scoped=True) for _ in range(maker.random.randint(1, 2))]
        if maker.random.random() < 0.5:  # something that is held, at least in part
            rules = [dict(rule) for rule in oracle.rules_of(who, namespace) if rule.get("resources")][:2]
        role = {
            "apiVersion": f"{API}/v1",
            "kind": "Role",
            "metadata": {"name": f"n{index}", "namespace": namespace},
            "rules": rules,
        }
        headers = {"impersonate_user": who.name}
        answer = api.post(f"{_collection(role)}?dryRun=All", role, **headers)
        assert answer.status in (201, 403), answer.json
        escalates = oracle.may(who, What("escalate", API, "roles", namespace=namespace))
        expected = escalates or oracle.may_grant(who, namespace, rules)
        if (answer.status == 201) != expected:
            wrong.append((who, namespace, rules, answer.json))
    assert wrong == []


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_acts_as_more_people_than_the_oracle_lets_them(
    api: Api, world: Callable[[int], tuple[Maker, World]], seed: int
) -> None:
    maker, oracle = world(seed)
    kinds = ["users", "groups", "serviceaccounts", "*"]
    for index, name in enumerate(maker.users[:2]):
        rule = {"verbs": ["impersonate"], "apiGroups": [""], "resources": maker.random.sample(kinds, 2)}
        if maker.random.random() < 0.6:
            rule["resourceNames"] = [*maker.random.sample([*maker.users, *maker.groups], 2), "web"]
        meta = {"name": f"w{seed}-as-{index}"}
        ref = {"apiGroup": API, "kind": "ClusterRole", "name": meta["name"]}
        subjects = [{"apiGroup": API, "kind": "User", "name": name}]
        for obj in (
            {"apiVersion": f"{API}/v1", "kind": "ClusterRole", "metadata": meta, "rules": [rule]},
            {"apiVersion": f"{API}/v1", "kind": "ClusterRoleBinding", "metadata": meta, "roleRef": ref, "subjects": subjects},
        ):
            assert api.post(_collection(obj), obj).status == 201
            oracle.objects.append(obj)
    wrong = []
    for _ in range(QUESTIONS // 2):
        real = Who(maker.random.choice(maker.users), ("system:authenticated",))
        acting = maker.who()
        asked = [What("impersonate", "", "users", name=acting.name)]
        if acting.name.startswith("system:serviceaccount:"):
            _, _, namespace, name = acting.name.split(":")
            asked = [What("impersonate", "", "serviceaccounts", namespace=namespace, name=name)]
        groups = [group for group in acting.groups if not group.startswith("system:")]
        asked += [What("impersonate", "", "groups", name=group) for group in groups]
        scope = api._scope("GET", "/version", None, {"Impersonate-User": acting.name})
        scope["headers"] += [(b"impersonate-group", group.encode()) for group in groups]
        scope["peer_certificate"] = {"subject": ((("commonName", real.name),),)}
        answer = api.loop.run_until_complete(_call(api, scope, None))
        if (answer.status == 200) != all(oracle.may(real, what) for what in asked):
            wrong.append((real, acting, asked, answer.body))
    assert wrong == []


def _policy(objects: list[dict], oracle: World) -> Policy:
    of = {
        kind: [o for o in objects if o["kind"] == kind] for kind in ("ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding")
    }
    aggregated = [{**role, "rules": oracle.rules_in(role, set())} for role in of["ClusterRole"]]
    return Policy(aggregated, of["Role"], of["ClusterRoleBinding"], of["RoleBinding"])


@settings(max_examples=150, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(st.randoms(use_true_random=False))
def test_the_shared_functions_agree_with_the_oracle(dice: random.Random) -> None:
    maker = Maker(dice, "h")
    objects = maker.objects()
    oracle = World(objects)
    policy = _policy(objects, oracle)
    for _ in range(8):
        who, what = maker.question()
        user = UserInfo(who.name, groups=who.groups)
        asked = Attributes(
            user, what.verb, what.group, "v1", what.resource, what.subresource, what.namespace, what.name, what.path
        )
        decision = authorize(policy, asked)
        assert decision.allowed == oracle.may(who, what), (who, what, decision)
        rules = [maker.rule()]
        namespace = dice.choice(maker.namespaces)
        held, _ = rules_for(policy, user, namespace)
        assert (not covers(held, rules)) == oracle.may_grant(who, namespace, rules)

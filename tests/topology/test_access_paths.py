from k8slab.topology.access_paths import Question, access_paths, answer, rule_words, user_of


def role(kind: str, name: str, *rules: dict) -> dict:
    meta = {"name": name} | ({"namespace": "chat"} if kind == "Role" else {})
    return {"kind": kind, "metadata": meta, "rules": list(rules)}


def binding(kind: str, name: str, ref: dict, *subjects: dict) -> dict:
    meta = {"name": name} | ({"namespace": "chat"} if kind == "RoleBinding" else {})
    return {
        "kind": kind,
        "metadata": meta,
        "roleRef": {"kind": ref["kind"], "name": ref["metadata"]["name"]},
        "subjects": list(subjects),
    }


PODS = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}
READER, VIEWER = role("Role", "reader", PODS), role("ClusterRole", "viewer", {**PODS, "resources": ["nodes"]})
BOT = {"kind": "ServiceAccount", "name": "bot", "namespace": "chat"}
ALL = {"kind": "Group", "name": "system:authenticated"}
OBJECTS = [
    READER,
    VIEWER,
    binding("RoleBinding", "bot-reads", READER, BOT),
    binding("ClusterRoleBinding", "all-view", VIEWER, ALL),
]
USER = user_of("system:serviceaccount:chat:bot")


def test_every_way_names_subject_binding_role_and_rule() -> None:
    ways = access_paths(OBJECTS, USER, "chat")
    assert [(w.via, w.binding, w.role, w.rule, w.common) for w in ways] == [
        ("Group system:authenticated", "ClusterRoleBinding all-view", "ClusterRole viewer", "get, list nodes", True),
        ("ServiceAccount bot", "RoleBinding chat/bot-reads", "Role reader", "get, list pods", False),
    ]


def test_the_way_that_answers_is_marked_and_said() -> None:
    question = Question("get", "pods", namespace="chat")
    assert [w.binding for w in access_paths(OBJECTS, USER, "chat", question) if w.decides] == ["RoleBinding chat/bot-reads"]
    assert answer(OBJECTS, USER, question) == (True, "RoleBinding bot-reads gives it Role reader: get, list pods")


def test_what_no_rule_allows_is_a_no_with_its_reason() -> None:
    assert answer(OBJECTS, USER, Question("delete", "pods", namespace="chat")) == (
        False, "no rule of any role that is bound to it allows this",
    )  # fmt: skip
    assert not answer(OBJECTS, USER, Question("get", "pods", namespace="other"))[0], "a RoleBinding counts in its namespace only"


def test_a_binding_to_a_role_that_is_missing_is_the_reason() -> None:
    lost = binding("RoleBinding", "lost", role("Role", "gone"), BOT)
    assert answer([lost], USER, Question("get", "pods", namespace="chat")) == (
        False, 'role.rbac.authorization.k8s.io "gone" not found',
    )  # fmt: skip


def test_rules_are_said_in_one_line() -> None:
    assert rule_words({"verbs": ["*"], "apiGroups": ["apps", "batch"], "resources": ["*"]}) == "* * in apps, batch"
    assert rule_words({"verbs": ["get"], "nonResourceURLs": ["/metrics"]}) == "get /metrics"

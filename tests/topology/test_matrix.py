from k8slab.topology.matrix import matrix


def pod(name: str, app: str, ports: tuple[int, ...] = (), **labels: str) -> dict:
    container = {"name": "c", "ports": [{"containerPort": p} for p in ports]}
    meta = {"name": name, "namespace": "chat", "labels": {"app": app, **labels}}
    return {"kind": "Pod", "metadata": meta, "spec": {"containers": [container]}, "status": {"phase": "Running", "podIP": name}}


def allow(target: dict, source: dict, port: int = 0) -> dict:
    rule = {"from": [{"podSelector": {"matchLabels": source}}], **({"ports": [{"port": port}]} if port else {})}
    spec = {"podSelector": {"matchLabels": target}, "ingress": [rule]}
    return {"kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "chat"}, "spec": spec}


PODS = [pod("web-1", "web", (8080,)), pod("web-2", "web", (8080,)), pod("db-1", "db", (5432,)), pod("x", "other")]
POLICY = allow({"app": "db"}, {"app": "web"})


def test_only_what_a_policy_allows_reaches_a_pod_it_selects() -> None:
    cells = matrix(PODS, [POLICY]).cells
    assert cells["chat/web", "chat/db"].allowed
    assert not cells["chat/other", "chat/db"].allowed
    assert cells["chat/db", "chat/other"].allowed, "nothing selects it"
    assert cells["chat/other", "chat/db"].policy == "chat/p"


def test_each_target_is_asked_on_its_own_port_that_of_a_service_first() -> None:
    service = {
        "metadata": {"name": "s", "namespace": "chat"},
        "spec": {"selector": {"app": "other"}, "ports": [{"port": 80, "targetPort": 9}]},
    }
    cells = matrix(PODS, [], services=[service]).cells
    assert cells["chat/web", "chat/db"].port == 5432
    assert cells["chat/web", "chat/other"].port == 9


def test_a_port_that_is_asked_for_counts_for_all() -> None:
    policy = allow({"app": "db"}, {"app": "web"}, port=5432)
    assert matrix(PODS, [policy]).cells["chat/web", "chat/db"].allowed
    assert not matrix(PODS, [policy], port=80).cells["chat/web", "chat/db"].allowed


def test_an_app_whose_pods_are_treated_differently_says_which() -> None:
    mixed = [*PODS, pod("web-3", "web", (8080,), tier="old")]
    cell = matrix(mixed, [allow({"app": "web", "tier": "old"}, {"app": "db"})]).cells["chat/other", "chat/web"]
    assert cell.allowed is None
    assert any("web-3" in e and "isolated" in e for e in cell.exceptions)


def test_pods_of_an_app_are_rows_of_their_own_when_asked_for_and_finished_ones_are_none() -> None:
    done = {**pod("job", "job"), "status": {"phase": "Succeeded"}}
    assert matrix([*PODS, done], [], by_app=False).names == ("chat/db-1", "chat/web-1", "chat/web-2", "chat/x")

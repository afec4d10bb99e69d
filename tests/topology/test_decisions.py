from k8slab.topology.decisions import decision_of, simulated


def node(name: str, cpu: str, **labels: str) -> dict:
    return {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": {"cpu": cpu, "memory": "4Gi", "pods": "110"}}}


def pod(cpu: str, **spec: str) -> dict:
    containers = [{"name": "c", "image": "x", "resources": {"requests": {"cpu": cpu}}}]
    return {"metadata": {"name": "p", "namespace": "chat", "uid": "1"}, "spec": {"containers": containers, **spec}}


NODES = [node("big", "4"), node("full", "1"), node("other", "2")]


def test_a_node_that_is_refused_says_which_plugin_and_why_and_is_not_scored() -> None:
    table = decision_of(simulated(pod("1500m"), NODES, []))
    full = next(r for r in table.filtered if r.node == "full")
    assert not full.feasible
    assert full.why == "NodeResourcesFit: Insufficient cpu"
    assert "full" not in [r.node for r in table.scored]


def test_the_winner_has_the_highest_sum_of_weighted_scores() -> None:
    table = decision_of(simulated(pod("500m"), NODES, []))
    winner = next(r for r in table.scored if r.chosen)
    assert winner.node == table.node == "big"
    assert winner.total == max(r.total for r in table.scored)
    for raw, normal, weight, weighted in winner.scores:
        assert weighted == normal * weight
        assert isinstance(raw, int)


def test_the_steps_go_from_the_question_over_every_plugin_to_the_answer() -> None:
    table = decision_of(simulated(pod("500m"), NODES, []))
    assert len(table.steps) == 1 + len(table.filters) + len(table.plugins) + 1
    assert table.steps[table.step_of_filter(0)].startswith(f"Filter {table.filters[0]}")
    assert table.steps[table.step_of_score(0)].startswith(f"Score {table.plugins[0]}")
    assert table.steps[table.last] == "big is chosen."


def test_without_a_node_the_steps_end_there() -> None:
    table = decision_of(simulated(pod("64"), NODES, []))
    assert table.node == ""
    assert table.steps[-1] == "No node is left."
    assert "3 Insufficient cpu" in table.message


def test_a_running_pod_is_asked_about_as_if_it_were_nowhere() -> None:
    running = pod("500m", nodeName="full")
    table = decision_of(simulated(running, NODES, [running]))
    assert table.node == "big"
    assert len([r for r in table.filtered if r.feasible]) == 3, "its own request does not stand in its way"

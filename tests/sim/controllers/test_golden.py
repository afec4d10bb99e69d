"""Tables with a source for every row, and what walks them: the arithmetic of rolling updates, the policies of Jobs."""

from pathlib import Path

import pytest
import yaml

from k8slab.sim.controllers.deployment import rolling
from k8slab.sim.controllers.job_plan import parse_indexes
from k8slab.sim.controllers.job_policies import failure_action, success_verdict
from tests.sim.controllers.test_rolling import deployment, replica_set, sizes

GOLDEN = Path(__file__).parent / "golden"
ROLLING = yaml.safe_load((GOLDEN / "rolling_update.yaml").read_text("utf-8"))
JOBS = yaml.safe_load((GOLDEN / "job_policies.yaml").read_text("utf-8"))


def rows(table):
    return [(kind, row) for kind, rows in table.items() for row in rows]


def bounds(row):
    return list(rolling.bounds(row["surge"], row["unavailable"], row["replicas"]))


def new(row):
    newest, oldest = replica_set("new", row["new"]), replica_set("old", row["old"])
    change = rolling.plan_new(deployment(row["replicas"], row["surge"]), [oldest, newest], newest)
    return change.replicas if change else row["new"]


def old(row):
    newest, oldest = replica_set("new", row["new"], row["ready_new"]), replica_set("old", row["old"], row["ready_old"])
    wanted = deployment(row["replicas"], row.get("surge", 0), row["unavailable"])
    return sizes(rolling.plan_old(wanted, [oldest, newest], newest, [oldest])).get("old", row["old"])


def scale(row):
    before, count = row["before"], len(row["sets"])
    desired = row.get("desired", [before] * count)
    ready = row.get("ready", row["sets"])
    most = before + row.get("surge_before", 0)
    made = [
        replica_set(f"v{count - i}", size, ready[i], desired=desired[i], maximum=desired[i] if desired[i] != before else most)
        for i, size in enumerate(row["sets"])
    ]
    newest, others = (None, made) if row.get("no_new") else (made[0], made[1:])
    plan = rolling.plan_scale(deployment(row["replicas"], row.get("surge", 0), row.get("unavailable", 0)), newest, others)
    changed = sizes(plan)
    return [changed.get(one["metadata"]["name"], one["spec"]["replicas"]) for one in made]


@pytest.mark.parametrize(("kind", "row"), rows(ROLLING), ids=lambda value: value["source"] if isinstance(value, dict) else value)
def test_the_arithmetic_of_a_rolling_update(kind, row):
    assert {"bounds": bounds, "new": new, "old": old, "scale": scale}[kind](row) == row["want"]


def failure(row):
    found = [{"type": row["condition"], "status": "True"}] if row.get("condition") else []
    ended = {"name": "main-container", "state": {"terminated": {"exitCode": row["exit"]}}}
    status = {"conditions": found, "containerStatuses": [ended]}
    job = {"spec": {"podFailurePolicy": {"rules": row["rules"]}}}
    action, verdict = failure_action(job, {"metadata": {"namespace": "default", "name": "mypod"}, "status": status})
    return action, verdict and verdict.message


def success(row):
    policy = {"successPolicy": {"rules": row["rules"]}} if "rules" in row else {}
    verdict = success_verdict({"spec": policy}, parse_indexes(row["succeeded"]))
    return verdict and verdict.message


@pytest.mark.parametrize(("kind", "row"), rows(JOBS), ids=lambda value: value["source"] if isinstance(value, dict) else value)
def test_the_policies_of_a_job(kind, row):
    if kind == "failure":
        assert failure(row) == (row["action"], row.get("message"))
    else:
        assert success(row) == (None if row["want"] is None else f"Matched rules at index {row['want']}")


@pytest.mark.parametrize(("kind", "row"), rows(ROLLING) + rows(JOBS))
def test_every_row_says_where_it_comes_from(kind, row):
    assert ":" in row["source"] or ".go" in row["source"]

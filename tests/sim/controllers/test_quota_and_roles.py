"""What quotas have counted, and what roles are made of."""

from k8slab.sim.controllers.cluster_role_aggregation import ClusterRoleAggregationController
from k8slab.sim.controllers.resource_quota import ResourceQuotaController
from tests.sim.controllers.world import World


def pod(world, name, cpu):
    world.create("pods", name, {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]})
    world.settled(seconds=1)


def used(world):
    return world.get("resourcequotas", "q")["status"]["used"]


def test_a_quota_counts_pods_and_their_requests():
    world = World(ResourceQuotaController)
    world.create("resourcequotas", "q", {"hard": {"pods": "3", "requests.cpu": "1"}})
    assert world.get("resourcequotas", "q")["status"] == {
        "hard": {"pods": "3", "requests.cpu": "1"},
        "used": {"pods": "0", "requests.cpu": "0"},
    }
    pod(world, "a", "500m")
    pod(world, "b", "250m")
    assert used(world) == {"pods": "2", "requests.cpu": "750m"}
    world.report("a", "Succeeded")
    world.settled(seconds=1)
    assert used(world) == {"pods": "1", "requests.cpu": "250m"}
    world.delete("pods", "b")
    world.settled(seconds=1)
    assert used(world) == {"pods": "0", "requests.cpu": "0"}


def test_a_quota_counts_any_kind_by_name():
    world = World(ResourceQuotaController)
    world.create("deployments.apps", "d", {})
    world.create("resourcequotas", "q", {"hard": {"count/deployments.apps": "3", "configmaps": "2"}})
    assert used(world) == {"count/deployments.apps": "1", "configmaps": "0"}
    world.create("configmaps", "c")
    world.settled(seconds=1)
    assert used(world)["configmaps"] == "1"


def test_a_quota_with_a_scope_counts_what_is_in_it():
    world = World(ResourceQuotaController)
    world.create("resourcequotas", "q", {"hard": {"pods": "3"}, "scopes": ["BestEffort"]})
    pod(world, "a", "500m")
    world.create("pods", "b", {"containers": [{"name": "c"}]})
    world.settled(seconds=1)
    assert used(world) == {"pods": "1"}


def test_nothing_is_written_while_the_numbers_stay():
    world = World(ResourceQuotaController)
    world.create("resourcequotas", "q", {"hard": {"pods": "3"}})
    before = len(world.client.actions)
    world.settled(seconds=3600)
    assert len(world.client.actions) == before


ROLES = "clusterroles.rbac.authorization.k8s.io"


def role(world, name, verbs=(), to="", **rest):
    labels = {"aggregate-to": to} if to else {}
    rules = [{"verbs": list(verbs), "resources": ["pods"], "apiGroups": [""]}] if verbs else []
    world.client.create(ROLES, {"metadata": {"name": name, "labels": labels}, "rules": rules, **rest})
    world.settled()


def verbs(world, name):
    return [rule["verbs"] for rule in world.get(ROLES, name)["rules"]]


def test_an_aggregated_role_is_the_sum_of_what_it_selects():
    world = World(ClusterRoleAggregationController)
    role(world, "view", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"aggregate-to": "view"}}]})
    role(world, "a", ["get"], to="view")
    role(world, "b", ["list"], to="view")
    role(world, "c", ["delete"], to="edit")
    assert verbs(world, "view") == [["get"], ["list"]]
    world.client.delete(ROLES, "a")
    world.settled()
    assert verbs(world, "view") == [["list"]]


def test_rules_written_by_hand_into_an_aggregated_role_do_not_stay():
    world = World(ClusterRoleAggregationController)
    role(world, "view", ["*"], aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"aggregate-to": "view"}}]})
    assert verbs(world, "view") == []

"""What is proposed about a permission: the least that works, and never a change of a role that comes with the cluster."""

from k8slab.apimachinery.types import Object
from k8slab.explain import Answer, diagnose
from k8slab.explain.question import parse
from k8slab.explain.snapshot import Snapshot
from tests.explain.produce.builders import binding, role


def ask(text: str, *objects: Object) -> Answer:
    namespaced = [{**o, "metadata": {"namespace": "chat", **o["metadata"]}} if "Cluster" not in o["kind"] else o for o in objects]
    return diagnose(parse(text, "chat"), Snapshot.of(namespaced))


def test_a_role_of_ones_own_may_be_corrected_or_left_alone() -> None:
    answer = ask("can jane delete pods", role("reader", "get", "pods"), binding("b", "Role/reader", "User/jane"))
    assert answer.change.startswith("Correct verbs of rules[0] in role/reader. Or, without touching it: the smallest grant is: ")


def test_a_role_that_comes_with_the_cluster_is_left_alone() -> None:
    view = role("view", "get,list,watch", "pods", kind="ClusterRole")
    view["metadata"]["labels"] = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    answer = ask("can jane delete pods", view, binding("b", "ClusterRole/view", "User/jane"))
    assert answer.change.startswith(
        "The smallest grant is: kubectl create role delete-pods --verb=delete --resource=pods -n chat"
    )
    assert "Correct" not in answer.change


def test_the_smallest_grant_is_for_one_verb_one_resource_one_name() -> None:
    answer = ask("can sa/web patch deployments/web")
    assert "--verb=patch --resource=deployments.apps --resource-name=web -n chat" in answer.change
    assert "--serviceaccount=chat:web" in answer.change
    assert ask("can jane get pods/log").change.count("pods/log") == 1
    assert "clusterrolebinding" in ask("can jane list nodes").change

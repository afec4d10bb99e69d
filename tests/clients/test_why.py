"""`why` on a running server, through the official client: real faults, a user who may not see all, and the command line."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from k8slab.client import Cluster, connect
from k8slab.errors import K8slabError
from k8slab.explain import Answer, why
from tests.processes import K8slab, Kubectl, eventually

Ask = Callable[..., Answer]


@pytest.fixture
def cluster(server: K8slab, namespace: str) -> Iterator[Cluster]:
    found = connect(kubeconfig=server.kubeconfig)
    found.namespace = namespace
    yield found
    found.close()


@pytest.fixture
def answers(cluster: Cluster) -> Ask:
    """Ask until the answer is the one that is waited for."""

    def ask(question: str, verdict: str, who: Cluster | None = None) -> Answer:
        latest: list[Answer] = []

        def right() -> bool:
            latest.append(why(who or cluster, question))
            return latest[-1].verdict == verdict

        try:
            eventually(right)
        except AssertionError:
            pytest.fail(f"{latest[-1].verdict}, not {verdict}:\n{latest[-1].text()}")
        return latest[-1]

    return ask


def test_a_pod_that_fits_nowhere(answers: Ask, kubectl: Kubectl) -> None:
    kubectl("run", "web", "--image=nginx", '--overrides={"spec":{"nodeSelector":{"disk":"ssd"}}}')
    answer = answers("pod/web", "pod.scheduling.node-selector")
    assert (answer.object, answer.field, answer.confidence) == ("pod/web", "spec.nodeSelector", "known")
    assert "kubectl label node" in answer.change


def test_a_deployment_with_a_wrong_image_and_the_service_before_it(answers: Ask, kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx:nosuch", "--port=80")
    kubectl("expose", "deployment", "web")
    answer = answers("deploy/web", "pod.image.not-found")
    assert (answer.object, answer.field) == ("deployment/web", "spec.template.spec.containers[0].image")
    assert answers("svc/web", "service.pods-not-ready").object == "deployment/web"


def test_a_crash_with_its_last_words(answers: Ask, kubectl: Kubectl) -> None:
    kubectl("run", "web", "--image=busybox", "--", "sh", "-c", "echo no config file; exit 3")
    answer = answers("pod/web", "pod.crash.error")
    assert "exit code 3" in answer.sentence
    assert "no config file" in answers("pod/web", "pod.crash.error").text()


def test_a_missing_configmap_and_who_misses_it(answers: Ask, kubectl: Kubectl) -> None:
    kubectl("run", "web", "--image=nginx", '--overrides={"spec":{"containers":[{"name":"web","image":"nginx","envFrom":'
            '[{"configMapRef":{"name":"settings"}}]}]}}')  # fmt: skip
    assert answers("pod/web", "pod.config.configmap-missing").field == "spec.containers[0].envFrom[0].configMapRef.name"
    assert "1 pod reads it" in answers("cm/settings", "absent").sentence


def test_a_quota_that_refuses(answers: Ask, kubectl: Kubectl) -> None:
    kubectl("create", "quota", "few", "--hard=pods=1")
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=2")
    assert answers("deploy/web", "creation.quota").object == "resourcequota/few"


def test_traffic_that_a_policy_refuses_and_one_that_allows(answers: Ask, kubectl: Kubectl) -> None:
    kubectl("run", "a", "--image=nginx", "--port=80")
    kubectl("run", "b", "--image=nginx", "--port=80", "--expose")
    kubectl("wait", "pod/a", "pod/b", "--for=condition=Ready")
    answers("pod/a -> svc/b:80", "traffic.allowed.healthy")
    kubectl("apply", "-f", "-", stdin='{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"deny"},'
            '"spec":{"podSelector":{"matchLabels":{"run":"b"}},"policyTypes":["Ingress"]}}')  # fmt: skip
    answer = answers("pod/a -> http://b", "traffic.policy.ingress")
    assert (answer.object, answer.field) == ("networkpolicy/deny", "spec.ingress")


def test_a_permission_and_its_smallest_grant_which_works(answers: Ask, cluster: Cluster, kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "bot")
    answer = answers("can sa/bot get pods", "access.no-binding")
    for command in answer.change.partition("is: ")[2].split("; "):
        kubectl(*command.split()[1:])
    assert answers("can sa/bot get pods", "access.allowed.healthy").healthy
    assert "kubernetes-admin" in answers("can I delete nodes", "access.allowed.healthy").sentence


def test_a_claim_of_a_class_that_does_not_exist(answers: Ask, kubectl: Kubectl) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
    kubectl("apply", "-f", "-", stdin=json.dumps(claim))
    assert "standard" in answers("pvc/data", "pvc.class-missing").sentence


def test_a_name_with_a_typo(answers: Ask, kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "gateway", "--image=nginx")
    assert answers("deploy/gatevay", "absent").sentence.endswith("Did you mean deployment/gateway?")


def test_a_drain_and_a_node(answers: Ask, kubectl: Kubectl) -> None:
    kubectl("run", "web", "--image=nginx")
    kubectl("wait", "pod/web", "--for=condition=Ready")
    node = kubectl("get", "pod", "web", "-o", "jsonpath={.spec.nodeName}").out
    assert "--force" in answers(f"drain {node}", "drain.unmanaged").command
    answers(f"node/{node}", "node.healthy")


def test_a_namespace_that_a_finalizer_holds(answers: Ask, kubectl: Kubectl, namespace: str) -> None:
    kubectl("create", "namespace", f"{namespace}-held")
    meta = {"name": "held", "finalizers": ["example.com/x"]}
    held = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    kubectl("apply", "-n", f"{namespace}-held", "-f", "-", stdin=held)
    kubectl("delete", "namespace", f"{namespace}-held", "--wait=false")
    assert answers(f"ns/{namespace}-held", "namespace.finalizers").object == "configmap/held"
    kubectl("patch", "configmap", "held", "-n", f"{namespace}-held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


def test_who_may_see_only_a_namespace_gets_what_can_be_known(
    server: K8slab, answers: Ask, kubectl: Kubectl, namespace: str, tmp_path: Path
) -> None:
    kubectl("create", "serviceaccount", "learner")
    kubectl("create", "rolebinding", "learner", "--clusterrole=view", f"--serviceaccount={namespace}:learner")
    token = kubectl("create", "token", "learner").out.strip()
    kubectl("run", "big", "--image=nginx", '--overrides={"spec":{"nodeSelector":{"disk":"ssd"}}}')
    kubectl("run", "typo", "--image=nginx:nosuch")
    learner = connect(kubeconfig=server.kubeconfig)
    learner.namespace = namespace
    learner.api.configuration.cert_file = learner.api.configuration.key_file = None
    learner.api.configuration.api_key["authorization"] = f"Bearer {token}"
    learner.api.rest_client = type(learner.api.rest_client)(learner.api.configuration)
    answer = answers("pod/big", "pod.scheduling.node-selector", learner)
    assert (answer.confidence, answer.gaps) == ("likely", ("you may not list nodes",))
    assert answers("pod/typo", "pod.image.not-found", learner).confidence == "known"
    drain = answers("drain worker-1", "unknown", learner)
    assert "cannot be seen" in drain.sentence
    learner.close()


def test_the_command_line_asks_and_tells(server: K8slab, kubectl: Kubectl, namespace: str) -> None:
    kubectl("run", "web", "--image=nginx")
    kubectl("wait", "pod/web", "--for=condition=Ready")
    said = server("why", "pod/web", "-n", namespace)
    assert (said.code, said.out.splitlines()[0]) == (0, "pod/web is Running and Ready.")
    said = server("why", "can", "--as", "jane", "get", "pods", "-n", namespace)
    assert said.out.startswith("No: user 'jane' may not get pods")
    said = server("why", "web")
    assert (said.code, "kind/name" in said.err) == (1, True)


def test_what_is_no_question_is_one_sentence(cluster: Cluster) -> None:
    with pytest.raises(K8slabError, match="no resource named 'pood'"):
        why(cluster, "pood/web")

"""What is known for sure about traffic and permissions is so: held against the embedded network and authorizer themselves.

Random policies, Services and roles (seeded); each answer that is *known* is compared with what the cluster then does.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from k8slab.apimachinery.types import Object
from k8slab.explain import Answer, diagnose
from k8slab.explain.answer import KNOWN
from k8slab.explain.question import parse
from k8slab.explain.snapshot import Snapshot
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.authorization.attributes import Attributes
from k8slab.sim.apiserver.pki import ensure_pki
from tests.explain.produce.builders import binding, pod, policy, role, service, thing
from tests.explain.produce.lab import Lab

APPS = ("a", "b", "web")
SPACES = ("chat", "shop")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    loop = asyncio.new_event_loop()
    lab = Lab(ensure_pki(tmp_path_factory.mktemp("state") / "pki"), loop, 3)
    lab.step(thing("v1", "Namespace", "shop"))
    probe = {"httpGet": {"port": 80, "path": "/"}, "periodSeconds": 5}
    for namespace in SPACES:
        for app in APPS:
            lab.create(pod(app, namespace=namespace, port=80, readinessProbe=probe))
    lab.after(30)
    yield lab
    lab.close()
    loop.close()


def ask(lab: Lab, question: str) -> Answer:
    return diagnose(parse(question, "chat"), Snapshot.of(lab.objects(), lab.cluster.kernel.now()))


def clear(lab: Lab, *resources: str) -> None:
    for resource in resources:
        for obj in lab.admin.list(resource):
            if obj["metadata"].get("namespace") in SPACES:
                lab.admin.delete(resource, obj["metadata"]["name"], obj["metadata"]["namespace"])


def random_peer(random: Random) -> Object:
    peer: Object = {}
    if random.random() < 0.7:
        peer["podSelector"] = {"matchLabels": {"app": random.choice(APPS)}} if random.random() < 0.8 else {}
    if random.random() < 0.5 or not peer:
        labels = {"kubernetes.io/metadata.name": random.choice((*SPACES, "kube-system"))}
        peer["namespaceSelector"] = {"matchLabels": labels} if random.random() < 0.7 else {}
    return peer


def random_policy(random: Random, number: int) -> Object:
    spec: Object = {"policyTypes": random.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"]))}
    for field, peers in (("ingress", "from"), ("egress", "to")):
        if field.capitalize() in spec["policyTypes"]:
            spec[field] = [
                {peers: [random_peer(random)]}
                | ({"ports": [{"port": random.choice((80, 8080, 53))}]} if random.random() < 0.4 else {})
                for _ in range(random.randrange(3))
            ]
            if field == "egress" and random.random() < 0.7:
                spec[field].append({"ports": [{"port": 53, "protocol": "UDP"}]})
    selector = {"app": random.choice(APPS)} if random.random() < 0.7 else None
    return policy(f"p{number}", selector, random.choice(SPACES), **spec)


def connects(lab: Lab, source: str, host: str, port: int) -> bool:
    namespace, _, name = source.partition("/")
    network = lab.cluster.network
    begin = network.namespace_of_pod(namespace, name)
    assert begin is not None
    return network.trace(begin, host, port).verdict == "connected"


def test_traffic_that_is_known_to_pass_passes_and_the_other_does_not(lab: Lab) -> None:
    random, tally = Random(7), Counter[str]()
    for _ in range(25):
        clear(lab, "networkpolicies.networking.k8s.io", "services")
        for number in range(random.randrange(4)):
            lab.create(random_policy(random, number))
        for namespace in SPACES:
            selector = {"app": random.choice((*APPS, "nobody"))}
            lab.create(service("web", selector=selector, namespace=namespace, target=random.choice((80, 80, 8080))))
        lab.after(5)
        for _ in range(8):
            source = f"{random.choice(SPACES)}/{random.choice(APPS)}"
            host, port = (
                random.choice(("web", "web.shop", "web.chat.svc.cluster.local", "web.nowhere", "wep")),
                random.choice((80, 80, 8080)),
            )
            asked = f"{source.replace('/', '/pod/')} -> {host}:{port}"
            answer = ask(lab, asked)
            tally[answer.confidence] += 1
            if answer.verdict == "traffic.dns.own-name":
                assert "is its own host name" in answer.sentence  # it connects, to itself
            elif answer.confidence == KNOWN and answer.verdict != "traffic.policy.partial":
                policies = lab.admin.list("networkpolicies.networking.k8s.io")
                assert connects(lab, source, host, port) == answer.healthy, f"{asked}\n{answer.text()}\n{policies}"
    assert tally[KNOWN] > 50, tally


def test_what_is_known_about_permissions_is_what_the_authorizer_says(lab: Lab) -> None:
    random, tally = Random(3), Counter[str]()
    verbs, things = ("get", "list", "delete"), ("pods", "secrets", "deployments.apps")
    for number in range(25):
        clear(lab, "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io")
        names = {"resourceNames": ["web"]} if random.random() < 0.3 else {}
        lab.create(role("r", random.choice((*verbs, "get,list")), random.choice(("pods", "secrets", "deployments")),
                        random.choice(("", "apps")), **names))  # fmt: skip
        lab.create(
            binding(
                "b",
                random.choice(("Role/r", "ClusterRole/view", "Role/gone")),
                random.choice(("User/jane", "Group/dev", "User/joe")),
            )
        )
        lab.after(1)
        for _ in range(4):
            verb, what, namespace = random.choice(verbs), random.choice(things), random.choice(SPACES)
            answer = ask(lab, f"can jane {verb} {what} in {namespace}")
            tally[answer.confidence] += 1
            if answer.confidence == KNOWN:
                resource, _, group = what.partition(".")
                user = UserInfo("jane", groups=("system:authenticated",))
                said = lab.cluster.authorizer.authorize(Attributes(user, verb, group, "v1", resource, "", namespace))
                assert said.allowed == answer.healthy, f"{number}: {verb} {what} in {namespace}\n{answer.text()}"
    assert tally[KNOWN] > 50, tally

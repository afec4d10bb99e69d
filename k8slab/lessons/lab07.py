"""Lab 07, Network policies: what its notebook asks, checks and breaks. Syllabus: D6, part of D7 and F8."""

from collections.abc import Callable, Iterable, Iterator

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, apply
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz
from k8slab.lessons.judging import exists, say
from k8slab.topology.reach import address, allowed, peer_of

__all__ = ["CONTENT"]

_GUESTS = "lab-07-guests"
_PORT = 8080
_DNS = 53


class _World:
    """The policies of the cluster and imagined pods: what counts is what is declared, not who happens to run."""

    def __init__(self, cluster: Cluster) -> None:
        self.namespace = cluster.namespace
        self.policies = cluster.list("networkpolicies", "")
        self.namespaces = cluster.list("namespaces", "")
        self._addresses: dict[tuple[str, str], str] = {}

    def pod(self, app: str, namespace: str = "", **labels: str) -> Object:
        """Return a pod of chatter as its Deployment makes it."""
        meta: Object = {"name": app, "namespace": namespace or self.namespace, "labels": {"app": app, **labels}}
        container = {"name": app, "ports": [{"name": "http", "containerPort": _PORT}]}
        ip = self._addresses.setdefault((meta["namespace"], app), f"10.244.255.{len(self._addresses) + 1}")
        return {"kind": "Pod", "metadata": meta, "spec": {"containers": [container]}, "status": {"podIP": ip}}

    def may(self, source: Object | str, target: Object | str, port: int = _PORT, protocol: str = "TCP") -> bool:
        """Whether the policies allow a connection; a text is an address outside of the cluster."""
        ends = [address(end) if isinstance(end, str) else peer_of(end, self.namespaces) for end in (source, target)]
        return allowed(self.policies, ends[0], ends[1], port, protocol)


def _words(end: Object | str, home: str) -> str:
    if isinstance(end, str):
        return end
    name, namespace = end["metadata"]["name"], end["metadata"]["namespace"]
    return str(name) if namespace == home else f"{name} (namespace {namespace})"


Wish = tuple[Object | str, Object | str, bool]


def _judged(world: _World, wishes: Iterable[Wish], port: int = _PORT, protocol: str = "TCP") -> Iterator[Finding]:
    """Yield a finding for each wish: from, to, allowed or not."""
    look = "kubectl describe networkpolicy"
    for source, target, wanted in wishes:
        pair = f"{_words(source, world.namespace)} → {_words(target, world.namespace)}:{port}{'' if protocol == 'TCP' else '/' + protocol}"
        is_allowed = world.may(source, target, port, protocol)
        right, wrong = ("is allowed", "is refused") if wanted else ("is refused", "is allowed")
        purpose = "should be allowed" if wanted else "should be refused"
        yield say(is_allowed == wanted, f"{pair} {right}", f"{pair} {wrong}, and {purpose}", look)


def _deny_all(cluster: Cluster) -> Iterator[Finding]:
    world = _World(cluster)
    web, rooms, other = world.pod("web"), world.pod("rooms"), world.pod("some-new-part")
    yield from _judged(
        world,
        (
            (web, other, False),
            (world.pod("visitor"), rooms, False),
            (world.pod("guest", _GUESTS), web, False),
            (other, web, False),
        ),
    )
    yield say(
        world.may(other, world.pod("kube-dns", "kube-system"), _DNS, "UDP"),
        "pods may still ask for names",
        "pods may not even ask for names any more: egress is isolated too, and only ingress was asked for",
        "kubectl get networkpolicy -o yaml",
    )


def _rooms_from_gateway(cluster: Cluster) -> Iterator[Finding]:
    world = _World(cluster)
    rooms = world.pod("rooms")
    yield from _judged(
        world,
        (
            (world.pod("gateway"), rooms, True),
            (world.pod("web"), rooms, False),
            (world.pod("visitor"), rooms, False),
            (world.pod("gateway", _GUESTS), rooms, False),
        ),
    )
    yield from _judged(world, ((world.pod("gateway"), rooms, False),), 9090)
    yield from _judged(world, ((world.pod("gateway"), world.pod("history"), False),))


def _front(cluster: Cluster) -> Iterator[Finding]:
    world = _World(cluster)
    web, gateway = world.pod("web"), world.pod("gateway")
    yield from _judged(
        world,
        (
            ("203.0.113.7", web, True),
            (world.pod("guest", _GUESTS), web, True),
            (web, gateway, True),
            (world.pod("visitor"), gateway, False),
            ("203.0.113.7", gateway, False),
            (world.pod("web", _GUESTS), gateway, False),
        ),
    )
    yield from _judged(world, (("203.0.113.7", web, False),), 9090)


def _operators(cluster: Cluster) -> Iterator[Finding]:
    found, _ = _team(cluster)
    yield found
    world = _World(cluster)
    history = world.pod("history")
    yield from _judged(
        world,
        (
            (world.pod("prober", _GUESTS), history, True),
            (world.pod("guest", _GUESTS), history, False),
            (world.pod("prober"), history, False),
            (world.pod("prober", "default"), history, False),
        ),
    )


def _team(cluster: Cluster) -> tuple[Finding, Object | None]:
    """Return whether the guests' namespace has its label."""
    space = cluster.find("namespaces", _GUESTS, "")
    team = ((space or {}).get("metadata", {}).get("labels") or {}).get("team")
    look = f"kubectl get namespace {_GUESTS} --show-labels"
    return say(
        team == "ops", f"namespace {_GUESTS} has the label team=ops", f"namespace {_GUESTS} has no label team=ops", look
    ), space


def _quiet(cluster: Cluster) -> Iterator[Finding]:
    world = _World(cluster)
    history, dns = world.pod("history"), world.pod("kube-dns", "kube-system", **{"k8s-app": "kube-dns"})
    yield from _judged(world, ((history, dns, True),), _DNS, "UDP")
    yield from _judged(world, ((history, dns, True),), _DNS, "TCP")
    elsewhere = world.pod("anything", "default")
    yield from _judged(world, ((history, elsewhere, False), (history, "203.0.113.7", False)))
    yield from _judged(world, ((history, elsewhere, False),), _DNS, "UDP")
    yield say(
        world.may(world.pod("web"), elsewhere),
        "the others may call whom they like",
        "others than history are isolated too: web may not call out any more",
        "kubectl get networkpolicy",
    )


def _partner(cluster: Cluster) -> Iterator[Finding]:
    world = _World(cluster)
    bot = world.pod("bot")
    yield from _judged(
        world,
        (
            (bot, "203.0.113.7", True),
            (bot, "203.0.113.130", False),
            (bot, "203.0.112.7", False),
            (bot, "198.51.100.1", False),
        ),
        443,
    )
    yield from _judged(world, ((bot, "203.0.113.7", False),), 80)


def _repaired(cluster: Cluster) -> Iterator[Finding]:
    for name in ("gateway", "rooms"):
        found, _ = exists(cluster, f"deployment/{name}")
        yield found
    world = _World(cluster)
    gateway, rooms = world.pod("gateway"), world.pod("rooms")
    yield from _judged(world, ((gateway, rooms, True), (world.pod("visitor"), rooms, False), (world.pod("web"), rooms, False)))
    dns = world.pod("kube-dns", "kube-system", **{"k8s-app": "kube-dns"})
    yield from _judged(world, ((gateway, dns, True),), _DNS, "UDP")


_NAMES = {
    "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
    "ports": [{"port": 53, "protocol": "UDP"}],
}


def _harden(*egress: Object) -> Callable[[Cluster], None]:
    """Return what isolates the egress of gateway, but for these rules."""

    def inject(cluster: Cluster) -> None:
        spec = {"podSelector": {"matchLabels": {"app": "gateway"}}, "policyTypes": ["Egress"], "egress": list(egress)}
        policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "hardening"}, "spec": spec}
        apply(cluster, policy, manager="colleague")

    return inject


def _to(**labels: str) -> Object:
    return {"to": [{"podSelector": {"matchLabels": labels}}], "ports": [{"port": _PORT}]}


CONTENT = LabContent(
    "07",
    "Network policies",
    exercises=(
        Exercise(
            "07.1",
            "Let nobody in anywhere in this namespace; calling out stays as it is.",
            _deny_all,
            (
                "A pod is open until a policy selects it. Which selector selects every pod, also those to come?",
                "podSelector: {}, policyTypes: [Ingress], and no ingress rule at all.",
            ),
            solution='''
lab.apply("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {}, policyTypes: [Ingress]}
""")
''',
            reason="Selected for ingress, and no rule that allows anything: so nothing is allowed.",
            owns=("networkpolicy/default-deny",),
        ),
        Exercise(
            "07.2",
            "Allow gateway, and nobody else, to reach rooms on port 8080.",
            _rooms_from_gateway,
            (
                "The policy stands at the pod that is called. Whom does it select, and whom does it let in?",
                "podSelector selects app=rooms; ingress has one rule with from (podSelector app=gateway) and ports (8080).",
            ),
            solution='''
lab.apply("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: rooms}
spec:
  podSelector: {matchLabels: {app: rooms}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: gateway}}}]
    ports: [{port: 8080}]
""")
''',
            reason="Policies add up: what one allows is allowed. default-deny stays, and rooms gets this one door.",
            owns=("networkpolicy/rooms",),
        ),
        Exercise(
            "07.3",
            "Open web on port 8080 to everybody, also from outside; gateway only to web.",
            _front,
            (
                "Two pods, two doors. How does a rule say: from anywhere?",
                "A rule without from lets everybody in. For gateway: from podSelector app=web, which means web of this namespace.",
            ),
            solution='''
lab.apply("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: gateway}
spec: {podSelector: {matchLabels: {app: gateway}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}
""")
''',
            reason="An empty or missing from means everybody; an empty list of rules means nobody. One looks much like the other.",
            owns=("networkpolicy/web", "networkpolicy/gateway"),
        ),
        Exercise(
            "07.4",
            "Let pods app=prober of namespaces with team=ops reach history, and no other pods of there or elsewhere.",
            _operators,
            (
                "Two conditions must hold at the same time: the namespace's label and the pod's. Is that one peer or two?",
                "One entry of from with both namespaceSelector and podSelector. Two entries would mean: one or the other.",
            ),
            solution=f'''
lab.kubectl("label namespace {_GUESTS} team=ops")
lab.apply("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: history}}
spec:
  podSelector: {{matchLabels: {{app: history}}}}
  ingress:
  - from:
    - namespaceSelector: {{matchLabels: {{team: ops}}}}
      podSelector: {{matchLabels: {{app: prober}}}}
""")
''',
            reason="Within one entry conditions are joined by and, between entries by or. A single dash makes the difference.",
            owns=("networkpolicy/history",),
        ),
        Exercise(
            "07.5",
            "Let history call nobody but the cluster's DNS (port 53, UDP and TCP); nobody else is restricted.",
            _quiet,
            (
                "This is about calling out. Which direction is that, and who is selected?",
                "policyTypes: [Egress]; one rule to pods k8s-app=kube-dns in namespace kube-system, ports 53 of both protocols.",
            ),
            solution='''
lab.apply("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: quiet}
spec:
  podSelector: {matchLabels: {app: history}}
  policyTypes: [Egress]
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
""")
''',
            reason="Every namespace has its name as a label. Without DNS the pod could not even find out whom it must not call.",
            owns=("networkpolicy/quiet",),
        ),
        Exercise(
            "07.6",
            "Let bot call only the partner's network 203.0.113.0/24 on port 443, but not its upper half 203.0.113.128/25.",
            _partner,
            (
                "The partner has no pods here, only addresses. Which peer speaks of addresses?",
                "ipBlock with cidr and except, in an egress rule with ports: [{port: 443}], for pods app=bot.",
            ),
            solution='''
lab.apply("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: partner}
spec:
  podSelector: {matchLabels: {app: bot}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}]
    ports: [{port: 443}]
""")
''',
            reason="except cuts a hole into the block of the same entry; it forbids nothing that another rule allows.",
            owns=("networkpolicy/partner",),
        ),
        Exercise(
            "07.7",
            "Let gateway reach rooms again, and ask for names; web and strangers still must not reach rooms.",
            _repaired,
            (
                "The door of rooms has not changed. On which side is the connection stopped?",
                'kubectl get networkpolicy shows what is new. lab.why("pod/GATEWAY -> svc/rooms:8080") names the policy that stops it.',
            ),
            solution='lab.kubectl("delete networkpolicy hardening")',
            reason="A connection needs both: egress at the caller and ingress at the called. The new policy isolated the caller.",
            fault="silence",
        ),
    ),
    predictions=(
        Prediction(
            "07.a",
            "There is no NetworkPolicy in the cluster. Who may call rooms?",
            ("pods of the same namespace", "every pod of the cluster", "nobody"),
            1,
            "Kubernetes' network is flat: every pod reaches every pod. Namespaces are rooms for names, not walls.",
        ),
        Prediction(
            "07.b",
            "A refused packet: what does the caller see?",
            ("connection refused, at once", "nothing, until it gives up", "HTTP 403"),
            1,
            "Most plugins drop the packet: no answer at all. Refused means that the packet arrived and nobody listened.",
        ),
        Prediction(
            "07.c",
            "One policy allows web, another one does not mention it. Both select rooms. May web call rooms?",
            ("yes", "no", "the newer one decides"),
            0,
            "Policies only ever allow. What one of them allows is allowed; there is no rule that forbids.",
        ),
        Prediction(
            "07.d",
            "A pod is selected by an egress policy without any rule for DNS. It calls http://rooms:8080. What fails?",
            ("the connection to rooms", "already the question for the name rooms", "nothing"),
            1,
            "Asking for a name is a connection as well. It is the first thing that an egress policy forgets.",
        ),
    ),
    quizzes=(
        Quiz(
            "07.q1",
            "ingress: [] and ingress: [{}]: what is the difference?",
            (
                Option("none", "They look alike and mean opposite things."),
                Option(
                    "the first allows nothing, the second everything",
                    "No rule at all, against one rule without conditions.",
                    right=True,
                ),
                Option("the first allows everything, the second nothing", "It is the other way round."),
            ),
        ),
        Quiz(
            "07.q2",
            "You apply policies, kubectl shows them, and nothing changes. What is likely?",
            (
                Option(
                    "the network plugin does not enforce them",
                    "The API stores them in any case; enforcing is the plugin's work.",
                    right=True,
                ),
                Option("the API server must be restarted", "Plugins follow policies by a watch."),
                Option("policies act after ten minutes", "They act within seconds."),
            ),
        ),
    ),
    faults=(
        Fault(
            "07.silence",
            "Since last night users cannot enter rooms: gateway gets no answer from rooms. Security is pleased with its work of yesterday.",
            (
                Break(
                    _harden(),
                    "The policy hardening selected gateway for egress and allowed nothing: not even names could be asked for.",
                ),
                Break(
                    _harden(_NAMES),
                    "The policy hardening selected gateway for egress and allowed names only. The name rooms was found, and then "
                    "nothing answered.",
                ),
                Break(
                    _harden(_NAMES, _to(app="room")),
                    "The policy hardening allowed gateway to call pods with app=room. They are called rooms: a label that matches "
                    "nothing is no error, it just allows nothing.",
                ),
            ),
            exercise="07.7",
        ),
    ),
    syllabus=("D6", "D7"),
    owns=(f"namespace/{_GUESTS}",),
    reading=(
        ("Network policies", "https://kubernetes.io/docs/concepts/services-networking/network-policies/"),
        ("Declare network policy", "https://kubernetes.io/docs/tasks/administer-cluster/declare-network-policy/"),
        ("Cluster networking", "https://kubernetes.io/docs/concepts/cluster-administration/networking/"),
    ),
)

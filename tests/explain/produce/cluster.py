"""Nodes, drains, namespaces, quota, budgets, certificates, and what holds any object."""

import base64
from functools import cache

from k8slab.apimachinery.types import Object
from tests.explain.produce.builders import config_map, container, daemon_set, deployment, pod, stateful_set, thing
from tests.explain.produce.lab import Lab, Situation, Step
from tests.explain.produce.rewriting import change, status_of

S = Situation


def _fault(kind: str, **spec: object) -> Step:
    return lambda lab: lab.create(thing("sim.k8slab.dev/v1alpha1", "Fault", "fault", {"type": kind, **spec}))


def _not_ready(message: str) -> Step:
    def how(status: Object) -> None:
        for condition in status["conditions"]:
            if condition["type"] == "Ready":
                condition.update(status="False", reason="KubeletNotReady", message=message)

    return status_of("Node", "worker-1", how)


def _pressure(kind: str) -> Step:
    def how(status: Object) -> None:
        status["conditions"] = [c for c in status["conditions"] if c["type"] != kind]
        status["conditions"].append(
            {"type": kind, "status": "True", "reason": f"KubeletHas{kind}", "message": "kubelet has pressure"}
        )

    return status_of("Node", "worker-1", how)


NODES = [
    S(
        "a crashed node",
        "node/worker-1",
        "node.lost known node/worker-1 status.conditions[Ready]",
        [_fault("NodeCrash", nodes=["worker-1"]), 90],
    ),
    S(
        "a node without a network plugin",
        "node/worker-1",
        "node.no-network-plugin known node/worker-1 status.conditions[Ready]",
        [
            _not_ready(
                "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"
            )
        ],
    ),
    S(
        "a node whose runtime is down",
        "node/worker-1",
        "node.runtime-down known node/worker-1 status.conditions[Ready]",
        [_not_ready("[container runtime is down, PLEG is not healthy: pleg was last seen active 4m ago]")],
    ),
    S(
        "a node that is not ready for another reason",
        "node/worker-1",
        "node.not-ready known node/worker-1 status.conditions[Ready]",
        [_not_ready("kubelet is starting")],
    ),
    S(
        "a node short of memory",
        "node/worker-1",
        "node.memory-pressure known node/worker-1 status.conditions[MemoryPressure]",
        [_pressure("MemoryPressure")],
    ),
    S(
        "a node short of disk",
        "node/worker-1",
        "node.disk-pressure known node/worker-1 status.conditions[DiskPressure]",
        [_pressure("DiskPressure")],
    ),
    S(
        "a node short of process ids",
        "node/worker-1",
        "node.pid-pressure known node/worker-1 status.conditions[PIDPressure]",
        [_pressure("PIDPressure")],
    ),
    S(
        "a cordoned node",
        "node/worker-1",
        "node.cordoned known node/worker-1 spec.unschedulable",
        [lambda lab: lab.patch("nodes", "worker-1", {"spec": {"unschedulable": True}}), 5],
    ),
    S("a node that is well", "node/worker-1", "node.healthy known node/worker-1 status.conditions[Ready]", [5]),
    S("the control plane's node", "node/control-plane", "node.healthy known node/control-plane status.conditions[Ready]", [5]),
    S(
        "a node that has never reported",
        "node/worker-9",
        "node.never-reported likely node/worker-9 status.conditions",
        [lambda lab: lab.rewrites.append(lambda o: [*o, thing("v1", "Node", "worker-9", {}, status={})])],
    ),
    S("a node that is not there", "node/worker-7", "absent known node/worker-7 metadata.name", [5]),
]


def _budget(name: str = "web", **spec: object) -> Object:
    return thing("policy/v1", "PodDisruptionBudget", name, {"selector": {"matchLabels": {"app": "web"}}, **spec})


def _on(node: str, *others: str) -> Step:
    """Keep everything on one node."""
    return lambda lab: [
        lab.patch("nodes", n, {"spec": {"unschedulable": True}}) for n in ("worker-1", "worker-2", "worker-3") if n != node
    ]


def _emptydir(**more: object) -> Object:
    return deployment("web", replicas=2, volumes=[{"name": "tmp", "emptyDir": {}}], **more)  # type: ignore[arg-type]


DRAINS = [
    S(
        "nothing in the way",
        "drain worker-1",
        "drain.healthy known node/worker-1 ",
        [_on("worker-1"), deployment("web", replicas=2), 20],
    ),
    S(
        "a pod of nobody",
        "drain worker-1",
        "drain.unmanaged known pod/web metadata.ownerReferences",
        [_on("worker-1"), pod(), 20],
    ),
    S(
        "data on the node",
        "drain worker-1",
        "drain.local-storage known pod/web-* spec.volumes",
        [_on("worker-1"), _emptydir(), 20],
    ),
    S("a DaemonSet", "drain worker-1", "drain.daemonset known pod/agent-* metadata.ownerReferences", [daemon_set(), 20]),
    S(
        "a budget that allows nothing",
        "drain worker-1",
        "drain.pdb known poddisruptionbudget/web spec.minAvailable",
        [_on("worker-1"), deployment("web", replicas=2), _budget(minAvailable=2), 30],
    ),
    S(
        "a budget that allows one",
        "drain worker-1",
        "drain.healthy known node/worker-1 ",
        [_on("worker-1"), deployment("web", replicas=3), _budget(minAvailable=2), 30],
    ),
    S(
        "a budget with a percentage",
        "drain worker-1",
        "drain.pdb known poddisruptionbudget/web spec.maxUnavailable",
        [_on("worker-1"), deployment("web", replicas=2), _budget(maxUnavailable="0%"), 30],
    ),
    S(
        "two budgets for one pod",
        "drain worker-1",
        "drain.pdb known poddisruptionbudget/* spec.selector",
        [_on("worker-1"), deployment("web", replicas=3), _budget(minAvailable=1), _budget("again", minAvailable=1), 30],
    ),
    S("a node that is not there", "drain worker-7", "absent known node/worker-7 metadata.name", [5]),
    S(
        "the budgets cannot be seen",
        "drain worker-1",
        "unknown unknown node/worker-1 ",
        [_on("worker-1"), deployment("web"), 20],
        unseen=("poddisruptionbudgets.policy",),
    ),
    S(
        "evicting a pod with a budget",
        "evict pod/web",
        "eviction.pdb known poddisruptionbudget/web spec.minAvailable",
        [pod(), _budget(minAvailable=1), 30],
    ),
    S("evicting a pod without a budget", "evict pod/web", "eviction.healthy known pod/web ", [pod(), 30]),
    S(
        "evicting a pod that is not ready with AlwaysAllow",
        "evict pod/web",
        "eviction.healthy known pod/web ",
        [pod(image="nginx:nosuch"), _budget(minAvailable=1, unhealthyPodEvictionPolicy="AlwaysAllow"), 30],
    ),
    S(
        "evicting a pod that is not ready",
        "evict pod/web",
        "eviction.pdb known poddisruptionbudget/web spec.minAvailable",
        [pod(image="nginx:nosuch"), _budget(minAvailable=1), 30],
    ),
    S(
        "a budget that never lets go",
        "pdb/web",
        "pdb.too-strict known poddisruptionbudget/web spec.minAvailable",
        [deployment("web"), _budget(minAvailable=1), 30],
    ),
    S(
        "a budget of pods that are not ready",
        "pdb/web",
        "pdb.unhealthy-pods known poddisruptionbudget/web spec.minAvailable",
        [deployment("web", replicas=2, image="nginx:nosuch"), _budget(minAvailable=1), 40],
    ),
    S(
        "a budget that protects nobody",
        "pdb/web",
        "pdb.selects-nothing known poddisruptionbudget/web spec.selector",
        [deployment("wep"), _budget(minAvailable=1), 30],
    ),
    S(
        "a budget with room",
        "pdb/web",
        "pdb.healthy known poddisruptionbudget/web status.disruptionsAllowed",
        [deployment("web", replicas=3), _budget(minAvailable=1), 30],
    ),
]


def _delete(resource: str, name: str) -> Step:
    return lambda lab: lab.delete(resource, name)


def _condition(kind: str, message: str) -> Step:
    def how(namespace: Object) -> None:
        namespace["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        namespace["status"] = {
            "phase": "Terminating",
            "conditions": [{"type": kind, "status": "True", "reason": "X", "message": message}],
        }

    return change("Namespace", "chat", how)


NAMESPACES = [
    S(
        "an object with a finalizer holds it",
        "ns/chat",
        "namespace.finalizers known configmap/held metadata.finalizers",
        [
            thing("v1", "ConfigMap", "held", metadata={"finalizers": ["example.com/archive"]}),
            5,
            _delete("namespaces", "chat"),
            30,
        ],
    ),
    S(
        "a pod with a finalizer holds it",
        "ns/chat",
        "namespace.finalizers known pod/web metadata.finalizers",
        [pod(finalizers=["example.com/archive"]), 20, _delete("namespaces", "chat"), 90],
    ),
    S(
        "a pod in its grace holds it",
        "ns/chat",
        "namespace.emptying known namespace/chat metadata.deletionTimestamp",
        [
            pod(sh="trap '' TERM; while true; do sleep 1; done", terminationGracePeriodSeconds=120),
            20,
            _delete("namespaces", "chat"),
            20,
        ],
    ),
    S(
        "an aggregated API is down",
        "ns/chat",
        "namespace.discovery known apiservice/v1beta1.metrics.k8s.io status.conditions[Available]",
        [
            _condition(
                "NamespaceDeletionDiscoveryFailure",
                "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
                "metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1",
            )
        ],
    ),
    S(
        "something cannot be deleted",
        "ns/chat",
        "namespace.content-failure likely namespace/chat status.conditions[NamespaceDeletionContentFailure]",
        [
            _condition(
                "NamespaceDeletionContentFailure",
                "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace",
            )
        ],
    ),
    S(
        "a finalizer of a kind that is not seen",
        "ns/chat",
        "namespace.finalizers likely namespace/chat status.conditions[NamespaceFinalizersRemaining]",
        [
            _condition(
                "NamespaceFinalizersRemaining",
                "Some content in the namespace has finalizers remaining: example.com/x in 2 resource instances",
            )
        ],
    ),
    S("a namespace that is well", "ns/chat", "namespace.healthy known namespace/chat status.phase", [5]),
    S(
        "a ConfigMap that a finalizer holds",
        "cm/held",
        "finalizer.held known configmap/held metadata.finalizers",
        [
            thing("v1", "ConfigMap", "held", metadata={"finalizers": ["example.com/archive"]}),
            5,
            _delete("configmaps", "held"),
            30,
        ],
    ),
    S(
        "a Deployment that is deleted in the foreground",
        "deployment/web",
        "finalizer.protection known deployment/web metadata.finalizers",
        [
            deployment("web", terminationGracePeriodSeconds=120, sh="trap '' TERM; while true; do sleep 1; done"),
            20,
            lambda lab: lab.delete("deployments.apps", "web", propagation="Foreground"),
            5,
        ],
    ),
    S("a ConfigMap that is there", "cm/settings", "healthy known configmap/settings ", [config_map(), 5]),
    S("a Secret that is not there", "secret/password", "absent known secret/password metadata.name", [5]),
    S(
        "a quota that is used up",
        "quota/few",
        "quota.exhausted known resourcequota/few spec.hard[pods]",
        [thing("v1", "ResourceQuota", "few", {"hard": {"pods": "1"}}), pod(), 10],
    ),
    S(
        "a quota with room",
        "quota/few",
        "quota.healthy known resourcequota/few status.used",
        [thing("v1", "ResourceQuota", "few", {"hard": {"pods": "5"}}), pod(), 10],
    ),
    S(
        "a StatefulSet in a namespace with a quota for memory",
        "sts/db",
        "creation.quota-unspecified known statefulset/db spec.template.spec.containers[0].resources.requests.memory",
        [
            thing("v1", "ResourceQuota", "few", {"hard": {"requests.memory": "1Gi"}}),
            stateful_set(containers=[container(requests={"cpu": "10m"})]),
            20,
        ],
    ),
]


@cache
def _csr_pem() -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jane")])
    request = (
        x509.CertificateSigningRequestBuilder().subject_name(name).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return base64.b64encode(request.public_bytes(Encoding.PEM)).decode()


def _csr(signer: str = "kubernetes.io/kube-apiserver-client", usage: str = "client auth") -> Step:
    return lambda lab: lab.create(thing("certificates.k8s.io/v1", "CertificateSigningRequest", "jane",
                                        {"request": _csr_pem(), "signerName": signer, "usages": [usage]}))  # fmt: skip


def _decide(kind: str) -> Step:
    def step(lab: Lab) -> None:
        resource = "certificatesigningrequests.certificates.k8s.io"
        found = lab.admin.get(resource, "jane")
        verdict = {"type": kind, "status": "True", "reason": "ByTeacher", "message": f"{kind} by the teacher"}
        lab.admin.update(resource, {**found, "status": {"conditions": [verdict]}}, "approval")
        lab.after(5)

    return step


def _blank(lab: Lab) -> None:
    change(
        "CertificateSigningRequest",
        "jane",
        lambda c: (
            c["spec"].update(request=""),
            c["status"].update({"certificate": "x"} if c["status"].get("certificate") else {}),
        ),
    )(lab)


CERTIFICATES = [
    S(
        "nobody has approved it",
        "csr/jane",
        "csr.pending known certificatesigningrequest/jane status.conditions[Approved]",
        [_csr(), 5, _blank],
    ),
    S(
        "approved and signed",
        "csr/jane",
        "csr.healthy known certificatesigningrequest/jane status.certificate",
        [_csr(), 5, _decide("Approved"), _blank],
    ),
    S(
        "denied",
        "csr/jane",
        "csr.denied known certificatesigningrequest/jane status.conditions[Denied]",
        [_csr(), 5, _decide("Denied"), _blank],
    ),
    S(
        "a signer that nobody runs",
        "csr/jane",
        "csr.no-signer likely certificatesigningrequest/jane spec.signerName",
        [_csr("example.com/signer"), 5, _decide("Approved"), _blank],
    ),
    S(
        "usages that the signer refuses",
        "csr/jane",
        "csr.failed known certificatesigningrequest/jane spec.usages",
        [_csr(usage="server auth"), 5, _decide("Approved"), _blank],
    ),
    S(
        "approved, and the controller manager is down",
        "csr/jane",
        "csr.not-signed likely certificatesigningrequest/jane status.certificate",
        [_csr(), 5, _fault("ComponentDown", component="kube-controller-manager"), 2, _decide("Approved"), _blank],
    ),
]

"""What ``kubectl explain`` says about PacketTrace, PacketPath and Flow."""

from k8slab.apimachinery.types import Object

__all__ = ["SCHEMAS"]


def _text(description: str) -> Object:
    return {"type": "string", "description": description}


def _number(description: str, type: str = "number") -> Object:
    return {"type": type, "description": description}


def _object(description: str, **properties: Object) -> Object:
    return {"type": "object", "description": description, "properties": properties}


_END = _object(
    "Where it begins.",
    kind=_text("Pod or Node."), namespace=_text("The pod's namespace."), name=_text("The pod's or the node's name."),
)  # fmt: skip
_STEPS: Object = {
    "type": "array",
    "description": "What happened, layer by layer. dns: a question of the search path, the answer, and who gave it; the first "
    "one lists all names that ndots and the search path make. service: kube-proxy's rules with probabilities, the endpoints "
    "left out and why, the traffic policy, session affinity, and how the packet's addresses are rewritten. hostport: a port of a "
    "node that belongs to a pod. route: from node to node, by which route, or in which envelope. policy: the verdict of "
    "NetworkPolicies for one direction, the deciding policy and rule. link: latency and loss between zones. target: who listens. "
    "tls, http, datagram: what was said.",
    "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}
_STATUS = _object(
    "What became of it.",
    verdict=_text(
        "answered CODE, connected, refused, dropped (by a policy), timeout, unreachable, unknown-host, dns-timeout ..."
    ),
    seconds=_number("How long the sender waited."),
    target=_text("namespace/name of the pod, or the node, at the end of the way."),
    policy=_text("The NetworkPolicy that decided."),
    steps=_STEPS,
)

SCHEMAS: dict[str, Object] = {
    "PacketTrace": {
        "spec": _object(
            "The connection that is asked about.",
            source=_object("Where it begins.", pod=_text("A running pod of this namespace."), node=_text("Or a node.")),
            host=_text("A name, as a program in the pod would use it, or an address."),
            port=_number("The port; 80 if not given.", "integer"),
            protocol=_text("TCP (the default) or UDP."),
        ),
        "status": _STATUS,
    },
    "PacketPath": {
        "spec": _object(
            "The connection.", source=_END, destination=_text("host:port, as the program asked for it."), time=_text("When.")
        ),
        "status": _STATUS,
    },
    "Flow": {
        "spec": _object(
            "Who talked to whom.",
            source=_END,
            destination=_text("host:port, as the program asked for it."),
            service=_text("The Service it went through."),
            target=_text("The pod or node it came to."),
        ),
        "status": _object(
            "How it went.",
            verdict=_text("The same verdicts as those of a PacketPath."),
            connections=_number("How many there were.", "integer"),
            bytesSent=_number("Bytes from the source.", "integer"),
            bytesReceived=_number("Bytes to the source.", "integer"),
            latency=_object("Seconds.", mean=_number("On average."), max=_number("The slowest.")),
            lastSeen=_text("When the last one ended."),
            policy=_text("The NetworkPolicy that decided."),
        ),
    },
}

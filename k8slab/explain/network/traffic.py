"""Does a connection from here to there succeed, and if not, what stops it?

Step by step, as the packet goes: the source runs, the name has an address, the Service has the port and an endpoint, policies
let it out and in, and something listens. Policies are judged by the very function that the embedded cluster's network runs.
What listens inside a container cannot be read from the API: only a probe that succeeds on that port proves it.
"""

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.client.tables import Table
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.network.dns import dns_trouble
from k8slab.explain.network.endpoints import backends, container_port, declared_ports
from k8slab.explain.network.ends import absent, peer, resolve_name, source_peer
from k8slab.explain.network.policies import judge_all
from k8slab.explain.network.service import service_trouble
from k8slab.explain.pods.states import containers
from k8slab.explain.question import End, Traffic
from k8slab.explain.wording import join, kubectl
from k8slab.explain.world import World
from k8slab.sim.network.policy import Peer
from k8slab.topology.status import pod_status

__all__ = ["traffic"]

#: Policies of network plugins' own kinds.
_OTHER_POLICIES = ("adminnetworkpolicies.policy.networking.k8s.io", "ciliumnetworkpolicies.cilium.io",
                   "globalnetworkpolicies.crd.projectcalico.org")  # fmt: skip


def traffic(world: World, asked: Traffic) -> Answer:
    """Say whether a connection succeeds."""
    source = source_peer(world, asked.source)
    if isinstance(source, Answer):
        return source
    stopped = _source_runs(source.pod)
    if stopped is not None:
        return stopped
    target = asked.target
    if target.kind in ("pod", "po"):
        return _to_pod(world, asked, source)
    if target.kind and target.kind != "service":
        return _to_workload(world, asked, source)
    service = _service(world, asked, source)
    if isinstance(service, Answer):
        return service
    return _to_service(world, asked, source, service)


def _source_runs(pod: Object | None) -> Answer | None:
    if pod is None or (pod.get("status") or {}).get("phase") == "Running":
        return None
    if (pod.get("status") or {}).get("podIP") and any(c.running is not None for c in containers(pod)):
        return None  # its init containers have the network already
    name = label_of({"kind": "Pod", **pod})
    text = f"{name} does not run ({pod_status(pod)}), so nothing comes from it."
    return Answer("traffic.source-not-running", text, name, "status.phase", namespace_of(pod), change=f"See k8slab why {name}.",
                  command=kubectl(f"get {name}", namespace_of(pod)))  # fmt: skip


def _service(world: World, asked: Traffic, source: Peer) -> Object | Answer:
    target = asked.target
    if not target.kind:
        return _named(world, asked, source)
    service = world.get("services", target.name, target.namespace)
    if service is None:
        return absent(world, str(target), "services", target.name, target.namespace)
    return service


def _named(world: World, asked: Traffic, source: Peer) -> Object | Answer:
    host = asked.target.host
    if host.replace(".", "").isdigit():
        return _by_address(world, asked, host)
    where = namespace_of(source.pod) if source.pod else asked.source.namespace or asked.target.namespace
    if source.pod is None and asked.source.host:
        text = f"{host!r} is a name of the cluster's DNS, which only pods ask."
        return Answer(
            "traffic.dns.outside",
            text,
            host,
            "",
            confidence=LIKELY,
            change="From outside, use a node port, a load balancer or an Ingress.",
        )
    found = resolve_name(world, host, where, source.pod)
    if found.service is None:
        return found.refusal or Answer("unknown", f"{host!r} cannot be resolved here.", confidence=UNKNOWN)
    return found.service


def _by_address(world: World, asked: Traffic, host: str) -> Object | Answer:
    service: Object
    for service in world.list("services"):
        if host in (service["spec"].get("clusterIPs") or [service["spec"].get("clusterIP")]):
            return service
    pods = [p for p in world.list("pods") if (p.get("status") or {}).get("podIP") == host and not p["spec"].get("hostNetwork")]
    if pods:
        target = End("pod", name_of(pods[0]), namespace_of(pods[0]))
        return traffic(world, Traffic(asked.source, target, asked.port, asked.protocol))
    text = f"No pod and no Service has the address {host}."
    return Answer(
        "traffic.address-unknown", text, host, "", confidence=LIKELY, change="Addresses of pods change: use a Service's name."
    )


def _to_service(world: World, asked: Traffic, source: Peer, service: Object) -> Answer:
    name, spec = label_of(service), service["spec"]
    if spec.get("type") == "ExternalName":
        text = f"{name} is only another name for {spec.get('externalName')}, outside: whether that answers cannot be told."
        return Answer("traffic.external", text, name, "spec.externalName", namespace_of(service), UNKNOWN)
    if source.pod is None and asked.source.host and spec.get("type", "ClusterIP") == "ClusterIP":
        text = f"{name} is of type ClusterIP: its address means something only inside the cluster."
        return Answer("traffic.cluster-ip-from-outside", text, name, "spec.type", namespace_of(service), KNOWN, (),
                      "Make it a NodePort or LoadBalancer, or put an Ingress before it.",
                      kubectl(f"port-forward {name} 8080:{asked.port or '80'}", namespace_of(service)))  # fmt: skip
    port = _service_port(service, asked)
    if isinstance(port, Answer):
        return port
    trouble = service_trouble(world, service)
    if trouble is not None:
        return trouble
    if source.pod is not None:
        unnamed = dns_trouble(world, source, name)
        if unnamed is not None:
            return unnamed
    behind = backends(world, service)
    pods = behind.ready or behind.pods
    if not pods:
        return _by_hand(world, asked, source, service, port, behind.addresses)
    return _to_pods(world, asked, source, pods, port, service)


def _by_hand(world: World, asked: Traffic, source: Peer, service: Object, port: Object, addresses: list[str]) -> Answer:
    """To addresses that are no pods: only what policies say about them can be told."""
    number = port.get("targetPort", port["port"])
    targets = [(Peer(address), number if isinstance(number, int) else port["port"]) for address in addresses]
    refusal, rows = judge_all(world, source, targets, asked.protocol, service)
    if refusal is not None:
        return refusal
    text = (
        f"{label_of(service)} sends to addresses that somebody has written into an EndpointSlice; what is there cannot be told."
    )
    seen = tuple(Evidence(f"to {address}", verdict) for address, (*_, verdict) in zip(addresses, rows, strict=False))
    return Answer("traffic.endpoints-by-hand", text, label_of(service), "", namespace_of(service), UNKNOWN, seen)


def _service_port(service: Object, asked: Traffic) -> Object | Answer:
    name = label_of(service)
    ports: list[Object] = service["spec"].get("ports") or []
    if not asked.port and len(ports) == 1:
        return ports[0]
    fits = [p for p in ports if asked.port in (str(p["port"]), p.get("name"))]
    same = [p for p in fits if (p.get("protocol") or "TCP") == asked.protocol]
    if same:
        return same[0]
    have = join([f"{p['port']}/{p.get('protocol') or 'TCP'}" for p in ports], "and")
    if not asked.port:
        text = (
            f"{name} has the ports {have}: say which, for example {name}:{ports[0]['port']}."
            if ports
            else f"{name} has no ports."
        )
        return Answer("traffic.which-port", text, name, "spec.ports", namespace_of(service), UNKNOWN)
    if fits:
        text = f"{name} has port {asked.port} for {fits[0].get('protocol') or 'TCP'}, not for {asked.protocol}."
        return Answer("traffic.protocol", text, name, f"spec.ports[{ports.index(fits[0])}].protocol", namespace_of(service),
                      change="Ask with the right protocol, or add a port for this one.")  # fmt: skip
    target = next((p for p in ports if str(p.get("targetPort")) == asked.port), None)
    hint = f" {asked.port} is its targetPort: the pods' port, not the Service's." if target else ""
    text = f"{name} has no port {asked.port}; it has {have}.{hint}"
    return Answer(
        "traffic.service-port",
        text,
        name,
        "spec.ports",
        namespace_of(service),
        KNOWN,
        (),
        f"Ask port {ports[0]['port']}, or add port {asked.port} to the Service." if ports else "Add a port to the Service.",
        kubectl(f"get {name}", namespace_of(service)),
    )


def _to_pod(world: World, asked: Traffic, source: Peer) -> Answer:
    target = asked.target
    pod = world.get("pods", target.name, target.namespace)
    if pod is None:
        return absent(world, str(target), "pods", target.name, target.namespace)
    if (pod.get("status") or {}).get("phase") != "Running":
        text = f"{target} does not run ({pod_status(pod)}), so nobody answers there."
        return Answer("traffic.target-not-running", text, str(target), "status.phase", target.namespace,
                      change=f"See k8slab why {target}.", command=kubectl(f"get {target}", target.namespace))  # fmt: skip
    declared = declared_ports(pod)
    if not asked.port and len(declared) != 1:
        have = join(sorted({str(p["containerPort"]) for p in declared}))
        text = f"Which port? {target} declares {have}." if declared else f"Which port? {target} declares none: say {target}:80."
        return Answer("traffic.which-port", text, str(target), "spec.containers[*].ports", target.namespace, UNKNOWN)
    wanted: int | str = asked.port or declared[0]["containerPort"]
    wanted = int(wanted) if str(wanted).isdigit() else wanted
    port = {"port": wanted, "targetPort": wanted, "protocol": asked.protocol}
    if container_port(port, pod) is None:
        text = f"{target} has no port named {wanted!r}."
        return Answer("traffic.port-name", text, str(target), "spec.containers[*].ports", target.namespace)
    return _to_pods(world, asked, source, [pod], port, None)


def _to_workload(world: World, asked: Traffic, source: Peer) -> Answer:
    there = source_peer(world, asked.target)
    if isinstance(there, Answer):
        return there
    if there.pod is None:
        text = f"What listens on {asked.target} cannot be told from the cluster's objects."
        return Answer("traffic.external", text, str(asked.target), confidence=UNKNOWN)
    target = End("pod", name_of(there.pod), namespace_of(there.pod))
    return traffic(world, Traffic(asked.source, target, asked.port, asked.protocol))


def _to_pods(world: World, asked: Traffic, source: Peer, pods: list[Object], port: Object, service: Object | None) -> Answer:
    """The last part of the way: policies, and what listens."""
    numbers = [(pod, container_port(port, pod)) for pod in pods]
    targets = [(peer(world, pod), number) for pod, number in numbers if number is not None]
    refusal, rows = judge_all(world, source, targets, asked.protocol, service)
    table = Table(("TO", "PORT", "DIRECTION", "VERDICT"), tuple(rows), "What the policies say")
    if refusal is not None:
        return refusal if len(targets) < 2 else _with_table(refusal, table)
    target, number = targets[0]
    pod: Object = target.pod or {}
    name = label_of(service) if service else label_of(pod)
    listens = _proved(pod, number)
    declared = {p["containerPort"] for p in declared_ports(pod)}
    field = "spec.ports" if service else "spec.containers[0].ports"
    if not listens and declared and number not in declared:
        text = (f"Nothing forbids {asked.source} → {name}, but the pods declare only port {join(map(str, sorted(declared)))}, "
                f"and the traffic goes to {number}: probably nothing listens there.")  # fmt: skip
        at = f"spec.ports[{(service['spec'].get('ports') or []).index(port)}].targetPort" if service else field
        return Answer(
            "traffic.no-listener",
            text,
            name,
            at,
            namespace_of(service or pod),
            LIKELY,
            (),
            f"Send to port {min(declared)}, or let the program listen on {number}.",
            _try(asked, source),
            table=table,
        )
    others = [kind for kind in _OTHER_POLICIES if world.peek(kind)]
    says = "a probe proves that it listens" if listens else "whether its program listens cannot be seen from here"
    text = f"{asked.source} → {name} is allowed: it goes to port {number} of {label_of(pod)}, and {says}."
    seen = tuple(Evidence(f"to {to}", verdict) for to, _, _, verdict in rows[:4])
    if others:
        text += f" The cluster has {join(others)} too, which are not judged here."
    return Answer(
        "traffic.allowed.healthy",
        text,
        name,
        field,
        namespace_of(service or pod),
        KNOWN if listens and not others else LIKELY,
        seen,
        "",
        _try(asked, source),
        table=table,
    )


def _with_table(answer: Answer, table: Table) -> Answer:
    from dataclasses import replace

    return replace(answer, table=table)


def _proved(pod: Object, number: int | None) -> bool:
    """Whether a readiness probe that succeeds asks this very port."""
    for container in pod["spec"].get("containers") or ():
        probe = container.get("readinessProbe") or {}
        handler = probe.get("httpGet") or probe.get("tcpSocket") or probe.get("grpc") or {}
        port = handler.get("port")
        if isinstance(port, str):
            port = next((p["containerPort"] for p in container.get("ports") or () if p.get("name") == port), None)
        status: Object = next(
            (s for s in (pod.get("status") or {}).get("containerStatuses") or () if s["name"] == container["name"]), {}
        )
        if port is not None and port == number and status.get("ready"):
            return True
    return False


def _try(asked: Traffic, source: Peer) -> str:
    if source.pod is None:
        return ""
    host = asked.target.host or asked.target.name
    where = (
        "" if not asked.target.namespace or asked.target.namespace == namespace_of(source.pod) else f".{asked.target.namespace}"
    )
    port = f":{asked.port}" if asked.port.isdigit() else ""
    return kubectl(f"exec {name_of(source.pod)}", namespace_of(source.pod)) + f" -- wget -qO- -T 3 http://{host}{where}{port}"

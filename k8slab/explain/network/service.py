"""A Service that does not answer: nothing selected, nothing ready, the wrong port, no load balancer."""

from k8slab.apimachinery.types import Object, labels, name_of, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Confidence, Evidence
from k8slab.explain.blame import author_of
from k8slab.explain.kinds import label_of
from k8slab.explain.network.endpoints import SLICES, Backends, backends, container_port, declared_ports
from k8slab.explain.pods import DIAGNOSERS as POD_DIAGNOSERS
from k8slab.explain.wording import count, join, kubectl, pairs, since
from k8slab.explain.world import World
from k8slab.topology.status import pod_status

__all__ = ["DIAGNOSERS", "service_trouble"]

_WORKLOADS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps")


def service_trouble(world: World, service: Object) -> Answer | None:
    """Say why a Service has nobody to send traffic to; None if it has."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return None
    behind = backends(world, service)
    if not spec.get("selector"):
        return None if behind.addresses or not world.sees(SLICES, namespace_of(service)) else _no_selector(service)
    if not behind.pods:
        return _nobody(world, service)
    named = _named_port(world, service, behind.pods)
    if named is not None:
        return named
    if not behind.ready and not spec.get("publishNotReadyAddresses"):
        return _not_ready(world, service, behind)
    if not behind.addresses and world.sees(SLICES, namespace_of(service)):
        return _no_slices(world, service, behind)
    return None


def _say(
    service: Object, verdict: str, text: str, field: str, change: str, seen: tuple[Evidence, ...] = (), sure: Confidence = KNOWN
) -> Answer:
    name, where = label_of(service), namespace_of(service)
    return Answer(f"service.{verdict}", text, name, field, where, sure, seen, change, kubectl(f"describe {name}", where))


def _no_selector(service: Object) -> Answer:
    text = f"{label_of(service)} has no selector, and nobody has written an EndpointSlice for it: it has no endpoints."
    return _say(service, "no-selector", text, "spec.selector", "Add a selector, or an EndpointSlice with the addresses.")


def _nobody(world: World, service: Object) -> Answer:
    """The selector selects no pod: which pods or workloads come near?"""
    name, where, selector = label_of(service), namespace_of(service), service["spec"]["selector"]
    seen: tuple[Evidence, ...] = (Evidence(f"{name} spec.selector", pairs(selector)),)
    for resource in _WORKLOADS:
        for workload in world.list(resource, where):
            template = workload["spec"]["template"]["metadata"].get("labels") or {}
            if selector.items() <= template.items():
                return _no_pods(service, workload, seen)
    best = _near(world, selector, where)
    if best is not None:
        label, found = best
        wrong = [k for k, v in selector.items() if found.get(k) != v]
        have = pairs({k: found[k] for k in wrong if k in found}) or f"no label {join(wrong)}"
        text = f"{name} selects pods with {pairs(selector)}, and there are none: {label} has {have}."
        field = f"spec.selector.{wrong[0]}" if len(wrong) == 1 else "spec.selector"
        seen = (*seen, Evidence(f"{label} metadata.labels", pairs(found)))
        sure = KNOWN if any(found.get(k) == v for k, v in selector.items()) else LIKELY
        change = f"Correct the selector to match {label}'s labels, or the labels."
        return _say(service, "selector-mismatch", text, field, change, seen, sure)
    text = f"{name} selects pods with {pairs(selector)}, and there are none in namespace {where}."
    return _say(service, "no-pods", text, "spec.selector", "Start pods with these labels, or correct the selector.", seen)


def _no_pods(service: Object, workload: Object, seen: tuple[Evidence, ...]) -> Answer:
    name, label = label_of(service), label_of(workload)
    replicas = workload["spec"].get("replicas", 1)
    if workload["kind"] != "DaemonSet" and replicas == 0:
        text = f"{name} selects the pods of {label}, which is scaled to 0 replicas."
        return Answer("service.scaled-to-zero", text, label, "spec.replicas", namespace_of(service), KNOWN, seen,
                      "Scale it up.", kubectl(f"scale {label} --replicas=1", namespace_of(service)))  # fmt: skip
    text = f"{name} selects the pods of {label}, which has none yet."
    return Answer("service.workload-without-pods", text, label, "status", namespace_of(service), KNOWN, seen,
                  f"Find out why: k8slab why {label}.", kubectl(f"describe {label}", namespace_of(service)))  # fmt: skip


def _near(world: World, selector: Object, where: str) -> tuple[str, Object] | None:
    """The pod, else the workload, whose labels come nearest to a selector; None if none shares a key or a value."""
    pods = [(label_of(p), labels(p)) for p in world.list("pods", where) if (p.get("status") or {}).get("phase") != "Succeeded"]
    workloads = [
        (label_of(w), w["spec"]["template"]["metadata"].get("labels") or {}) for r in _WORKLOADS for w in world.list(r, where)
    ]

    def likeness(found: Object) -> tuple[int, int]:
        return sum(found.get(k) == v for k, v in selector.items()), sum(k in found for k in selector)

    ranked = sorted((*pods, *workloads), key=lambda pair: likeness(pair[1]), reverse=True)
    if ranked and likeness(ranked[0][1])[0]:
        return ranked[0]
    from difflib import SequenceMatcher

    for label, found in ranked:
        for key, value in selector.items():
            if key in found and SequenceMatcher(None, found[key], value).ratio() > 0.6:
                return label, found
    values = {v for v in selector.values() if v}
    return next(((label, found) for label, found in ranked if values & set(found.values())), None)


def _named_port(world: World, service: Object, pods: list[Object]) -> Answer | None:
    for i, port in enumerate(service["spec"].get("ports") or ()):
        if isinstance(port.get("targetPort"), str) and all(container_port(port, p) is None for p in pods):
            have = sorted({str(p.get("name") or p["containerPort"]) for pod in pods for p in declared_ports(pod)})
            called = f"; they have {join(have)}" if have else "; they name none"
            wanted = port["targetPort"]
            text = f"{label_of(service)} sends to the port named {wanted!r}, and its pods have no port of that name{called}."
            author = author_of(world, pods[0])
            change = f"Correct targetPort, or name the port in {author.label}."
            return _say(service, "target-port-name", text, f"spec.ports[{i}].targetPort", change)
    return None


def _not_ready(world: World, service: Object, behind: Backends) -> Answer:
    states = {pod_status(p) for p in behind.pods}
    pod = behind.pods[0]
    inner = next(a for a in (d(world, pod) for d in POD_DIAGNOSERS) if a is not None)
    number = count(len(behind.pods), "pod")
    text = f"{label_of(service)} selects {number}, none of them ready ({join(sorted(states))}). {inner.sentence}"
    seen = tuple(Evidence(f"{label_of(p)} status", pod_status(p)) for p in behind.pods[:5])
    return Answer("service.pods-not-ready", text, inner.object, inner.field, inner.namespace, inner.confidence,
                  (*seen, *inner.evidence), inner.change, inner.command)  # fmt: skip


def _no_slices(world: World, service: Object, behind: Backends) -> Answer:
    text = (f"{label_of(service)} selects {count(len(behind.ready), 'ready pod')}, but no EndpointSlice has them: "
            "the controller manager does not act (yet).")  # fmt: skip
    return _say(service, "no-slices", text, "spec.selector", "If it lasts: does kube-controller-manager run?", (), LIKELY)


def _trouble(world: World, service: Object) -> Answer | None:
    return service_trouble(world, service)


def _target_port(world: World, service: Object) -> Answer | None:
    """A number that no container declares: the program probably listens elsewhere (declaring is no duty)."""
    pods = backends(world, service).ready if service["spec"].get("selector") else []
    for i, port in enumerate(service["spec"].get("ports") or ()):
        target, declared = port.get("targetPort", port["port"]), [declared_ports(p) for p in pods]
        if not isinstance(target, int) or not declared or not all(declared):
            continue
        if not any(p["containerPort"] == target for ports in declared for p in ports):
            have = sorted({str(p["containerPort"]) for ports in declared for p in ports})
            text = f"{label_of(service)} sends to port {target} of its pods, and they declare only {join(have)}: "
            text += f"does anything listen on {target}?"
            seen = (Evidence(f"{label_of(pods[0])} spec.containers[*].ports", join(have)),)
            return _say(
                service, "target-port", text, f"spec.ports[{i}].targetPort", f"Set targetPort to {have[0]}.", seen, LIKELY
            )
    return None


def _load_balancer(world: World, service: Object) -> Answer | None:
    if service["spec"].get("type") != "LoadBalancer" or ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return None
    age = world.age(service["metadata"].get("creationTimestamp"))
    name, where = label_of(service), namespace_of(service)
    text = f"{name} waits since {since(age)} for an address: nobody has made a load balancer for it."
    events = world.events(service, "SyncLoadBalancerFailed")
    if events:
        text = f"The load balancer of {name} cannot be made: {events[0].get('message', '')}."
    return Answer("service.load-balancer-pending", text, name, "status.loadBalancer", where, KNOWN if events else LIKELY, (),
                  "A cluster without a cloud needs a controller such as MetalLB for this; a NodePort works everywhere.",
                  kubectl(f"get {name} -w", where))  # fmt: skip


def _healthy(world: World, service: Object) -> Answer:
    name, where, spec = label_of(service), namespace_of(service), service["spec"]
    if spec.get("type") == "ExternalName":
        text = f"{name} is only another name for {spec.get('externalName')}: whether that answers is not known to the cluster."
        return Answer("service.external.healthy", text, name, "spec.externalName", where)
    addresses = backends(world, service).addresses
    text = f"{name} has {count(len(set(addresses)), 'ready endpoint')}."
    return Answer(
        "service.healthy",
        text,
        name,
        "spec.selector",
        where,
        evidence=(Evidence("EndpointSlices", join(addresses[:8])),),
        command=kubectl(f"get endpointslices -l kubernetes.io/service-name={name_of(service)}", where),
    )


DIAGNOSERS = (_trouble, _load_balancer, _target_port, _healthy)

"""An Ingress that leads nowhere: no controller, no Service behind it, the wrong port, no Secret for TLS."""

from collections.abc import Iterator
from dataclasses import replace

from k8slab.apimachinery.types import Object, annotations, name_of, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Confidence, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.network.service import service_trouble
from k8slab.explain.wording import join, kubectl
from k8slab.explain.world import World

__all__ = ["DIAGNOSERS"]

_CLASSES = "ingressclasses.networking.k8s.io"
_OLD_CLASS = "kubernetes.io/ingress.class"
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


def _say(
    ingress: Object, verdict: str, text: str, field: str, change: str, seen: tuple[Evidence, ...] = (), sure: Confidence = KNOWN,
    command: str = "",
) -> Answer:  # fmt: skip
    name, where = label_of(ingress), namespace_of(ingress)
    return Answer(
        f"ingress.{verdict}", text, name, field, where, sure, seen, change, command or kubectl(f"describe {name}", where)
    )


def _backends(ingress: Object) -> Iterator[tuple[str, Object]]:
    """Yield (field, service backend)."""
    spec = ingress["spec"]
    if (spec.get("defaultBackend") or {}).get("service"):
        yield "spec.defaultBackend.service", spec["defaultBackend"]["service"]
    for i, rule in enumerate(spec.get("rules") or ()):
        for j, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            if (path.get("backend") or {}).get("service"):
                yield f"spec.rules[{i}].http.paths[{j}].backend.service", path["backend"]["service"]


def _broken_backend(world: World, ingress: Object) -> Answer | None:
    where = namespace_of(ingress)
    for field, backend in _backends(ingress):
        name = backend["name"]
        service = world.get("services", name, where)
        if service is None:
            if not world.lacks("services", name, where):
                continue
            others = sorted({namespace_of(s) for s in world.peek("services") if name_of(s) == name} - {where})
            hint = (
                f" There is one in namespace {join(others)}, but an Ingress reaches only Services of its own." if others else ""
            )
            text = f"{label_of(ingress)} sends to service/{name}, which does not exist in namespace {where}.{hint}"
            return _say(ingress, "service-missing", text, f"{field}.name", "Create the Service, or correct the name.",
                        command=kubectl("get services", where))  # fmt: skip
        wrong = _wrong_port(ingress, field, backend, service)
        if wrong is not None:
            return wrong
    return None


def _wrong_port(ingress: Object, field: str, backend: Object, service: Object) -> Answer | None:
    port, ports = backend.get("port") or {}, service["spec"].get("ports") or []
    if any(p["port"] == port.get("number") or (port.get("name") and p.get("name") == port["name"]) for p in ports):
        return None
    asked = port.get("number") or port.get("name")
    have = join([f"{p['port']}" + (f" ({p['name']})" if p.get("name") else "") for p in ports])
    text = f"{label_of(ingress)} sends to port {asked} of service/{name_of(service)}, which has only {have}."
    key = "number" if "number" in port else "name"
    return _say(ingress, "service-port", text, f"{field}.port.{key}", "Correct the port: it is the Service's, not the pod's.")


def _no_class(world: World, ingress: Object) -> Answer | None:
    wanted = ingress["spec"].get("ingressClassName") or annotations(ingress).get(_OLD_CLASS)
    classes = world.list(_CLASSES)
    names = join([name_of(c) for c in classes])
    if wanted:
        if world.lacks(_CLASSES, wanted) and _OLD_CLASS not in annotations(ingress):
            have = f"there is {names}" if names else "there is none"
            text = (
                f"{label_of(ingress)} names the IngressClass {wanted!r}, which does not exist ({have}), so no controller "
                "serves it."
            )
            return _say(ingress, "class-missing", text, "spec.ingressClassName", "Correct the class, or install its controller.")
        return None
    if any(annotations(c).get(_DEFAULT) == "true" for c in classes):
        return None
    if not classes and world.sees(_CLASSES):
        text = f"{label_of(ingress)} is served by nobody: the cluster has no IngressClass, so probably no Ingress controller."
        return _say(
            ingress,
            "no-controller",
            text,
            "spec.ingressClassName",
            "Install an Ingress controller.",
            (),
            LIKELY,
            "kubectl get ingressclasses",
        )
    text = f"{label_of(ingress)} names no IngressClass, and none of {names} is the default: no controller feels responsible."
    return _say(ingress, "no-class", text, "spec.ingressClassName", f"Set ingressClassName ({names}).", (), LIKELY)


def _tls(world: World, ingress: Object) -> Answer | None:
    for i, entry in enumerate(ingress["spec"].get("tls") or ()):
        name = entry.get("secretName")
        if name and world.lacks("secrets", name, namespace_of(ingress)):
            text = (
                f"{label_of(ingress)} takes its certificate from secret/{name}, which does not exist: it serves a wrong "
                "certificate or none."
            )
            return _say(
                ingress,
                "tls-secret-missing",
                text,
                f"spec.tls[{i}].secretName",
                f"kubectl create secret tls {name} --cert=… --key=… -n {namespace_of(ingress)}",
            )
    return None


def _silent_backend(world: World, ingress: Object) -> Answer | None:
    for _, backend in _backends(ingress):
        service = world.get("services", backend["name"], namespace_of(ingress))
        trouble = service_trouble(world, service) if service else None
        if trouble is not None:
            return replace(trouble, sentence=f"{label_of(ingress)} sends to service/{backend['name']}. {trouble.sentence}")
    return None


def _unserved(world: World, ingress: Object) -> Answer | None:
    if ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return None
    text = f"{label_of(ingress)} has no address: no controller has taken it up (some never write one)."
    return _say(
        ingress,
        "no-address",
        text,
        "status.loadBalancer",
        "Does the controller of its class run?",
        (),
        LIKELY,
        "kubectl get pods -A",
    )


def _healthy(world: World, ingress: Object) -> Answer:
    return _say(
        ingress, "healthy", f"{label_of(ingress)} has an address, and all its Services have endpoints.", "status.loadBalancer", ""
    )


DIAGNOSERS = (_broken_backend, _no_class, _tls, _silent_backend, _unserved, _healthy)

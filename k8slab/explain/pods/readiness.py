"""A pod that runs and is not Ready: a failing readiness probe, a start that is not over, a readiness gate.

Upstream: pkg/kubelet/prober (texts of the probes), pkg/kubelet/status/generate.go (conditions).
"""

import re

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Confidence, Evidence
from k8slab.explain.blame import Author, author_of
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.states import Container, unfinished
from k8slab.explain.wording import clause, condition, join, kubectl, since
from k8slab.explain.world import World, event_evidence

__all__ = ["readiness"]

_FRESH = 900.0  #: a probe that goes on failing is told of at least every five minutes


def readiness(world: World, pod: Object) -> Answer | None:
    """Say why a running pod is not Ready."""
    ready = condition(pod, "Ready")
    if ready.get("status") == "True" or (pod.get("status") or {}).get("phase") != "Running":
        return None
    author = author_of(world, pod)
    for container in unfinished(pod):
        if container.running is None or container.status.get("ready") or (container.init and not container.sidecar):
            continue
        for kind in ("startup", "readiness"):
            if container.spec.get(f"{kind}Probe") and not (kind == "startup" and container.status.get("started")):
                return _probe(world, pod, author, container, kind)
    return _gate(pod, author)


def _probe(world: World, pod: Object, author: Author, container: Container, kind: str) -> Answer:
    probe = container.spec[f"{kind}Probe"]
    failures = [e for e in world.events(pod, "Unhealthy") if _about(e, container, kind)]
    running = world.age((container.running or {}).get("startedAt"))
    seen: tuple[Evidence, ...] = (Evidence(f"{label_of(pod)} {container.at}.ready", f"false, running for {since(running)}"),)
    at = f"{container.path}.{kind}Probe"
    delay = int(probe.get("initialDelaySeconds") or 0)
    if not failures and running < delay + int(probe.get("periodSeconds") or 10):
        text = (
            f"{container.called.capitalize()} has run for {since(running)}; its {kind} probe has not had its first success yet."
        )
        field = author.field(f"{at}.initialDelaySeconds" if delay else at)
        return _answer(f"pod.{kind}.waiting", text, author, field, seen, "Nothing: wait for the probe.", pod)
    if not failures:
        text = (
            f"{container.called.capitalize()} is not ready: its {kind} probe has not succeeded; no event tells what it answers."
        )
        return _answer(
            f"pod.{kind}.failing", text, author, author.field(at), seen, "Try the probe's request by hand.", pod, LIKELY
        )
    message = failures[0]["message"].partition(": ")[2]
    seen = (*seen, event_evidence(failures[0]))
    verdict, says, field, change = _classify(message, probe, container)
    text = f"The {kind} probe of {container.called} fails: {says}."
    sure = KNOWN if world.event_age(failures[0]) <= _FRESH else LIKELY
    return _answer(f"pod.{kind}.{verdict}", text, author, author.field(f"{at}{field}"), seen, change, pod, sure)


def _about(event: Object, container: Container, kind: str) -> bool:
    path = event["involvedObject"].get("fieldPath") or ""
    return event.get("message", "").lower().startswith(f"{kind} probe") and (not path or f"{{{container.name}}}" in path)


def _classify(message: str, probe: Object, container: Container) -> tuple[str, str, str, str]:
    """Return (verdict, words, field below the probe, change)."""
    handler = next((h for h in ("httpGet", "tcpSocket", "grpc", "exec") if h in probe), "httpGet")
    port = (probe.get(handler) or {}).get("port")
    if "connection refused" in message:
        declared = [p["containerPort"] for p in container.spec.get("ports") or ()]
        hint = f"; it declares port {join(map(str, declared), 'or')}" if declared and port not in declared else ""
        named = [p.get("name") for p in container.spec.get("ports") or ()]
        hint = "" if port in named else hint
        return ("refused", f"nothing listens on port {port}{hint}", f".{handler}.port",
                "Correct the probe's port, or make the program listen there.")  # fmt: skip
    status = re.search(r"statuscode: (\d+)", message)
    if status:
        path = (probe.get("httpGet") or {}).get("path", "/")
        return ("http-status", f"{path} answers {status[1]}, and only 200 to 399 count as success", ".httpGet.path",
                "Correct the probe's path, or what the program answers there.")  # fmt: skip
    if re.search(r"timeout|deadline exceeded|timed out", message, re.IGNORECASE):
        return ("timeout", f"no answer within {probe.get('timeoutSeconds', 1)} s", ".timeoutSeconds",
                "Raise timeoutSeconds, or make the program answer sooner.")  # fmt: skip
    if handler == "exec":
        says = clause(message) or "it ends with another exit code than 0"
        return "exec", f"its command does not succeed: {says}", ".exec.command", "Correct the command, or what it tests."
    return "failing", clause(message) or "it gives no reason", f".{handler}", "Correct the probe, or what the program answers."


def _gate(pod: Object, author: Author) -> Answer | None:
    for i, gate in enumerate(pod["spec"].get("readinessGates") or ()):
        kind = gate["conditionType"]
        found = condition(pod, kind)
        if found.get("status") == "True":
            continue
        stands = f"{found['status']} ({found.get('message') or found.get('reason', '')})" if found else "not there"
        seen = (Evidence(f"{label_of(pod)} status.conditions[{kind}]", stands),)
        lacks = "not True" if found else "not set by anybody"
        text = f"{label_of(pod)} has a readiness gate, and its condition {kind!r} is {lacks}."
        return _answer("pod.readiness.gate", text, author, author.field(f"readinessGates[{i}]"), seen,
                       f"The controller that is in charge of {kind!r} has to set it to True.", pod)  # fmt: skip
    return None


def _answer(
    verdict: str, text: str, author: Author, field: str, seen: tuple[Evidence, ...], change: str, pod: Object,
    sure: Confidence = KNOWN,
) -> Answer:  # fmt: skip
    return Answer(verdict, text, author.label, field, author.namespace, sure, seen, change,
                  kubectl(f"describe {label_of(pod)}", namespace_of(pod)))  # fmt: skip

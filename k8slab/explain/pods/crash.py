"""A container that ends when it should run: CrashLoopBackOff, Error, OOMKilled, and what ended it.

In order: the kernel (out of memory), the kubelet (a failed liveness or startup probe), the program itself (its exit code and
its last words).
"""

import re

from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Evidence
from k8slab.explain.blame import Author, author_of
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.configuration import start_failure
from k8slab.explain.pods.exits import exit_of
from k8slab.explain.pods.states import Container, unfinished
from k8slab.explain.wording import clause, condition, count, kubectl
from k8slab.explain.world import World, event_evidence

__all__ = ["crash", "crash_of"]

_START = ("StartError", "ContainerCannotRun", "RunContainerError")


def crash(world: World, pod: Object) -> Answer | None:
    """Say why a container ended."""
    for container in unfinished(pod):
        looping = container.waiting.get("reason") == "CrashLoopBackOff" or _begins_again(container)
        over = bool(container.terminated) and not _meant_to_end(pod, container)
        if looping or over:
            return crash_of(world, pod, container)
    return None


def _begins_again(container: Container) -> bool:
    """Whether it is just being started once more: the moment between waiting for it and running."""
    return container.waiting.get("reason") == "ContainerCreating" and bool(
        container.status.get("restartCount") and container.last
    )


def _meant_to_end(pod: Object, container: Container) -> bool:
    ended_well = container.terminated.get("exitCode") == 0
    return ended_well and (pod["spec"].get("restartPolicy", "Always") != "Always" or container.init)


def crash_of(world: World, pod: Object, container: Container) -> Answer:
    """Return why a container's last run ended."""
    author, last = author_of(world, pod), container.last
    seen = (*_state(pod, container),)
    if not last:
        text = f"{container.called.capitalize()} fails again and again; how its last run ended is not in the pod's status."
        return Answer("pod.crash.unknown", text, author.label, author.field(container.path), author.namespace, UNKNOWN, seen,
                      "Read its log.", _logs(pod, container))  # fmt: skip
    if last.get("reason") in _START:
        return start_failure(author, container, str(last.get("message", "")), seen)
    if last.get("reason") == "OOMKilled":
        return _oom(world, pod, author, container, seen)
    by_probe = None if last.get("exitCode") == 127 else _probe(world, pod, author, container, seen)
    if by_probe is not None:
        return by_probe
    return _by_itself(world, pod, author, container, seen)


def _state(pod: Object, container: Container) -> list[Evidence]:
    restarts = int(container.status.get("restartCount") or 0)
    last, where = container.last, f"{label_of(pod)} {container.at}"
    seen = [Evidence(f"{where}.restartCount", str(restarts))] if restarts else []
    if last:
        field = "state" if container.terminated else "lastState"
        words = f"exit code {last.get('exitCode')}" + (f", reason {last['reason']}" if last.get("reason") else "")
        seen.append(Evidence(f"{where}.{field}.terminated", words))
        if last.get("message"):
            seen.append(Evidence(f"{where}.{field}.terminated.message", clause(str(last["message"]))))
    if container.waiting.get("message"):
        seen.append(Evidence(f"{where}.state.waiting", f"{container.waiting['reason']}: {container.waiting['message']}"))
    return seen


def _oom(world: World, pod: Object, author: Author, container: Container, seen: tuple[Evidence, ...]) -> Answer:
    limit = ((container.spec.get("resources") or {}).get("limits") or {}).get("memory")
    if limit:
        text = (
            f"{container.called.capitalize()} needed more memory than its limit of {limit}, so the kernel killed it (OOMKilled)."
        )
        field, change = "resources.limits.memory", "Raise the limit above what the program needs, or make it need less."
        verdict = "limit"
        node = world.get("nodes", pod["spec"].get("nodeName", ""), deciding=False)
        sure = LIKELY if node and condition(node, "MemoryPressure").get("status") == "True" else KNOWN
    else:
        sure = KNOWN
        text = (f"{container.called.capitalize()} was killed because memory ran out (OOMKilled), and it has no limit of its own: "
                "the node's memory, or the whole pod's limit, was used up.")  # fmt: skip
        field, change = "resources", "Set a memory request and limit that fit the program, so that it lands on a node with room."
        verdict = "no-limit"
    return Answer(
        f"pod.crash.oom.{verdict}",
        text,
        author.label,
        author.field(f"{container.path}.{field}"),
        author.namespace,
        sure,
        seen,
        change,
        kubectl(author.edit, author.namespace),
    )


def _probe(world: World, pod: Object, author: Author, container: Container, seen: tuple[Evidence, ...]) -> Answer | None:
    probes = [kind for kind in ("liveness", "startup") if container.spec.get(f"{kind}Probe")]
    if not probes:
        return None
    killings = [e for e in world.events(pod, "Killing") if _about(e, container) and "probe" in e.get("message", "")]
    for event in killings[:1]:
        kind = "startup" if "startup probe" in event["message"] else "liveness"
        failures = [e for e in world.events(pod, "Unhealthy") if _about(e, container) and kind in e["message"].lower()]
        seen = (*seen, event_evidence(event), *(event_evidence(e) for e in failures[:1]))
        why = f": {clause(failures[0]['message'].partition('failed: ')[2])}" if failures else ""
        text = f"The kubelet restarts {container.called} because its {kind} probe fails{why}."
        sure = KNOWN if _same_run(event, container) else LIKELY
        field = author.field(f"{container.path}.{kind}Probe")
        change = "Make the program answer the probe, or correct the probe: path, port, timeoutSeconds, failureThreshold"
        change += ", initialDelaySeconds." if kind == "liveness" else "; it must allow for the whole start."
        return Answer(f"pod.crash.{kind}-probe", text, author.label, field, author.namespace, sure, seen, change,
                      kubectl(f"describe {label_of(pod)}", namespace_of(pod)))  # fmt: skip
    return None


def _about(event: Object, container: Container) -> bool:
    path = event["involvedObject"].get("fieldPath") or ""
    named = f"ontainer {container.name} " in event.get("message", "")
    return path.endswith(f"{{{container.name}}}") or (not path and named) or named


def _same_run(event: Object, container: Container) -> bool:
    """Whether a Killing event belongs to the run that ended last (its grace included)."""
    when = event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp")
    started = container.last.get("startedAt")
    return not (when and started) or parse_time(when) >= parse_time(started)


def _by_itself(world: World, pod: Object, author: Author, container: Container, seen: tuple[Evidence, ...]) -> Answer:
    ending = exit_of(container.last)
    lines = _last_words(world, pod, container)
    if lines:
        seen = (*seen, Evidence(f"log of {container.called}", "\n" + "\n".join(lines)))
    restarts = int(container.status.get("restartCount") or 0)
    times = f" (restarted {count(restarts, 'time')})" if restarts else ""
    says = ending.says
    if ending.verdict == "completed" and pod["spec"].get("restartPolicy", "Always") != "Always":
        says = "ended by itself with exit code 0"
    text = f"{container.called.capitalize()} {says}{times}."
    if ending.verdict == "error" and lines:
        text += f" Its last words: “{_telling(lines)}”."
    sure = KNOWN if ending.certain and not _perhaps_probed(world, pod, container) else LIKELY
    field = container.path if ending.verdict in ("error", "segfault", "abort", "signal") else _command(container)
    return Answer(
        f"pod.crash.{ending.verdict}", text, author.label, author.field(field), author.namespace,
        sure, seen, ending.change, _logs(pod, container),
    )  # fmt: skip


_TELLING = re.compile(
    r"error|fatal|panic|exception|cannot|denied|refused|missing|not found|no such|must|fail|invalid", re.IGNORECASE
)


def _telling(lines: list[str]) -> str:
    """The line that tells most: the first that speaks of an error, else the last."""
    return clause(next((line for line in lines if _TELLING.search(line)), lines[-1]))[:160]


def _perhaps_probed(world: World, pod: Object, container: Container) -> bool:
    """Whether a probe may have ended it without a trace: events are held back when there are many, and kept for an hour."""
    if not any(container.spec.get(f"{kind}Probe") for kind in ("liveness", "startup")):
        return False
    return container.last.get("exitCode") in (0, 137, 143) or not world.events(pod)


def _command(container: Container) -> str:
    for field in ("command", "args"):
        if container.spec.get(field):
            return f"{container.path}.{field}"
    return f"{container.path}.command"


def _last_words(world: World, pod: Object, container: Container) -> list[str]:
    current = world.log(pod, container.name)
    lines = current if container.terminated or not container.status.get("restartCount") else []
    lines = lines or world.log(pod, container.name, previous=True) or current
    return [line for line in lines if line.strip()][-4:]


def _logs(pod: Object, container: Container) -> str:
    previous = "" if container.terminated or not container.status.get("restartCount") else " --previous"
    return kubectl(f"logs {name_of(pod)} -c {container.name}{previous}", namespace_of(pod))

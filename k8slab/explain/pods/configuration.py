"""The container cannot be made: CreateContainerConfigError, CreateContainerError, RunContainerError and what is behind them.

Upstream: pkg/kubelet/kuberuntime (kuberuntime_container.go) and pkg/kubelet/kubelet_pods.go have the texts.
"""

import re

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Evidence
from k8slab.explain.blame import Author, author_of
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.references import RESOURCES, Missing, missing_answer
from k8slab.explain.pods.states import Container, unfinished
from k8slab.explain.wording import clause, kubectl
from k8slab.explain.world import World
from k8slab.topology.uses import pod_spec_uses

__all__ = ["configuration", "start_failure"]

_CONFIG = ("CreateContainerConfigError",)
_START = (
    "CreateContainerError",
    "RunContainerError",
    "StartError",
    "ContainerCannotRun",
    "PostStartHookError",
    "PreCreateHookError",
)
_ABSENT = re.compile(r'(configmap|secret) "?([^" ]+)"? not found')
_KEY = re.compile(r"couldn'?t find key ([^ ]+) in (ConfigMap|Secret) [^/ ]+/([^ ,]+)")
_EXECUTABLE = re.compile(r'exec: "([^"]*)": (?:executable file not found|stat .*no such file)|stat ([^:]+): no such file')


def configuration(world: World, pod: Object) -> Answer | None:
    """Say why a container cannot be made or started."""
    for container in unfinished(pod):
        reason = container.waiting.get("reason")
        if reason in _CONFIG or reason in _START:
            message = container.waiting.get("message", "")
            seen = (Evidence(f"{label_of(pod)} {container.at}.state.waiting", f"{reason}: {message}"),)
            author = author_of(world, pod)
            if reason in _CONFIG:
                return _config(world, pod, author, container, message, seen)
            return start_failure(author, container, message, seen)
    return None


def _config(world: World, pod: Object, author: Author, container: Container, message: str, seen: tuple[Evidence, ...]) -> Answer:
    missing = _missing(pod, container, message)
    if missing is not None:
        return _still_missing(world, pod, author, missing, seen)
    if "runAsNonRoot" in message or "non-root policy" in message:
        return _root(author, container, message, seen)
    text = f"{container.called.capitalize()} cannot be made: {clause(message)}."
    return Answer("pod.config.error", text, author.label, author.field(container.path), author.namespace, LIKELY, seen,
                  "Correct what the message names.", kubectl(author.edit, author.namespace))  # fmt: skip


def _missing(pod: Object, container: Container, message: str) -> Missing | None:
    key, absent = _KEY.search(message), _ABSENT.search(message)
    if key:
        kind, name = key[2], key[3]
    elif absent:
        kind, name = {"configmap": "ConfigMap", "secret": "Secret"}[absent[1]], absent[2]
    else:
        return None
    fields = [f for k, n, f, _ in pod_spec_uses(pod["spec"], "") if (k, n) == (kind, name) and f".{container.path}." in f]
    return Missing(kind, name, fields[0].lstrip(".") if fields else container.path, key[1] if key else "")


def _still_missing(world: World, pod: Object, author: Author, missing: Missing, seen: tuple[Evidence, ...]) -> Answer:
    namespace = namespace_of(pod)
    found = world.get(RESOURCES[missing.kind], missing.name, namespace)
    there = found is not None and (
        not missing.key or missing.key in {**(found.get("data") or {}), **(found.get("binaryData") or {})}
    )
    if there:
        text = (
            f"{missing.label} was not as the pod needs it when the kubelet tried last, but is now: the next try should succeed."
        )
        return Answer("pod.config.retrying", text, missing.label, "", namespace, LIKELY, seen, "Nothing: wait for the next try.",
                      kubectl(f"get {label_of(pod)} -w", namespace))  # fmt: skip
    if found is None and missing.key and world.lacks(RESOURCES[missing.kind], missing.name, namespace):
        missing = Missing(missing.kind, missing.name, missing.field)
    return missing_answer(world, pod, author, missing, "config", seen)


def _root(author: Author, container: Container, message: str, seen: tuple[Evidence, ...]) -> Answer:
    if "breaks non-root" in message:
        field, text = "securityContext.runAsUser", "runAsUser is 0 (root), and runAsNonRoot forbids that"
    elif "non-numeric" in message:
        field, text = "securityContext.runAsUser", "the image's user is a name, so runAsNonRoot cannot be checked"
    else:
        field, text = "securityContext.runAsNonRoot", "the image runs as root, and runAsNonRoot forbids that"
    own = container.spec.get("securityContext") or {}
    key = field.rpartition(".")[2]
    path = f"{container.path}.{field}" if key in own or (key == "runAsUser" and "runAsNonRoot" in own) else field
    return Answer(
        "pod.config.run-as-root",
        f"{container.called.capitalize()} may not start: {text}.",
        author.label,
        author.field(path),
        author.namespace,
        KNOWN,
        seen,
        "Set runAsUser to a number other than 0 that the image can run as, or use an image made for it.",
        kubectl(author.edit, author.namespace),
    )


def start_failure(author: Author, container: Container, message: str, seen: tuple[Evidence, ...]) -> Answer:
    """Return the answer for a container that the runtime could not start."""
    executable = _EXECUTABLE.search(message)
    path, verdict = f"{container.path}.command", "error"
    if executable:
        name = executable[1] or executable[2]
        verdict = "executable-not-found"
        text = f"{container.called.capitalize()} cannot start: there is no program {name!r} in its image."
        change = "Correct the command, or use an image that has the program."
        command = container.spec.get("command") or []
        path = f"{container.path}.command[0]" if command else f"{container.path}.args[0]" if container.spec.get("args") else path
    elif "permission denied" in message:
        verdict, text = "not-executable", f"{container.called.capitalize()} cannot start: its program may not be executed."
        change = "Make the file executable in the image, or run it through a shell."
    elif "is already in use" in message or "is reserved for" in message:
        verdict, text = "name-in-use", f"{container.called.capitalize()} cannot be made: the runtime still holds its earlier one."
        change = "Nothing: the runtime has to finish with it; if it does not, the node needs a look."
    else:
        text = f"{container.called.capitalize()} cannot start: {clause(message) or 'the runtime gives no reason'}."
        change = "Correct what the message names."
    sure = KNOWN if verdict != "error" else LIKELY
    return Answer(f"pod.start.{verdict}", text, author.label, author.field(path), author.namespace, sure, seen, change,
                  kubectl(author.edit, author.namespace))  # fmt: skip

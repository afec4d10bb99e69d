"""The image cannot be pulled: which of the reasons a registry or kubelet gives it is.

The kubelet passes on what containerd and the registry said; the words are theirs and differ between registries, so this is
a table of patterns. Upstream: pkg/kubelet/images (reasons), containerd's resolver (texts).
"""

import re
from typing import NamedTuple

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Confidence, Evidence
from k8slab.explain.blame import Author, author_of
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.states import Container, unfinished
from k8slab.explain.wording import kubectl
from k8slab.explain.world import World, event_evidence

__all__ = ["images"]

_REASONS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
            "RegistryUnavailable", "SignatureValidationFailed")  # fmt: skip


class _Cause(NamedTuple):
    verdict: str
    pattern: str
    field: str
    says: str
    change: str
    confidence: Confidence = KNOWN


_CAUSES = (
    _Cause(
        "rate-limit",
        r"toomanyrequests|429 too many|rate limit",
        "image",
        "the registry refuses further pulls for now (rate limit)",
        "Wait, log in to the registry with an imagePullSecret, or pull from a mirror.",
    ),
    _Cause(
        "disk-full",
        r"no space left on device",
        "image",
        "the node's disk is full",
        "Free the node's disk, or let the pod run on another node.",
    ),
    _Cause(
        "platform",
        r"no match for platform|no matching manifest",
        "image",
        "the image has no variant for the node's architecture",
        "Build the image for that architecture, or select nodes of another one.",
    ),
    _Cause(
        "denied",
        r"does not exist or may require authorization|pull access denied|insufficient_scope",
        "image",
        "the repository does not exist, or it is private: the registry does not tell which",
        "Correct the image's name, or name a Secret with credentials in imagePullSecrets.",
        LIKELY,
    ),
    _Cause(
        "unauthorized",
        r"unauthorized|authentication required|401|403 forbidden|no basic auth|access forbidden|denied",
        "imagePullSecrets",
        "the registry refuses it without credentials (some do so, too, for an image that does not exist)",
        "Make a Secret of type kubernetes.io/dockerconfigjson and name it in imagePullSecrets; check the image's name.",
        LIKELY,
    ),
    _Cause(
        "not-found",
        r"not found|manifest unknown|name unknown|404|no such image",
        "image",
        "the registry has no image of that name or tag",
        "Correct the image's name or tag.",
    ),
    _Cause(
        "certificate",
        r"x509|certificate",
        "image",
        "the registry's certificate is not trusted by the node",
        "Make the nodes trust the registry's CA.",
    ),
    _Cause(
        "unreachable",
        r"no such host|dial tcp|i/o timeout|connection refused|deadline exceeded|tls handshake|: EOF|unavailable",
        "image",
        "the registry cannot be reached from the node",
        "Correct the registry's name in the image, or repair the node's way to it.",
    ),
)


def images(world: World, pod: Object) -> Answer | None:
    """Say why an image cannot be had."""
    found = next((c for c in unfinished(pod) if c.waiting.get("reason") in _REASONS), None)
    if found is None:
        return None
    author = author_of(world, pod)
    reason, message = found.waiting["reason"], found.waiting.get("message", "")
    seen = (Evidence(f"{label_of(pod)} {found.at}.state.waiting", f"{reason}: {message}"),)
    if reason == "InvalidImageName":
        text = f"{found.spec['image']!r} is no valid name of an image."
        change = "Write it as name:tag, in lower case, with the registry in front if it is not Docker Hub."
        return _answer("invalid-name", text, author, found, "image", seen, change)
    if reason == "ErrImageNeverPull":
        text = f"Image {found.spec['image']!r} is not on the node, and imagePullPolicy Never forbids to pull it."
        return _answer(
            "never-pull", text, author, found, "imagePullPolicy", seen, "Use IfNotPresent, or load the image onto the node."
        )
    return _pull(world, pod, author, found, seen)


def _pull(world: World, pod: Object, author: Author, found: Container, seen: tuple[Evidence, ...]) -> Answer:
    image, message = found.spec["image"], found.waiting.get("message", "")
    words = message.replace(image, "")
    cause = _classify(words)
    if cause is None:  # since 1.31 the status has the registry's words; before, only the events
        events = [e for e in world.events(pod, "Failed") if "pull image" in e.get("message", "") and image in e["message"]]
        seen = (*seen, *(event_evidence(e) for e in events[:1]))
        words = " ".join(e["message"] for e in events[:1]).replace(image, "")
        cause = _classify(words)
    missing = _missing_secret(world, pod)
    if missing and (cause is None or cause.verdict in ("unauthorized", "denied")):
        path, name = missing
        text = f"Image {image!r} needs credentials, and secret/{name}, which imagePullSecrets names, does not exist."
        change = f"Create secret/{name} of type kubernetes.io/dockerconfigjson, or name the right one."
        field = author.field(path)
        return Answer("pod.image.pull-secret-missing", text, author.label, field, author.namespace, LIKELY, seen, change,
                      kubectl("get secrets", namespace_of(pod)))  # fmt: skip
    if cause is None:
        text = f"Image {image!r} cannot be pulled; the reason is not in what the kubelet tells."
        return _answer("pull-failed", text, author, found, "image", seen, "Try to pull the image by hand.", LIKELY)
    text = f"Image {image!r} cannot be pulled: {cause.says}."
    return _answer(cause.verdict, text, author, found, cause.field, seen, cause.change, cause.confidence)


def _classify(words: str) -> _Cause | None:
    return next((c for c in _CAUSES if re.search(c.pattern, words, re.IGNORECASE)), None)


def _missing_secret(world: World, pod: Object) -> tuple[str, str] | None:
    for i, reference in enumerate(pod["spec"].get("imagePullSecrets") or ()):
        if world.lacks("secrets", reference["name"], namespace_of(pod)):
            return f"imagePullSecrets[{i}].name", reference["name"]
    return None


def _answer(
    verdict: str, text: str, author: Author, found: Container, field: str, seen: tuple[Evidence, ...], change: str,
    confidence: Confidence = KNOWN,
) -> Answer:  # fmt: skip
    path = field if field == "imagePullSecrets" else f"{found.path}.{field}"
    return Answer(
        f"pod.image.{verdict}", text, author.label, author.field(path), author.namespace, confidence, seen, change,
        kubectl(author.edit, author.namespace),
    )  # fmt: skip

"""From what somebody types to a question: about an object, about traffic, about a permission, about a drain.

=========================================  =====================================================================
``pod/web``, ``deploy/web``, ``chat/po/x``  what is the matter with this object (the first word: its namespace)
``pod/a -> service/b:80``                   does traffic get from here to there; also ``http://b.chat:80``, an address
``can jane delete pods in chat``            may she; ``I``, ``sa/web``, ``group:dev``, ``pod/web`` (its account)
``drain node/worker-1``                     what would keep the node from being emptied
``evict pod/web``                           what would keep the pod from being evicted
=========================================  =====================================================================
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from k8slab.errors import K8slabError
from k8slab.explain.kinds import NAMESPACED, kind_named

__all__ = ["About", "Drain", "End", "Found", "Guard", "May", "Question", "Resolve", "Traffic", "built_in", "parse"]


class Found(NamedTuple):
    """What a cluster calls a resource."""

    resource: str
    singular: str
    namespaced: bool


Resolve = Callable[[str], Found]


@dataclass(frozen=True)
class About:
    """What is the matter with this object?"""

    resource: str
    label: str  #: ``pod/web``
    name: str
    namespace: str = ""


@dataclass(frozen=True)
class End:
    """One end of a connection: an object (``kind`` and ``name``), or a host: a DNS name or an address."""

    kind: str = ""
    name: str = ""
    namespace: str = ""
    host: str = ""

    def __str__(self) -> str:
        """Write it as it is typed."""
        return self.host or f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Traffic:
    """Does a connection from here to there succeed?"""

    source: End
    target: End
    port: str = ""  #: a number, a name, or "" for the target's only one
    protocol: str = "TCP"


@dataclass(frozen=True)
class May:
    """May somebody do something?"""

    who: str  #: ``user:jane``, ``group:dev``, ``serviceaccount:chat:web``, ``pod:chat:web`` or ``self``
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    namespace: str = ""
    path: str = ""


@dataclass(frozen=True)
class Drain:
    """What keeps a node from being drained?"""

    node: str


@dataclass(frozen=True)
class Guard:
    """What keeps a pod from being evicted?"""

    pod: str
    namespace: str


Question = About | Traffic | May | Drain | Guard

_FORMS = "Ask about 'pod/web', 'pod/a -> service/b:80', 'can jane get pods' or 'drain node/worker-1'"
_SUBRESOURCES = frozenset(
    {"log", "exec", "attach", "portforward", "proxy", "status", "scale", "eviction", "binding", "token", "ephemeralcontainers",
     "resize", "approval", "finalize"}
)  # fmt: skip
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_PORTS = {"http": "80", "https": "443"}


def built_in(name: str) -> Found:
    """Resolve the kinds that every cluster has; the resolver of tests and of recorded worlds.

    >>> built_in("deploy")
    Found(resource='deployments.apps', singular='deployment', namespaced=True)
    """
    known = kind_named(name)
    if known is None:
        raise K8slabError(f"There is no resource named {name!r}. `kubectl api-resources` lists what there is.")
    return Found(*known, NAMESPACED[known[0]])


def parse(text: str, namespace: str = "default", resolve: Resolve = built_in) -> Question:
    """Return the question that a text asks.

    >>> parse("po/web", "chat")
    About(resource='pods', label='pod/web', name='web', namespace='chat')
    >>> parse("pod/a -> svc/b:80").port
    '80'

    Raises
    ------
    K8slabError
        If it is none of the known forms.
    """
    words = text.strip().removesuffix("?").strip()
    source, arrow, target = re.sub(r"\s*(->|→)\s*", "→", words).partition("→")
    if arrow:
        return _traffic(source, target, namespace, resolve)
    first, _, rest = words.partition(" ")
    if first == "can" and rest:
        return _may(rest.split(), namespace, resolve)
    if first == "drain" and rest:
        return Drain(rest.strip().rpartition("/")[2])
    if first == "evict" and rest:
        about = _about(rest.strip(), namespace, resolve)
        return Guard(about.name, about.namespace)
    return _about(words, namespace, resolve)


def _about(text: str, namespace: str, resolve: Resolve) -> About:
    parts = text.replace(" ", "/").split("/")
    if len(parts) == 3:
        namespace, *parts = parts
    if len(parts) != 2 or not all(parts):
        raise K8slabError(f"{text!r} names no object: it is written kind/name. {_FORMS}.")
    found = resolve(parts[0])
    if found.resource == "services" and "." in parts[1]:  # as DNS has it: web.shop
        parts[1], namespace = parts[1].split(".")[:2]
    return About(found.resource, f"{found.singular}/{parts[1]}", parts[1], namespace if found.namespaced else "")


def _traffic(source: str, target: str, namespace: str, resolve: Resolve) -> Traffic:
    scheme, has_scheme, rest = target.strip().rpartition("://")
    if has_scheme:
        rest = rest.split("/")[0]
    rest, slash, protocol = rest.rpartition("/") if re.search(r":[^/]+/(udp|tcp|sctp)$", rest, re.I) else (rest, "", "")
    host, colon, port = rest.rpartition(":")
    if not colon:
        host, port = rest, _PORTS.get(scheme, "")
    ends = [_end(part, namespace, resolve) for part in (source.strip(), host)]
    if ends[0].host and not _ADDRESS.fullmatch(ends[0].host) and ends[0].host != "internet":
        raise K8slabError(
            f"Traffic comes from an object such as 'pod/web', an address or 'internet', not from {source.strip()!r}."
        )
    return Traffic(ends[0], ends[1], port, protocol.upper() if slash else "TCP")


def _end(text: str, namespace: str, resolve: Resolve) -> End:
    if "/" not in text:
        if not text:
            raise K8slabError(f"An end of the arrow is empty. {_FORMS}.")
        return End(host=text, namespace=namespace)
    about = _about(text, namespace, resolve)
    return End(about.label.partition("/")[0], about.name, about.namespace)


def _may(words: list[str], namespace: str, resolve: Resolve) -> May:
    if "in" in words[3:]:
        at = words.index("in", 3)
        words, where = words[:at], words[at + 1 :]
        namespace = "" if where[:1] == ["all"] else where[0] if where else namespace
    if not 3 <= len(words) <= 4:
        raise K8slabError(
            f"A permission is asked for as 'can WHO VERB RESOURCE [NAME] [in NAMESPACE]', not 'can {' '.join(words)}'."
        )
    who, verb, what = _who(words[0], namespace), words[1].lower(), words[2]
    if what.startswith("/"):
        return May(who, verb, path=what)
    what, _, part = what.partition("/")
    sub, name = (part, "") if part in _SUBRESOURCES else ("", part)
    name = words[3] if len(words) == 4 else name
    if what == "*":
        return May(who, verb, "*", "*", sub, name, namespace)
    found = resolve(what)
    plural, _, group = found.resource.partition(".")
    return May(who, verb, group, plural, sub, name, namespace if found.namespaced else "")


def _who(text: str, namespace: str) -> str:
    if text.lower() in ("i", "me", "self"):
        return "self"
    kind, slash, name = text.partition("/")
    if slash and kind in ("sa", "serviceaccount", "serviceaccounts"):
        where, inner, account = name.partition("/")
        return f"serviceaccount:{where}:{account}" if inner else f"serviceaccount:{namespace}:{name}"
    if slash and kind in ("pod", "po", "pods"):
        return f"pod:{namespace}:{name}"
    if text.startswith("system:serviceaccount:"):
        return text.removeprefix("system:")
    return text if text.startswith(("user:", "group:")) else f"user:{text}"

"""Small words: commands, lists, counts, times, ports: what the sentences of answers are made of."""

from collections.abc import Iterable, Sequence

from k8slab.apimachinery.timestamps import human_duration
from k8slab.apimachinery.types import Object

__all__ = ["clause", "condition", "count", "join", "kubectl", "pairs", "quoted", "since"]


def kubectl(arguments: str, namespace: str = "") -> str:
    """Return a kubectl command line.

    >>> kubectl("get pods", "chat")
    'kubectl get pods -n chat'
    """
    return f"kubectl {arguments}" + (f" -n {namespace}" if namespace else "")


def join(words: Iterable[str], last: str = "and") -> str:
    """Return a list in words.

    >>> join(["a", "b", "c"]), join(["a", "b"], "or")
    ('a, b and c', 'a or b')
    """
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def count(number: int, word: str, plural: str = "") -> str:
    """Return a number with its word.

    >>> count(1, "node"), count(3, "policy", "policies")
    ('1 node', '3 policies')
    """
    return f"{number} {word if number == 1 else plural or word + 's'}"


def quoted(words: Iterable[str]) -> str:
    """Return words in quotes, as a list."""
    return join(f'"{w}"' for w in words)


def pairs(labels: Object | None) -> str:
    """Return labels as a selector is typed.

    >>> pairs({"app": "web", "tier": "front"})
    'app=web,tier=front'
    """
    return ",".join(f"{k}={v}" if v != "" else k for k, v in sorted((labels or {}).items()))


def since(seconds: float) -> str:
    """Return a time that has passed, as kubectl prints ages."""
    return human_duration(seconds)


def condition(obj: Object, kind: str) -> Object:
    """Return a condition of an object's status, empty if there is none.

    >>> condition({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, "Ready")["status"]
    'True'
    """
    conditions: Sequence[Object] = (obj.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c.get("type") == kind), {})


def clause(message: str) -> str:
    """Return a message as a part of a sentence: one line, no final stop."""
    return " ".join(message.split()).rstrip(".")

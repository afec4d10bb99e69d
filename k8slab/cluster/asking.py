"""``k8slab why``: which cluster is asked, and the question put together from the words of a command line.

Asked is the cluster that is named; else the one of ``$KUBECONFIG``, as by kubectl; else the one that runs.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from k8slab.client import Cluster, connect
from k8slab.cluster.choice import source
from k8slab.errors import K8slabError
from k8slab.explain import Answer, why

__all__ = ["ask", "question_of"]


def ask(
    words: Sequence[str], which: str, state: Path | None, namespace: str | None, as_whom: str | None, *, everywhere: bool = False
) -> Answer:
    """Return the answer to a question on a command line."""
    cluster = _cluster(which, state)
    try:
        return why(cluster, question_of(words, as_whom, everywhere=everywhere), namespace)
    finally:
        cluster.close()


def question_of(words: Sequence[str], as_whom: str | None = None, *, everywhere: bool = False) -> str:
    """Return the words as one question; ``can --as jane get pods`` and ``can get pods`` (I) are understood too.

    >>> question_of(["can", "get", "pods"], "jane")
    'can jane get pods'
    >>> question_of(["can", "jane", "get", "pods"])
    'can jane get pods'
    """
    text = " ".join(words)
    if words and words[0] == "can":
        rest = list(words[1:])
        if as_whom:
            rest = [as_whom, *rest]
        elif rest and rest[0].lower() in _VERBS:
            rest = ["I", *rest]
        text = " ".join(["can", *rest])
        return f"{text} in all namespaces" if everywhere else text
    if as_whom:
        raise K8slabError("--as belongs to a question about a permission: k8slab why can --as jane get pods")
    return text


_VERBS = frozenset(
    {
        "get",
        "list",
        "watch",
        "create",
        "update",
        "patch",
        "delete",
        "deletecollection",
        "use",
        "bind",
        "escalate",
        "impersonate",
        "*",
    }
)


def _cluster(which: str, state: Path | None) -> Cluster:
    if which == "auto" and os.environ.get("KUBECONFIG"):
        return connect()
    chosen = source(which, state)
    if chosen.running():
        return connect(chosen.context, chosen.kubeconfig)
    if which == "auto":
        return connect()
    raise K8slabError(f'the cluster "{chosen}" is not running; "k8slab up --cluster {chosen}" starts it')

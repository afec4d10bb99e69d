"""Which cluster the notebooks use.

``$K8SLAB_CLUSTER`` (or the argument of `use`) names it: ``embedded``, ``kind`` or ``kind:NAME``, ``context:NAME`` of the
user's kubeconfig, or ``auto``: a running one (the embedded cluster first, then a kind cluster of ours), else the embedded
one, started. What a started one is like can be set in the environment too, so that tests run the same notebooks
reproducibly: ``$K8SLAB_SEED``, ``$K8SLAB_CLOCK``, ``$K8SLAB_NODES``.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from k8slab.cluster.embedded_source import EmbeddedSource
from k8slab.cluster.source import Source
from k8slab.errors import K8slabError

__all__ = ["Choice", "source", "use"]

_KIND_NAME = "k8slab"


@dataclass(frozen=True)
class Choice:
    """A cluster to work on: a kubeconfig and the context in it (None: its current one)."""

    kind: str
    kubeconfig: Path
    context: str | None = None


def use(which: str = "auto", state: Path | None = None) -> Choice:
    """Return the cluster to use, starting an embedded one if that is what it takes.

    Parameters
    ----------
    which
        ``auto``, ``embedded``, ``kind``, ``kind:NAME`` or ``context:NAME``.
    state
        State directory of the embedded cluster; None for the default one.
    """
    chosen = source(which, state)
    if chosen.kind == "embedded":
        chosen.up()
    elif not chosen.running():
        raise K8slabError(f'the cluster "{chosen}" is not running; "k8slab up --cluster {chosen}" starts it')
    return Choice(chosen.kind, chosen.kubeconfig, chosen.context)


def source(which: str = "auto", state: Path | None = None) -> Source:
    """Return the place that a cluster comes from; nothing is started.

    Parameters
    ----------
    which
        As for `use`.
    state
        State directory of the embedded cluster; None for the default one.
    """
    if which == "auto":
        which = os.environ.get("K8SLAB_CLUSTER", "auto")
    kind, _, name = which.partition(":")
    if which == "auto":
        return _running(state) or EmbeddedSource(state, **_settings())
    if which == "embedded":
        return EmbeddedSource(state, **_settings())
    if kind == "kind" and (name or ":" not in which):
        from k8slab.cluster.kind import Kind

        return Kind(name or _KIND_NAME)
    if kind == "context" and name:
        from k8slab.cluster.context import Context

        return Context(name)
    raise K8slabError(f'unknown cluster "{which}"; use "auto", "embedded", "kind", "kind:NAME" or "context:NAME"')


def _running(state: Path | None) -> Source | None:
    embedded = EmbeddedSource(state)
    if embedded.running():
        return embedded
    from k8slab.cluster.kind.source import Kind, kind_folder

    names = sorted(record.stem for record in kind_folder().glob("*.json"))
    return next((kind for kind in map(Kind, names) if kind.running()), None)


def _settings() -> dict[str, object]:
    settings: dict[str, object] = {}
    for name, variable in (("seed", "K8SLAB_SEED"), ("nodes", "K8SLAB_NODES")):
        text = os.environ.get(variable)
        if text:
            if not text.isdigit():
                raise K8slabError(f'${variable} must be a whole number, not "{text}"')
            settings[name] = int(text)
    if os.environ.get("K8SLAB_CLOCK"):
        settings["clock"] = os.environ["K8SLAB_CLOCK"]
    return settings

"""Which cluster the notebooks use.

``$K8SLAB_CLUSTER`` (or the argument of `use`) names it: ``embedded``, ``context:NAME`` of the user's kubeconfig, or
``auto``, which is the embedded one, started if it does not run. What a started one is like can be set in the
environment too, so that tests run the same notebooks reproducibly: ``$K8SLAB_SEED``, ``$K8SLAB_CLOCK``, ``$K8SLAB_NODES``.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from k8slab.cluster.embedded import up
from k8slab.errors import K8slabError

__all__ = ["Choice", "use"]


@dataclass(frozen=True)
class Choice:
    """A cluster to work on: a kubeconfig and the context in it (None: its current one)."""

    kind: str
    kubeconfig: Path
    context: str | None = None


def use(which: str = "auto") -> Choice:
    """Return the cluster to use, starting an embedded one if that is what it takes.

    Parameters
    ----------
    which
        ``auto``, ``embedded`` or ``context:NAME``.
    """
    if which == "auto":
        which = os.environ.get("K8SLAB_CLUSTER", "embedded")
    if which == "embedded":
        return Choice("embedded", up(**_settings()).kubeconfig)  # type: ignore[arg-type]
    kind, _, name = which.partition(":")
    if kind == "context" and name:
        files = os.environ.get("KUBECONFIG", str(Path("~/.kube/config").expanduser()))
        return Choice("context", Path(files.split(os.pathsep)[0]), name)
    raise K8slabError(f'unknown cluster "{which}"; use "auto", "embedded" or "context:NAME"')


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

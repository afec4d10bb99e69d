"""The state directory: where an embedded cluster keeps everything it has."""

import os
from pathlib import Path

__all__ = ["default_state"]


def default_state() -> Path:
    """Return ``$K8SLAB_STATE``, else ``k8slab/cluster`` below the user's state directory.

    Every notebook and terminal of a user finds the same cluster there.
    """
    given = os.environ.get("K8SLAB_STATE")
    if given:
        return Path(given).expanduser().absolute()
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "k8slab" / "cluster"

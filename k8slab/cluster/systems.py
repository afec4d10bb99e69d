"""How to get a program, by operating system: exact commands, no prose."""

import platform
from pathlib import Path

__all__ = ["how_to_get", "system"]

#: System → what → command. ``linux`` is for distributions that are not listed.
_COMMANDS = {
    "debian": {
        "kind": "sudo apt install kind (Debian 13 and newer), else: go install sigs.k8s.io/kind@latest",
        "engine": "sudo apt install docker.io (or: podman)",
        "start docker": "sudo systemctl start docker",
        "start podman": "podman info shows what is wrong",
    },
    "fedora": {
        "kind": "sudo dnf install kind (Fedora), else: go install sigs.k8s.io/kind@latest",
        "engine": "sudo dnf install podman (or: moby-engine)",
        "start docker": "sudo systemctl start docker",
        "start podman": "podman info shows what is wrong",
    },
    "arch": {
        "kind": "sudo pacman -S kind",
        "engine": "sudo pacman -S docker (or: podman)",
        "start docker": "sudo systemctl start docker",
        "start podman": "podman info shows what is wrong",
    },
    "linux": {
        "kind": "https://kind.sigs.k8s.io/docs/user/quick-start/#installation, or: go install sigs.k8s.io/kind@latest",
        "engine": "https://docs.docker.com/engine/install/",
        "start docker": "sudo systemctl start docker",
        "start podman": "podman info shows what is wrong",
    },
    "macos": {
        "kind": "brew install kind",
        "engine": "brew install --cask docker (or: brew install podman && podman machine init)",
        "start docker": "open -a Docker",
        "start podman": "podman machine start",
    },
    "windows": {
        "kind": "winget install Kubernetes.kind",
        "engine": "winget install Docker.DockerDesktop",
        "start docker": "start Docker Desktop",
        "start podman": "podman machine start",
    },
}
_FAMILIES = {"debian": "debian", "ubuntu": "debian", "fedora": "fedora", "rhel": "fedora", "centos": "fedora", "arch": "arch"}


def how_to_get(what: str, where: str) -> str:
    """Return the command that brings ``kind`` or an ``engine``, or starts one (``start docker``), on a system.

    >>> how_to_get("kind", "macos")
    'brew install kind'
    """
    return _COMMANDS.get(where, _COMMANDS["linux"]).get(what, "")


def system(release: Path = Path("/etc/os-release")) -> str:
    """Return ``macos``, ``windows``, or the family of the Linux distribution (``linux`` for an unknown one)."""
    name = platform.system()
    if name != "Linux":
        return {"Darwin": "macos", "Windows": "windows"}.get(name, "linux")
    text = release.read_text() if release.exists() else ""
    facts = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    words = f"{facts.get('ID', '')} {facts.get('ID_LIKE', '')}".replace('"', "").split()
    return next((_FAMILIES[word] for word in words if word in _FAMILIES), "linux")

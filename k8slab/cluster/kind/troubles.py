"""What kind's own words mean when it fails, and what to do about it.

kind tells the truth, but at length and in the words of the engine below it. Here its output is recognised by a few words
that are peculiar to each of its well-known troubles (kind.sigs.k8s.io: "Known Issues", "Rootless", "Quick Start").
"""

import re
from dataclasses import dataclass

__all__ = ["TROUBLES", "Trouble", "recognise"]


@dataclass(frozen=True)
class Trouble:
    """One well-known trouble.

    Attributes
    ----------
    name
        A short name, for tests and tables.
    sign
        Regular expression that its output matches, and no other trouble's.
    meaning
        What is wrong, in a sentence.
    remedy
        What to do, a command where there is one.
    """

    name: str
    sign: str
    meaning: str
    remedy: str


#: In the order in which they are looked for: a cause stands before what it causes.
TROUBLES = (
    Trouble(
        "no-permission",
        r"permission denied while trying to connect to the docker|dial unix [^\n]*docker\.sock: connect: permission denied",
        "You may not talk to the Docker engine.",
        "sudo usermod -aG docker $USER, then log out and in again",
    ),
    Trouble(
        "no-engine",
        r"Cannot connect to the Docker daemon|Is the docker daemon running|Cannot connect to Podman|"
        r"could not find a valid node provider|failed to get docker info|cannot access containerd socket",
        "No container engine is running; kind makes its nodes out of containers.",
        "start Docker (Docker Desktop, or: sudo systemctl start docker), or: podman machine start",
    ),
    Trouble(
        "rootless",
        r"running kind with rootless provider requires|requires cgroup v2|Delegate=yes|cgroup[^\n]*not delegated|"
        r"cgroup controllers? [^\n]*(not available|is not delegated)",
        "The engine runs without root, and the cgroup controllers it needs are not delegated to you.",
        "see https://kind.sigs.k8s.io/docs/user/rootless/ (systemd: Delegate=cpu cpuset io memory pids), or use a rootful engine",
    ),
    Trouble(
        "inotify",
        r"too many open files|failed to create fsnotify watcher|inotify_init|could not find a log line that matches",
        "The host allows too few inotify watches for so many nodes.",
        "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
    ),
    Trouble(
        "no-image",
        r"failed to pull image|manifest unknown|unable to find image|pull access denied|initializing source docker://",
        "The node image is not here and cannot be pulled.",
        "check the network, or load it from elsewhere (docker load -i node-image.tar) and name it with --image",
    ),
    Trouble(
        "port-taken",
        r"port is already allocated|address already in use|ports are not available|rootlessport[^\n]*bind",
        "A port of the configuration is in use on this host.",
        "change hostPort or apiServerPort in the configuration, or stop what uses the port (ss -ltnp)",
    ),
    Trouble(
        "exists",
        r"node\(s\) already exist for a cluster with the name",
        "There is a kind cluster of this name already.",
        "adopt it (k8slab up --cluster kind:NAME), or remove it with: kind delete cluster --name NAME",
    ),
    Trouble(
        "bad-configuration",
        r"unable to decode config|unknown field|unknown apiVersion|no kind \"[^\"]*\" is registered|cannot unmarshal|"
        r"error converting YAML|invalid configuration|is not a valid cluster name|ERROR: failed to load config",
        "kind does not understand the configuration.",
        "compare it with those in clusters/ and https://kind.sigs.k8s.io/docs/user/configuration/",
    ),
    Trouble(
        "no-space",
        r"no space left on device",
        "The disk is full.",
        "docker system prune, or free some space",
    ),
    Trouble(
        "not-up",
        r"failed to init node with kubeadm|timed out waiting for the condition|kubelet is not running|"
        r"failed to (start|join) node",
        "The nodes were made, but Kubernetes did not start in them; most often the engine has too little memory.",
        "give the engine 4 GiB or more, then: kind create cluster --retain, and kind export logs",
    ),
)


def recognise(output: str) -> Trouble | None:
    """Return the trouble that kind's output tells of, None if it is none of the known ones.

    >>> recognise("ERROR: ... Bind for 0.0.0.0:80 failed: port is already allocated").name
    'port-taken'
    """
    return next((trouble for trouble in TROUBLES if re.search(trouble.sign, output, re.IGNORECASE)), None)

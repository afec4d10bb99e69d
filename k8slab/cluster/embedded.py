"""Starting, finding and stopping the embedded cluster's server process.

The server is a process of its own, so that the restart of a kernel does not lose it and a busy cell does not freeze it.
This module talks to it by its state directory only; it imports nothing of `k8slab.sim`.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from k8slab.cluster.state import default_state
from k8slab.errors import K8slabError

__all__ = ["Embedded", "down", "find", "up"]

_STOP_SECONDS = 10.0
_MARK = "cluster.k8slab"


@dataclass(frozen=True)
class Embedded:
    """A running embedded cluster."""

    state: Path
    name: str
    port: int
    pid: int

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of its administrator."""
        return self.state / "kubeconfig"

    @property
    def url(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return self.state / "server.log"


def find(state: Path | None = None) -> Embedded | None:
    """Return the cluster that runs on a state directory, None if there is none."""
    state = state or default_state()
    try:
        facts = json.loads((state / "server.json").read_text())
        found = Embedded(state, facts["name"], facts["port"], facts["pid"])
    except (OSError, ValueError, KeyError):
        return None
    return found if _held(state) else None


def _held(state: Path) -> bool:
    """Whether a server holds the state directory; unlike a process id, its lock cannot outlive it."""
    try:
        with (state / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two who look are no server to each other
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def up(
    state: Path | None = None,
    *,
    nodes: int = 3,
    kind_config: Path | None = None,
    seed: int | None = None,
    clock: str = "real",
    rate: float = 1.0,
    port: int = 0,
    start_delays: bool = True,
    network_policy: bool = True,
    pod_network: str = "routed",
    system_pods: bool = True,
    ingress: bool = True,
    name: str = "k8slab",
) -> Embedded:
    """Return the cluster of a state directory, starting it if it does not run.

    Parameters
    ----------
    state
        The state directory; a cluster that was there before goes on with what it held.
    nodes
        Number of workers, beside one control plane node.
    kind_config
        A kind configuration that gives the nodes instead.
    seed
        Makes ids and choices the same each time.
    clock
        ``real``, ``accelerated`` (``rate`` times) or ``stepped``.
    rate
        Simulated seconds per real second on an accelerated clock.
    port
        Port of the API server; 0 takes last time's, or a free one.
    start_delays
        Whether pulling images and starting containers takes time.
    network_policy
        Whether the cluster's network plugin enforces NetworkPolicies; not all do.
    pod_network
        How packets get from node to node: ``routed`` (as kindnet and Calico) or ``overlay`` (VXLAN, as flannel).
    system_pods
        Whether CoreDNS, kube-proxy, the network plugin and the control plane show as pods; never with more than 100 workers.
    ingress
        Whether an Ingress controller (ingress-nginx) comes along.
    name
        Name of the cluster and its context.

    Raises
    ------
    K8slabError
        If the server cannot start; the text says why.
    """
    state = state or default_state()
    running = find(state)
    if running is not None:
        if port and port != running.port:
            raise K8slabError(f'the cluster in "{state}" runs on port {running.port} already; "k8slab down" stops it')
        return running
    command = [sys.executable, "-m", "k8slab.sim", "--state", str(state), "--nodes", str(nodes), "--name", name]
    command += ["--clock", clock, "--rate", str(rate), "--port", str(port)]
    command += ["--kind-config", str(kind_config)] if kind_config else []
    command += ["--seed", str(seed)] if seed is not None else []
    command += [] if start_delays else ["--no-start-delays"]
    command += [] if network_policy else ["--no-network-policy"]
    command += ["--pod-network", pod_network]
    command += [] if system_pods else ["--no-system-pods"]
    command += [] if ingress else ["--no-ingress"]
    with _one_at_a_time(state):
        if find(state) is None:
            _start(state, command)
    started = find(state)
    if started is None:
        raise K8slabError(f'the server ended at once; see "{state / "server.log"}"')
    return started


@contextmanager
def _one_at_a_time(state: Path) -> Iterator[None]:
    """Make the state directory, and let others who start or remove a cluster on it wait."""
    while True:
        try:
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
            (state / _MARK).touch()
            mark = (state / _MARK).open()
        except OSError as error:
            raise K8slabError(
                f'the state directory "{state}" cannot be used: {error.strerror}; choose another with --state'
            ) from error
        with mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            if os.fstat(mark.fileno()).st_nlink:  # else the directory was removed while we waited
                yield
                return


def _start(state: Path, command: list[str]) -> None:
    log = (state / "server.log").open("ab")
    reader, writer = os.pipe()
    with log, os.fdopen(reader, "rb") as answer:
        subprocess.Popen(
            [*command, "--ready-fd", str(writer)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writer,),
            env=_environment(),
            start_new_session=True,
        )
        os.close(writer)
        said = answer.readline().decode().strip()
    word, _, rest = said.partition(" ")
    if word != "ready":
        raise K8slabError(rest or f'the server did not start; the end of "{state / "server.log"}" says why:\n{_tail(state)}')


def _environment() -> dict[str, str]:
    """The server keeps its bytecode even where that is switched off: compiling it anew takes longer than all the rest."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _tail(state: Path) -> str:
    return "\n".join((state / "server.log").read_text(errors="replace").splitlines()[-5:])


def down(state: Path | None = None, *, keep: bool = False) -> bool:
    """Stop the cluster and, unless ``keep``, remove all it kept; return whether there was anything.

    Raises
    ------
    K8slabError
        If the directory is not one of ours; nothing is removed then.
    """
    state = state or default_state()
    ours = (state / _MARK).exists()
    with _one_at_a_time(state) if ours else nullcontext():
        running = find(state)
        if running is not None:
            _stop(state, running.pid)
        if not state.exists():
            return running is not None
        if not keep and not ours:
            raise K8slabError(f'"{state}" does not look like a k8slab state directory (no "{_MARK}" in it); nothing was removed')
        if not keep:
            shutil.rmtree(state)
    return True


def _stop(state: Path, pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + _STOP_SECONDS
    while _held(state):
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)

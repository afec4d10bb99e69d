"""The embedded cluster as a process: ``python -m k8slab.sim``.

It takes a state directory (only one server at a time may have it), makes the PKI, opens the store, starts the cluster and
serves the Kubernetes API over TLS on loopback. `k8slab.cluster.embedded` starts and stops it; `ServerThread` runs the same
in a thread, for tests and for those who want no second process.
"""

import argparse
import asyncio
import contextlib
import fcntl
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from k8slab.errors import K8slabError
from k8slab.sim.apiserver.pki import ensure_pki, kubeconfig, write_private
from k8slab.sim.clock import Mode
from k8slab.sim.cluster import Cluster, ClusterConfig
from k8slab.sim.door import HOST, Door, listen
from k8slab.sim.kubelet import NodeConfig
from k8slab.sim.network.routes import PodNetwork
from k8slab.sim.shape import default_nodes, nodes_of_kind_config

__all__ = ["ServerConfig", "ServerThread", "main", "serve"]

#: Larger clusters are for lessons about scale, where thousands of pods that nobody looks at would only take room.
MOST_NODES_WITH_SYSTEM_PODS = 101

#: A cluster is millions of small dictionaries without cycles; looking through all of them for cycles often would take
#: a quarter of the time.
_GC_THRESHOLDS = (50_000, 20, 100)


@dataclass
class ServerConfig:
    """How to run a server.

    Parameters
    ----------
    state
        Directory of everything the cluster keeps: ``cluster.db``, ``pki/``, ``kubeconfig``, ``server.json``, ``server.log``.
    port
        Port to listen on; 0 takes the one of last time, or a free one.
    nodes, seed, clock_mode, clock_rate, start_delays, network_policy, pod_network, system_pods, ingress
        See `ClusterConfig`.
    name
        Name of the cluster and its context in the kubeconfig.
    durable
        Whether the cluster is kept on disk.
    """

    state: Path
    port: int = 0
    nodes: list[NodeConfig] = field(default_factory=default_nodes)
    seed: int | None = None
    clock_mode: Mode = "real"
    clock_rate: float = 1.0
    start_delays: bool = True
    network_policy: bool = True
    pod_network: PodNetwork = "routed"
    system_pods: bool = True
    ingress: bool = True
    name: str = "k8slab"
    durable: bool = True


async def serve(config: ServerConfig, ready: Callable[[Path], object], stop: asyncio.Event) -> None:
    """Run a server until ``stop`` is set.

    Parameters
    ----------
    config
        How.
    ready
        Called with the kubeconfig's path once the API answers.
    stop
        Ends it.

    Raises
    ------
    K8slabError
        If the state directory or the port is taken.
    """
    state = config.state
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _lock(state)
    listener = listen(config.port or _last_port(state), chosen=bool(config.port))
    port = listener.getsockname()[1]
    pki = ensure_pki(state / "pki")
    path = state / "kubeconfig"
    gc.set_threshold(*_GC_THRESHOLDS)
    cluster = Cluster(_cluster_config(config), pki, asyncio.get_running_loop())
    node_ports, ingress, mappings = cluster.node_ports(), cluster.ingress_door(), cluster.port_mappings()
    try:
        cluster.start()
        node_ports.start()
        if ingress is not None:
            ingress.announce()
            await ingress.open()
        await mappings.open()
        door = Door(cluster.application(), pki, listener)
        cluster.api_switch.doors.append(door.turn)
        await door.open()
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # a thread gets no signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, cluster.faults.heal, "kube-apiserver")
        write_private(path, kubeconfig(f"https://{HOST}:{port}", pki.ca.certificate, pki.admin, config.name))
        write_private(state / "server.json", json.dumps({"pid": os.getpid(), "port": port, "name": config.name}))
        ready(path)
        await stop.wait()
        await door.close()
    finally:
        node_ports.stop()
        mappings.close()
        if ingress is not None:
            ingress.close()
        cluster.stop()
        (state / "server.json").unlink(missing_ok=True)
        os.close(lock)


def _cluster_config(config: ServerConfig) -> ClusterConfig:
    return ClusterConfig(
        nodes=config.nodes,
        seed=config.seed,
        clock_mode=config.clock_mode,
        clock_rate=config.clock_rate,
        start_delays=config.start_delays,
        network_policy=config.network_policy,
        pod_network=config.pod_network,
        ingress=config.ingress and bool(config.nodes),
        system_pods=config.system_pods and 0 < len(config.nodes) <= MOST_NODES_WITH_SYSTEM_PODS,
        database=config.state / "cluster.db" if config.durable else None,
        audit_log=config.state / "audit.log" if config.durable else None,
    )


def _lock(state: Path) -> int:
    handle = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _flock(handle)
    except BlockingIOError as error:
        os.close(handle)
        raise K8slabError(
            f'another k8slab server is using the state directory "{state}"; '
            'use that one ("k8slab status"), stop it ("k8slab down"), or choose another with --state'
        ) from error
    return handle


def _flock(handle: int, attempts: int = 50) -> None:
    """Lock; whoever looks whether a server runs has the lock for a moment, so try more than once."""
    for _ in range(attempts - 1):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.01)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _last_port(state: Path) -> int:
    try:
        server = (state / "kubeconfig").read_text().partition("server: https://127.0.0.1:")[2]
        return int(server.split()[0])
    except (OSError, ValueError, IndexError):
        return 0


class ServerThread:
    """A server in a thread of this process; a context manager that gives its kubeconfig.

    >>> ServerThread(ServerConfig(Path("/tmp/x"))).kubeconfig is None
    True
    """

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="k8slab-server", daemon=True)
        self.kubeconfig: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Path:
        """Start and return the kubeconfig's path once the API answers."""
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        assert self.kubeconfig is not None
        return self.kubeconfig

    def stop(self) -> None:
        """Stop and wait for the end."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            _run_loop(self._main())
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await serve(self._config, self._is_ready, self._stop)

    def _is_ready(self, path: Path) -> None:
        self.kubeconfig = path
        self._ready.set()


def _run_loop(main: Any) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def _until_signalled(config: ServerConfig, ready: Callable[[Path], object]) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await serve(config, ready, stop)


def main(arguments: list[str] | None = None) -> int:
    """Run a server in this process; ``--ready-fd`` gets "ready PATH" or "error TEXT"."""
    parser = argparse.ArgumentParser(prog="k8slab.sim", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--kind-config", type=Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--clock", choices=("real", "accelerated", "stepped"), default="real")
    parser.add_argument("--rate", type=float, default=1.0)
    parser.add_argument("--no-start-delays", action="store_true")
    parser.add_argument("--no-network-policy", action="store_true", help="a network plugin that ignores NetworkPolicies")
    parser.add_argument("--pod-network", choices=("routed", "overlay"), default="routed", help="how nodes carry pods' packets")
    parser.add_argument("--no-system-pods", action="store_true", help="CoreDNS, kube-proxy and so on do not show as pods")
    parser.add_argument("--no-ingress", action="store_true", help="no Ingress controller")
    parser.add_argument("--memory", action="store_true", help="keep nothing on disk")
    parser.add_argument("--name", default="k8slab")
    parser.add_argument("--ready-fd", type=int)
    options = parser.parse_args(arguments)
    report = _reporter(options.ready_fd)
    try:
        _run_loop(_until_signalled(_config(options), lambda path: _settle_down(report, path)))
    except K8slabError as error:
        report(f"error {error}")
        return 1
    except OSError as error:
        place = f': "{error.filename}"' if error.filename else ""
        report(f"error the server cannot start: {error.strerror}{place}")
        return 1
    return 0


def _settle_down(report: Callable[[str], None], path: Path) -> None:
    """Say that the API answers, and let the garbage collector look at what comes from now on, not at what is there to stay."""
    report(f"ready {path}")
    gc.freeze()
    gc.enable()


def _reporter(handle: int | None) -> Callable[[str], None]:
    def report(text: str) -> None:
        if handle is None:
            print(text, flush=True)
        else:
            os.write(handle, text.encode() + b"\n")
            os.close(handle)

    return report


def _yaml(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise K8slabError(f'"{path}" is not YAML: {" ".join(str(error).split())}') from error


def _config(options: argparse.Namespace) -> ServerConfig:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    nodes = nodes_of_kind_config(_yaml(options.kind_config)) if options.kind_config else default_nodes(options.nodes)
    return ServerConfig(
        state=options.state,
        port=options.port,
        nodes=nodes,
        seed=options.seed,
        clock_mode=options.clock,
        clock_rate=options.rate,
        start_delays=not options.no_start_delays,
        network_policy=not options.no_network_policy,
        pod_network=options.pod_network,
        system_pods=not options.no_system_pods,
        ingress=not options.no_ingress,
        name=options.name,
        durable=not options.memory,
    )


if __name__ == "__main__":
    sys.exit(main())

"""``python -m benchmarks [NAME ...] [--kubeconfig FILE]``."""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.api import Api
from benchmarks.binder import binder_memory
from benchmarks.scenarios import SCENARIOS, Result
from benchmarks.steady import NODES

OWN = ("startup", "thread", "memory", "binder-memory")


@contextmanager
def _embedded(*options: str) -> Iterator[Path]:
    """Run an embedded cluster of one's own, durable, without start delays; give its state directory."""
    state = Path(tempfile.mkdtemp(prefix="k8slab-bench-"))
    up = [sys.executable, "-m", "k8slab", "up", "--state", str(state), "--no-start-delays", *options]
    try:
        subprocess.run(up, check=True, stdout=subprocess.DEVNULL)
        yield state
    finally:
        subprocess.run([sys.executable, "-m", "k8slab", "down", "--state", str(state)], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(state, ignore_errors=True)


def startup(runs: int = 7) -> Result:
    """``k8slab up`` as a command, from start to end (a first run fills the bytecode cache)."""
    with _embedded():
        pass
    times, server = [], []
    for _ in range(runs):
        start = time.perf_counter()
        with _embedded() as state:
            times.append(time.perf_counter() - start)
            server.append(_cpu_seconds(state))
    return {
        "k8slab up until ready, median": f"{statistics.median(times):.2f} s",
        "  quickest": f"{min(times):.2f} s",
        "  CPU time of the server by then, least": f"{min(server):.2f} s",
    }


def thread(runs: int = 5) -> Result:
    """A cluster in a thread of a program that has imported the package."""
    from k8slab.sim.server import ServerConfig, ServerThread

    times = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as state:
            start = time.perf_counter()
            with ServerThread(ServerConfig(Path(state))):
                times.append(time.perf_counter() - start)
    return {
        "in a thread until ready, first": f"{times[0]:.2f} s",
        "in a thread until ready, median": f"{statistics.median(times):.2f} s",
    }


def memory() -> Result:
    """Resident memory of an idle cluster with three workers, ten seconds after its start."""
    with _embedded() as state:
        time.sleep(10)
        return {"resident, idle, 3 workers": f"{_resident(state) / 2**20:.0f} MB"}


def _resident(state: Path) -> int:
    return int(psutil.Process(_pid(state)).memory_info().rss)


def _cpu_seconds(state: Path) -> float:
    return sum(psutil.Process(_pid(state)).cpu_times()[:2])


def _pid(state: Path) -> int:
    return int(json.loads((state / "server.json").read_text())["pid"])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join((*OWN, *SCENARIOS))}; default: all")
    parser.add_argument("--kubeconfig", type=Path, help="measure this API server instead of an embedded cluster")
    parser.add_argument("--pid", type=int, action="append", help="a process of that API server's control plane, for steady")
    parser.add_argument("--nodes", type=int, help="how many, where that can be chosen")
    parser.add_argument("--pods", type=int, help="how many, where that can be chosen")
    options = parser.parse_args()
    unknown = set(options.names) - {*OWN, *SCENARIOS}
    if unknown:
        parser.error(f"unknown benchmark {sorted(unknown)[0]!r}; there are {', '.join((*OWN, *SCENARIOS))}")
    own = {"startup": startup, "thread": thread, "memory": memory, "binder-memory": binder_memory}
    for name in options.names or (*OWN, *SCENARIOS):
        if name in own:
            _show(own[name]())
        elif options.kubeconfig:
            _show(SCENARIOS[name](Api(options.kubeconfig), **_size(options), pids=options.pid or ()))
        else:
            _alone(name, options)
    return 0


def _alone(name: str, options: argparse.Namespace) -> None:
    """Measure an embedded cluster that exists for this one benchmark."""
    shapes = {"steady": ("--nodes", str(options.nodes or NODES)), "schedule": ("--no-system-pods",)}
    with _embedded(*shapes.get(name, ())) as state:
        used = _cpu_seconds(state)
        _show(SCENARIOS[name](Api(state / "kubeconfig"), **_size(options), pids=[_pid(state)]))
        _show({"  CPU time of the server in all": f"{_cpu_seconds(state) - used:.2f} s"})
        _show({"  resident afterwards": f"{_resident(state) / 2**20:.0f} MB"})


def _size(options: argparse.Namespace) -> dict[str, int]:
    """How large a scenario is to be, where somebody said so."""
    return {name: value for name in ("nodes", "pods") if (value := getattr(options, name)) is not None}


def _show(results: Result) -> None:
    for name, value in results.items():
        print(f"{name:<58}{value}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

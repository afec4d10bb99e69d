"""The commands k8slab and kubectl as a test uses them."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit code."""

    out: str
    err: str
    code: int

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def rows(self) -> list[list[str]]:
        """The words of each line."""
        return [line.split() for line in self.lines]


def run(command: list[str], environment: dict[str, str], stdin: str | None = None, timeout: float = 180) -> Result:
    done = subprocess.run(
        command,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    return Result(done.stdout, done.stderr, done.returncode)


@dataclass(frozen=True)
class K8slab:
    """The command k8slab on a state directory of its own."""

    state: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("K8SLAB_", "KUBE"))}
        return {**kept, "K8SLAB_STATE": str(self.state), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    def __call__(self, *arguments: str, timeout: float = 180) -> Result:
        return run([str(BIN / "k8slab"), *arguments], self.environment, timeout=timeout)


@dataclass(frozen=True)
class Kubectl:
    """The real kubectl, in a namespace."""

    kubeconfig: Path
    home: Path
    namespace: str

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("K8SLAB_", "KUBE"))}
        return {**kept, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home)}

    def command(self, *arguments: str) -> list[str]:
        return [str(BIN / "kubectl"), "--namespace", self.namespace, *arguments]

    def try_(self, *arguments: str, stdin: str | None = None, timeout: float = 120, **environment: str) -> Result:
        """Run it, whatever comes."""
        return run(self.command(*arguments), {**self.environment, **environment}, stdin, timeout)

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 120, **environment: str) -> Result:
        """Run it; it must succeed."""
        result = self.try_(*arguments, stdin=stdin, timeout=timeout, **environment)
        assert result.code == 0, f"kubectl {' '.join(arguments)}: exit code {result.code}\n{result.out}{result.err}"
        return result

    def fails(self, *arguments: str, stdin: str | None = None, code: int = 1) -> str:
        """Run it; it must fail; return what it says."""
        result = self.try_(*arguments, stdin=stdin)
        assert result.code == code, f"kubectl {' '.join(arguments)}: exit code {result.code}\n{result.out}{result.err}"
        return result.err.strip()

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start it, to be read from and ended by the caller."""
        return subprocess.Popen(
            self.command(*arguments),
            env={**self.environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def eventually(probe: Callable[[], Any], within: float = 60) -> Any:
    """Return the probe's answer once it is true; fail with the last one. It may take long: the machine may be busy."""
    end = time.monotonic() + within
    while not (answer := probe()):
        assert time.monotonic() < end, f"not within {within} seconds; last answer: {answer!r}"
        time.sleep(0.05)
    return answer


def free_ports(count: int, among: range = range(20_000, 30_000)) -> list[int]:
    """Return ports of this machine that nobody uses, below those that systems give to connections: so they stay free."""
    found: list[int] = []
    for port in random.SystemRandom().sample(among, len(among)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError(f"{count} free ports are not to be had in {among}")


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    return free_ports(1)[0]

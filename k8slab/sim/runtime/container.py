"""One run of a container: its first process or server, files, log, CPU and memory.

Real components: runc and the containerd shim. A container whose first process is a known server (nginx, redis) is data: no
coroutine runs until somebody connects. Everything else is a `Process` in the kernel. The virtual file tree is built when it is
first looked at, so that an idle pod costs almost nothing.
"""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from k8slab.sim.kernel import Future, Kernel
from k8slab.sim.network.namespace import NetNamespace
from k8slab.sim.runtime.accounts import account_of
from k8slab.sim.runtime.cpu import CpuAccount, NodeCpu
from k8slab.sim.runtime.credentials import ROOT, Credentials
from k8slab.sim.runtime.filesystem import Directory, File, FileSystem, Node, size_of
from k8slab.sim.runtime.images import Image
from k8slab.sim.runtime.log import ContainerLog
from k8slab.sim.runtime.memory import NodeMemory
from k8slab.sim.runtime.pids import Entry, PidSpace, own_processes
from k8slab.sim.runtime.process import SIGNALS, Input, Output, Process, Program
from k8slab.sim.runtime.tmpfs import MemoryVolume
from k8slab.sim.streams import Pipe, WindowSize

if TYPE_CHECKING:
    from k8slab.sim.network.network import Network
    from k8slab.sim.runtime.server import SimulatedServer

__all__ = ["Container", "ContainerConfig", "ExecError", "Mount", "StartError"]


class StartError(Exception):
    """The first process cannot be started; the text is containerd's."""


class ExecError(Exception):
    """A command cannot be started in a running container; the text is containerd's."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume at a path of the container."""

    path: str
    node: Node
    read_only: bool = False
    memory: MemoryVolume | None = None  #: set for a volume in memory


@dataclass(slots=True)
class ContainerConfig:
    """What the kubelet asks the runtime for (upstream: runtimeapi.ContainerConfig)."""

    name: str
    image: Image
    network: NetNamespace
    command: list[str] = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    workdir: str = ""
    credentials: Credentials = field(default_factory=Credentials)
    privileged: bool = False
    pids: PidSpace | None = None  #: of the pod (shareProcessNamespace) or the node (hostPID); None: one of its own
    mount_paths: tuple[str, ...] = ()
    mounts: Callable[[], list[Mount]] = list  #: asked for once, when the files are first looked at
    read_only_root: bool = False
    node_cpu: NodeCpu = field(default_factory=NodeCpu)
    node_memory: NodeMemory = field(default_factory=NodeMemory)
    cpu_request: int = 0
    cpu_limit: int = 0
    memory_limit: int = 0
    oom_score_adj: int = 0
    stdin: bool = False
    tty: bool = False
    delays: float = 0.0  #: factor on the image's own start-up time


class Container:
    """A container from its creation to its exit.

    Parameters
    ----------
    id
        64 hexadecimal digits.
    config
        What to run.
    kernel, network
        Where to run.
    on_exit
        Called once, when it has ended.
    """

    __slots__ = ("_image_size", "_next_pid", "_root", "_tmpfs", "config", "cpu",
                 "exit_code", "finished_at", "first_pid", "id",
                 "kernel", "log", "memory", "network", "on_exit", "processes", "reason", "server", "started_at", "state",
                 "stdin", "watchers")  # fmt: skip

    def __init__(
        self, id: str, config: ContainerConfig, kernel: Kernel, network: "Network", on_exit: Callable[["Container"], object]
    ) -> None:
        self.id, self.config, self.kernel, self.network, self.on_exit = id, config, kernel, network, on_exit
        self.log = ContainerLog(kernel)
        self.state = "created"
        self.started_at = self.finished_at = 0.0
        self.exit_code, self.reason = 0, ""
        self.processes: dict[int, Process] = {}
        self.server: SimulatedServer | None = None
        self.stdin: Pipe | None = None
        self.watchers: tuple[Pipe, ...] = ()  #: attached clients, who get the output as it comes
        self.memory = 0
        self.cpu = CpuAccount(kernel, config.node_cpu, config.cpu_limit, config.cpu_request)
        self._next_pid = self.first_pid = 1
        self._root: Directory | None = None
        self._tmpfs: tuple[MemoryVolume, ...] = ()
        self._image_size = 0

    # --- life ---

    @property
    def argv(self) -> list[str]:
        """The command line of the first process."""
        image, config = self.config.image, self.config
        args = config.args or ([] if config.command else list(image.command))
        return [*(config.command or image.entrypoint), *args]

    def start(self) -> None:
        """Start the first process.

        Raises
        ------
        StartError
            If it cannot be started.
        """
        from k8slab.sim.runtime.lookup import entry_server, find_program

        argv = self.argv
        if not argv:
            raise StartError("no command specified")
        spec = entry_server(self.config.image, argv)
        program = find_program(self, argv[0]) if spec is None else None
        if spec is None and program is None:
            task = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed"
            raise StartError(
                f"{task}: unable to start container process: error during container init: {_not_found(argv[0])}: unknown"
            )
        self.state, self.started_at = "running", self.kernel.now()
        if spec is not None:
            self._start_server(spec, argv)
            return
        assert program is not None
        self.claim_memory(1 << 20)
        if self.state == "running":
            process = self._first_process(argv)
            self.first_pid = process.pid
            process.start(program).exited.add_done_callback(lambda code: self.finish(code.result()))

    def _start_server(self, spec: dict[str, Any], argv: list[str]) -> None:
        from k8slab.sim.runtime.server import SimulatedServer

        self.first_pid = self.new_pid()
        self.server = SimulatedServer(self, spec, argv, self.stdout, self.stderr, self.finish)
        self.cpu.idle = self.server.idle_cpu
        self.server.start()

    def _first_process(self, argv: list[str]) -> Process:
        if not self.config.stdin:
            return self.new_process(argv, Input(), self.stdout, self.stderr)
        self.stdin = Pipe(self.kernel)
        if self.config.tty:
            return self._on_terminal(argv, self.stdin, self.stdout, WindowSize())
        return self.new_process(argv, Input(pipe=self.stdin), self.stdout, self.stderr)

    def _on_terminal(self, argv: list[str], typed: Pipe | None, shown: Output, window: WindowSize) -> Process:
        from k8slab.sim.runtime.terminal import Terminal

        lines = Pipe(self.kernel)
        process = self.new_process(argv, Input(pipe=lines), shown, shown)
        terminal = Terminal(typed, shown, lines, lambda: process.signal(2))
        process.stdout = process.stderr = terminal.output
        process.tty, process.window = True, window
        return process

    def stop(self, signal: str = "") -> None:
        """Send the stop signal (or another one) to the first process."""
        number = SIGNALS[(signal or self.config.image.stop_signal).removeprefix("SIG")]
        if self.server is not None:
            self.server.signal(number)
        elif self.first_pid in self.processes:
            self.processes[self.first_pid].signal(number)

    def kill(self, reason: str = "") -> None:
        """End every process at once (SIGKILL)."""
        self.finish(137, reason)

    def finish(self, code: int, reason: str = "") -> None:
        """Note the exit of the first process; everything else in the container ends with it."""
        if self.state != "running":
            return
        self.state, self.exit_code, self.finished_at = "exited", code, self.kernel.now()
        self.reason = reason or ("Completed" if code == 0 else "Error")
        self.cpu.close()
        self.config.node_memory.leave(self)
        if self.server is not None:
            self.server.close()
        for process in list(self.processes.values()):
            process.exit(137)
        self.log.close()
        for watcher in self.watchers:
            watcher.close()
        self.kernel.call_soon(self.on_exit, self)

    # --- processes ---

    def new_pid(self) -> int:
        """Return the next process id."""
        if self.config.pids is not None:
            return self.config.pids.new()
        self._next_pid += 1
        return self._next_pid - 1

    def stdout(self, data: bytes) -> None:
        """Write to the container's standard output."""
        self.log.write(data.decode("utf-8", "replace"))
        for watcher in self.watchers:
            watcher.write(data)

    def stderr(self, data: bytes) -> None:
        """Write to the container's standard error."""
        self.log.write(data.decode("utf-8", "replace"), "stderr")
        for watcher in self.watchers:
            watcher.write(data)

    def new_process(self, argv: list[str], stdin: Input, stdout: Output, stderr: Output) -> Process:
        """Return a process with the container's environment, directory and credentials."""
        directory, who = self.config.workdir or self.config.image.workdir, self.config.credentials
        return Process(self, argv, self.environment(), directory, who, stdin, stdout, stderr)

    def visible(self) -> list[Entry]:
        """Return the processes that a process of the container sees."""
        return own_processes(self) if self.config.pids is None else self.config.pids.processes()

    def environment(self) -> dict[str, str]:
        """Return the environment of a new process."""
        account = account_of(self.config.image, self.config.credentials.uid)
        home = account.home if account is not None else "/"
        base = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": self.config.network.hostname}
        return {
            **base,
            **self.config.image.env,
            **self.config.links,
            **self.config.env,
            "HOME": self.config.env.get("HOME", home),
        }

    def exec(self, argv: list[str], stdin: Input, stdout: Output, stderr: Output) -> Future[int]:
        """Run a command beside the first process; the future is its exit code.

        Raises
        ------
        ExecError
            If the command cannot be started.
        """
        program = self._program(argv[0])
        return self.new_process(argv, stdin, stdout, stderr).start(program).exited

    def exec_terminal(self, argv: list[str], typed: Pipe | None, shown: Output, window: WindowSize | None = None) -> Future[int]:
        """Run a command on a terminal (``exec -t``)."""
        return self._on_terminal(argv, typed, shown, window or WindowSize()).start(self._program(argv[0])).exited

    def _program(self, name: str) -> Program:
        from k8slab.sim.runtime.lookup import find_program

        program = find_program(self, name)
        if program is None:
            raise ExecError(
                "OCI runtime exec failed: exec failed: unable to start container process: " + _not_found(name) + ": unknown"
            )
        return program

    # --- files ---

    @property
    def files(self) -> FileSystem:
        """The files, as far as the container's user may use them."""
        return self.files_for(self.config.credentials)

    def files_for(self, who: Credentials, pid: int = 1) -> FileSystem:
        """Return the files as a process with these credentials sees them."""
        if self._root is None:
            from k8slab.sim.runtime.rootfs import build_root

            mounts = self.config.mounts()
            self._root = build_root(self, mounts)
            self._tmpfs = tuple(m.memory for m in mounts if m.memory is not None)
            self._image_size = size_of(self._root)
        return FileSystem(self._root, self.kernel.now, self._settle if self._tmpfs else None, who, pid)

    def _settle(self) -> None:
        for volume in self._tmpfs:
            volume.settle(self)

    @property
    def layer_size(self) -> int:
        """Bytes in the writable layer, and in the log."""
        layer = 0 if self._root is None else max(0, size_of(self._root) - self._image_size)
        return layer + self.log.size

    def mounted_file(self, path: str) -> bytes | None:
        """Return a file without building the whole tree if nothing has been written yet; None if there is none."""
        if self._root is None and not any(f"{path}/".startswith(m.rstrip("/") + "/") for m in self.config.mount_paths):
            text = self.config.image.files.get(path)
            return None if text is None else text.encode()
        files = self.files_for(ROOT)
        node = files.find(path) if files.exists(path) else None
        return node.read() if isinstance(node, File) else None

    def changed(self, directory: str) -> bool:
        """Whether something is mounted at or below a directory, or somebody has looked at (and may have changed) the files."""
        return self._root is not None or any(f"{m.rstrip('/')}/".startswith(f"{directory}/") for m in self.config.mount_paths)

    def written_file(self, path: str) -> bytes | None:
        """Return a file that a process wrote, None if none did."""
        if self._root is None:
            return None
        files = self.files_for(ROOT)
        return files.read(path) if files.exists(path) else None

    # --- CPU and memory ---

    def claim_memory(self, size: int) -> None:
        """Use more memory; beyond the limit the kernel's OOM killer ends the container."""
        if self.config.memory_limit and self.memory + size > self.config.memory_limit:
            self.kill("OOMKilled")
            return
        self.memory += size
        self.config.node_memory.claim(self, size)

    def release_memory(self, size: int) -> None:
        """Use less memory; a container that has ended uses none."""
        if self.state == "running":
            self.memory -= size
            self.config.node_memory.claim(self, -size)

    def resize(self, cpu_request: int, cpu_limit: int, memory_limit: int) -> None:
        """Change what the running container may use (its cgroup)."""
        self.config.cpu_request, self.config.cpu_limit, self.config.memory_limit = cpu_request, cpu_limit, memory_limit
        self.cpu.resize(cpu_limit, cpu_request)

    @property
    def oom_score_adj(self) -> int:
        """How early the kernel kills it when the node has no memory left."""
        return self.config.oom_score_adj

    def charge(self, seconds: float) -> float:
        """Note CPU time that is needed; return how long it takes on the clock, given the limit and the neighbours."""
        return self.cpu.charge(seconds)

    def usage(self) -> tuple[int, int]:
        """Return CPU (millicores, over the last seconds) and memory (bytes) in use."""
        return (self.cpu.now(), self.memory) if self.state == "running" else (0, 0)


def _not_found(name: str) -> str:
    if "/" in name:
        return f'exec: "{name}": stat {posixpath.normpath(name)}: no such file or directory'
    return f'exec: "{name}": executable file not found in $PATH'

"""What the API server passes on to the kubelet: logs, exec, attach."""

import pytest

from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.streams import Pipe
from tests.sim.kubelet.world import NAMESPACE, World, everything


@pytest.fixture
def world():
    return World()


def test_logs_hold_both_streams_in_order(world):
    world.shell("box", "echo one; echo two >&2; printf three; sleep 1000")
    assert world.log("box") == "one\ntwo\n"


def test_an_incomplete_line_shows_when_the_container_ends(world):
    world.shell("box", "printf three", spec={"restartPolicy": "Never"})
    assert world.log("box") == "three\n"


def test_tail_limit_and_timestamps(world):
    world.shell("box", "seq 5; sleep 1000")
    assert world.log("box", tail_lines=2) == "4\n5\n"
    assert world.log("box", tail_lines=0) == ""
    assert world.log("box", limit_bytes=3) == "1\n2"
    assert world.log("box", tail_lines=1, timestamps=True) == "2026-01-01T00:00:00.000000000Z 5\n"


def test_since(world):
    world.shell("box", "echo old; sleep 100; echo new; sleep 1000")
    world.kernel.advance(110)
    assert world.log("box", since_seconds=50) == "new\n"
    assert world.log("box", since_time="2026-01-01T00:01:00Z") == "new\n"


def test_following_ends_with_the_container(world):
    world.shell("box", "for i in 1 2 3; do echo $i; sleep 1; done", spec={"restartPolicy": "Never"})
    pipe = world.kubelets[0].logs(NAMESPACE, "box", "", follow=True)
    chunks = []
    pipe.listen(chunks.append)
    assert b"".join(chunks) == b"1\n"
    world.kernel.advance(5)
    assert (b"".join(chunks), pipe.closed) == (b"1\n2\n3\n", True)


def test_the_log_of_the_previous_run(world):
    world.shell("box", "echo run at $(date +%s); sleep 5; exit 1")
    with pytest.raises(StatusError, match='previous terminated container "c" in pod "box" not found'):
        world.log("box", previous=True)
    world.kernel.advance(7)
    assert world.log("box", previous=True) == "run at 1767225600\n"
    assert world.log("box") == "run at 1767225605\n"


def test_in_a_crash_loop_both_logs_are_that_of_the_last_run(world):
    world.shell("box", "echo crashed at $(date +%s); exit 1")
    world.kernel.advance(35)
    assert world.reason("box") == "CrashLoopBackOff"
    assert world.log("box") == world.log("box", previous=True) == "crashed at 1767225630\n"


@pytest.mark.parametrize(
    ("image", "text"),
    [("ngnix", 'container "c" in pod "web" is waiting to start: trying and failing to pull image'), ("nginx", None)],
)
def test_a_container_that_has_not_started_has_no_log(world, image, text):
    world.pod(image=image)
    if text is None:
        assert "start worker processes" in world.log()
        return
    world.kernel.advance(3)
    with pytest.raises(StatusError, match=text) as error:
        world.log()
    assert error.value.code == 400


def test_container_creating_has_no_log_either():
    world = World(start_delays=1)
    world.pod()
    with pytest.raises(StatusError, match='container "c" in pod "web" is waiting to start: ContainerCreating'):
        world.log()


def test_a_container_that_is_not_in_the_pod(world):
    world.pod()
    with pytest.raises(StatusError, match="container nope is not valid for pod web"):
        world.log(container="nope")


def test_exec_gives_streams_and_exit_code(world):
    world.shell("box", "sleep 1000")
    assert world.run("box", "sh", "-c", "echo out; echo err >&2; exit 7") == (7, "out\n", "err\n")
    assert world.run("box", "cat", stdin="typed\n") == (0, "typed\n", "")


def test_exec_of_an_unknown_command(world):
    world.pod("pause", "registry.k8s.io/pause:3.10")
    with pytest.raises(StatusError) as error:
        world.run("pause", "sh")
    assert 'exec failed: unable to start container process: exec: "sh": executable file not found in $PATH' in str(error.value)


def test_exec_in_a_container_that_does_not_run(world):
    world.shell("bad", "exit 1")
    with pytest.raises(StatusError, match="container not found"):
        world.run("bad", "ls")


def test_a_terminal_echoes_and_prompts(world):
    world.shell("box", "sleep 1000")
    typed, shown = Pipe(world.kernel), Pipe(world.kernel)
    code = world.kubelets[0].exec(NAMESPACE, "box", "", ["sh"], typed, shown, shown, tty=True)
    for line in (b"echo hx\x7fi\r", b"for i in 1 2; do\r", b"echo $i; done\r", b"exit 4\r"):
        world.kernel.run_ready()
        typed.write(line)
    world.until(code)
    assert code.result() == 4
    assert everything(shown).splitlines() == [
        "/ # echo hx\b \bi", "hi", "/ # for i in 1 2; do", "> echo $i; done", "1", "2", "/ # exit 4",
    ]  # fmt: skip


def test_attach_shows_what_comes_and_feeds_what_is_typed(world):
    world.pod(
        "box", "busybox", command=["sh", "-c", "read line; echo got $line; exit 3"], stdin=True, spec={"restartPolicy": "Never"}
    )
    typed, shown = Pipe(world.kernel), Pipe(world.kernel)
    code = world.kubelets[0].attach(NAMESPACE, "box", "", typed, shown, shown)
    typed.write(b"hello\n")
    world.until(code)
    assert (code.result(), everything(shown)) == (3, "got hello\n")


def test_a_container_with_a_terminal_can_be_attached_to_and_detached_from(world):
    world.pod("box", "busybox", command=["sh"], stdin=True, tty=True, spec={"restartPolicy": "Never"})
    for line in (b"x=1\r", b"echo $x\r"):
        typed, shown = Pipe(world.kernel), Pipe(world.kernel)
        world.kubelets[0].attach(NAMESPACE, "box", "", typed, shown, shown, tty=True)
        typed.write(line)
        typed.close()
        world.kernel.run_ready()
    assert everything(shown) == "echo $x\r\n1\r\n/ # "
    assert world.reason("box") == "Running"


def test_without_input_the_end_of_a_shell_is_at_once(world):
    world.pod("box", "busybox", spec={"restartPolicy": "Never"})
    assert world.reason("box") == "Completed"


def test_containers_use_cpu_and_memory(world):
    world.pod()
    world.pod("burner", "polinux/stress", command=["stress", "--cpu", "2"], resources={"limits": {"cpu": "500m"}})
    usage = world.kubelets[0].usage()
    assert usage["chat/web"]["c"] == {"cpu": 1, "memory": 7 << 20}
    assert usage["chat/burner"]["c"]["cpu"] == 500


def test_sysctl_shows_what_the_pod_sets(world):
    sysctls = [{"name": "kernel.shm_rmid_forced", "value": "1"}]
    world.shell("box", "sleep 1000", spec={"securityContext": {"sysctls": sysctls}})
    assert world.sh("box", "sysctl kernel.shm_rmid_forced; sysctl -n kernel.shm_rmid_forced") == "kernel.shm_rmid_forced = 1\n1\n"
    assert "No such file or directory" in world.sh("box", "sysctl kernel.nothing")

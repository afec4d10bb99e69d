"""``kubectl rollout``, ``scale``, ``logs``, ``exec``, ``attach``, ``cp``."""

import json
import os
import pty
import re
import select
import subprocess
import termios
import time
from pathlib import Path

import pytest

from tests.clients.manifests import DEPLOYMENT, SLEEPER, TALKER
from tests.processes import Kubectl, eventually


@pytest.fixture
def web(kubectl: Kubectl) -> Kubectl:
    """A Deployment of two, rolled out."""
    kubectl("create", "-f", "-", stdin=DEPLOYMENT)
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    return kubectl


@pytest.fixture
def talker(kubectl: Kubectl) -> Kubectl:
    """A pod that said five lines."""
    kubectl("create", "-f", "-", stdin=TALKER)
    kubectl("wait", "pod/talker", "--for=condition=Ready", "--timeout=60s")
    eventually(lambda: "line 5" in kubectl("logs", "talker").out)
    return kubectl


@pytest.fixture
def sleeper(kubectl: Kubectl) -> Kubectl:
    """A pod to run commands in."""
    kubectl("create", "-f", "-", stdin=SLEEPER)
    kubectl("wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s")
    return kubectl


def test_rollout(web: Kubectl) -> None:
    assert web("rollout", "status", "deployment/web").out == 'deployment "web" successfully rolled out\n'
    web("annotate", "deployment/web", "kubernetes.io/change-cause=first")
    eventually(lambda: "first" in web("rollout", "history", "deployment/web").out)
    web("set", "image", "deployment/web", "nginx=nginx:1.26")
    status = web("rollout", "status", "deployment/web", "--timeout=60s").lines
    assert status[-1] == 'deployment "web" successfully rolled out'
    web("annotate", "deployment/web", "kubernetes.io/change-cause=second", "--overwrite")
    history = eventually(lambda: (h := web("rollout", "history", "deployment/web")) and "second" in h.out and h)
    assert history.rows == [["deployment.apps/web"], ["REVISION", "CHANGE-CAUSE"], ["1", "first"], ["2", "second"], []]
    assert "    Image:\tnginx:1.27\n" in web("rollout", "history", "deployment/web", "--revision=1").out
    assert web("rollout", "undo", "deployment/web").out == "deployment.apps/web rolled back\n"
    web("rollout", "status", "deployment/web", "--timeout=60s")
    assert web("get", "deploy", "web", "-o", "jsonpath={..image}").out == "nginx:1.27"
    revisions = [row[0] for row in web("rollout", "history", "deployment/web").rows[2:-1]]
    assert revisions == ["2", "3"]
    assert web.fails("rollout", "undo", "deployment/web", "--to-revision=9") == (
        "error: unable to find specified revision 9 in history"
    )


def test_pause_and_resume(web: Kubectl) -> None:
    assert web("rollout", "pause", "deployment/web").out == "deployment.apps/web paused\n"
    assert web.fails("rollout", "pause", "deployment/web") == 'error: deployments.apps "web" is already paused'
    web("set", "image", "deployment/web", "nginx=nginx:1.26")
    assert len(web("get", "rs", "-o", "name").lines) == 1
    assert web("rollout", "resume", "deployment/web").out == "deployment.apps/web resumed\n"
    web("rollout", "status", "deployment/web", "--timeout=60s")
    assert len(web("get", "rs", "-o", "name").lines) == 2


def test_restart(web: Kubectl) -> None:
    before = set(web("get", "pods", "-o", "name").lines)
    assert web("rollout", "restart", "deployment/web").out == "deployment.apps/web restarted\n"
    web("rollout", "status", "deployment/web", "--timeout=60s")
    pods = json.loads(web("get", "pods", "-o", "json", "--field-selector", "status.phase=Running").out)["items"]
    assert not before & {f"pod/{p['metadata']['name']}" for p in pods if "deletionTimestamp" not in p["metadata"]}
    annotations = web("get", "deploy", "web", "-o", "jsonpath={.spec.template.metadata.annotations}").out
    assert "kubectl.kubernetes.io/restartedAt" in annotations


def test_a_rollout_that_cannot_finish(web: Kubectl) -> None:
    web("set", "image", "deployment/web", "nginx=nginx:no-such-tag")
    waiting = eventually(
        lambda: [r for r in web("get", "pods", "--no-headers").rows if r[2] in ("ErrImagePull", "ImagePullBackOff")]
    )
    assert len(waiting) == 1
    status = web.try_("rollout", "status", "deployment/web", "--timeout=3s")
    assert status.code == 1
    assert status.lines[0].startswith('Waiting for deployment "web" rollout to finish: ')
    assert status.err == "error: timed out waiting for the condition\n"
    assert web("get", "deploy", "web", "--no-headers").rows[0][1:4] == ["2/2", "1", "2"]


def test_scale(web: Kubectl) -> None:
    assert web("scale", "deployment/web", "--replicas=3").out == "deployment.apps/web scaled\n"
    eventually(lambda: web("get", "deploy", "web", "-o", "jsonpath={.status.readyReplicas}").out == "3")
    assert web.fails("scale", "deployment/web", "--replicas=1", "--current-replicas=2") == (
        "error: Expected replicas to be 2, was 3"
    )
    web("scale", "deployment/web", "--replicas=0")
    eventually(lambda: web("get", "deploy", "web", "--no-headers").rows[0][1] == "0/0")


def test_statefulset_and_daemonset_rollouts(kubectl: Kubectl) -> None:
    manifest = DEPLOYMENT.replace("kind: Deployment", "kind: StatefulSet").replace(
        "  replicas: 2\n", "  serviceName: web\n  replicas: 2\n"
    )
    kubectl("create", "-f", "-", stdin=manifest)
    kubectl("rollout", "status", "statefulset/web", "--timeout=60s")
    assert kubectl("get", "pods", "-o", "name").lines == ["pod/web-0", "pod/web-1"]
    kubectl("delete", "statefulset", "web")
    kubectl("create", "-f", "-", stdin=DEPLOYMENT.replace("kind: Deployment", "kind: DaemonSet").replace("  replicas: 2\n", ""))
    kubectl("rollout", "status", "daemonset/web", "--timeout=60s")
    assert kubectl("get", "ds", "web", "--no-headers").rows[0][1:6] == ["3", "3", "3", "3", "3"]


def test_job(kubectl: Kubectl) -> None:
    kubectl("create", "job", "once", "--image=busybox:1.36", "--", "echo", "done")
    assert kubectl("wait", "job/once", "--for=condition=Complete", "--timeout=60s").out == "job.batch/once condition met\n"
    assert kubectl("logs", "job/once").out == "done\n"
    assert kubectl("get", "job", "once", "--no-headers").rows[0][1:3] == ["Complete", "1/1"]
    assert kubectl("get", "pods", "--no-headers").rows[0][1:3] == ["0/1", "Completed"]


def test_logs(talker: Kubectl) -> None:
    assert talker("logs", "talker").lines == [f"line {n}" for n in range(1, 6)]
    assert talker("logs", "talker", "--tail=2").lines == ["line 4", "line 5"]
    stamped = talker("logs", "talker", "--timestamps", "--tail=1").out
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z line 5\n", stamped)
    assert talker("logs", "talker", "--prefix", "--tail=1").out == "[pod/talker/main] line 5\n"
    assert talker("logs", "talker", "--since=1h", "--limit-bytes=8").out == "line 1\nl"
    assert talker("logs", "talker", "--all-containers", "--tail=1").out == "line 5\n"


def test_logs_that_are_not_there(talker: Kubectl) -> None:
    assert talker.fails("logs", "nobody") == (
        f'error: error from server (NotFound): pods "nobody" not found in namespace "{talker.namespace}"'
    )
    assert talker.fails("logs", "talker", "-c", "side") == ("error: container side is not valid for pod talker out of: main")
    assert talker.fails("logs", "talker", "--previous") == (
        'Error from server (BadRequest): previous terminated container "main" in pod "talker" not found'
    )


def test_logs_follow(talker: Kubectl) -> None:
    follow = talker.start("logs", "-f", "talker")
    assert follow.stdout is not None
    try:
        assert [follow.stdout.readline() for _ in range(5)] == [f"line {n}\n" for n in range(1, 6)]
        assert not select.select([follow.stdout], [], [], 0.2)[0]
        talker("delete", "pod", "talker", "--wait=false")
        assert follow.wait(60) == 0
    finally:
        follow.kill()
        follow.communicate()


def test_logs_of_the_previous_container(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=TALKER.replace("sleep 3600", "exit 3"))
    restarts = "jsonpath={.status.containerStatuses[0].restartCount}"
    eventually(lambda: int(kubectl("get", "pod", "talker", "-o", restarts).out or 0))
    assert kubectl("logs", "talker", "--previous").lines[-1] == "line 5"
    status = json.loads(kubectl("get", "pod", "talker", "-o", "jsonpath={.status.containerStatuses[0]}").out)
    assert status["lastState"]["terminated"]["exitCode"] == 3
    eventually(lambda: kubectl("get", "pods", "--no-headers").rows[0][2] == "CrashLoopBackOff")


def test_exec(sleeper: Kubectl) -> None:
    assert sleeper("exec", "sleeper", "--", "echo", "hello").out == "hello\n"
    assert sleeper("exec", "sleeper", "-c", "main", "--", "hostname").out == "sleeper\n"
    assert sleeper("exec", "sleeper", "--", "sh", "-c", "echo out; echo err >&2").err == "err\n"
    assert sleeper("exec", "-i", "sleeper", "--", "cat", stdin="one\ntwo\n").out == "one\ntwo\n"
    script = sleeper("exec", "-i", "sleeper", "--", "sh", stdin="x=4\necho $((x * 2))\nexit 0\n")
    assert script.out == "8\n"


def test_exec_over_spdy_as_older_clients_do(sleeper: Kubectl) -> None:
    spdy = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"}
    command = ("exec", "-i", "sleeper", "--", "sh", "-c", "cat; echo err >&2; exit 3")
    answer = sleeper.try_(*command, stdin="one\ntwo\n", **spdy)
    assert (answer.out, answer.code) == ("one\ntwo\n", 3)
    assert answer.err.splitlines() == ["err", "command terminated with exit code 3"]


def test_exec_that_fails(sleeper: Kubectl) -> None:
    assert sleeper.fails("exec", "sleeper", "--", "sh", "-c", "exit 7", code=7) == "command terminated with exit code 7"
    assert 'exec: "no-such-program": executable file not found in $PATH' in sleeper.fails(
        "exec", "sleeper", "--", "no-such-program"
    )
    assert sleeper.fails("exec", "nobody", "--", "true") == 'Error from server (NotFound): pods "nobody" not found'
    assert sleeper.fails("exec", "sleeper", "-c", "side", "--", "true") == (
        "error: container side is not valid for pod sleeper out of: main"
    )


def test_attach(kubectl: Kubectl) -> None:
    until_told = "until [ -f /go ]; do echo waiting; sleep 0.1; done; for i in 1 2 3; do echo line $i; done"
    kubectl("run", "talker", "--image=busybox:1.36", "--restart=Never", "--", "sh", "-c", until_told)
    kubectl("wait", "pod/talker", "--for=condition=Ready", "--timeout=60s")
    attached = kubectl.start("attach", "talker")
    assert attached.stdout is not None
    assert attached.stdout.readline() == "waiting\n"
    kubectl("exec", "talker", "--", "touch", "/go")
    out, _ = attached.communicate(timeout=60)
    assert out.splitlines()[-3:] == ["line 1", "line 2", "line 3"]


def test_service_by_name(sleeper: Kubectl) -> None:
    sleeper("create", "deployment", "web", "--image=nginx:1.27", "--port=80")
    sleeper("expose", "deployment", "web")
    sleeper("rollout", "status", "deployment/web", "--timeout=60s")
    eventually(lambda: "Welcome to nginx!" in sleeper.try_("exec", "sleeper", "--", "wget", "-qO-", "http://web").out)


def test_exec_with_a_terminal(sleeper: Kubectl) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (33, 111))
    try:
        command = sleeper.command("exec", "-it", "sleeper", "--", "sh")
        shell = subprocess.Popen(command, env=sleeper.environment, stdin=slave, stdout=slave, stderr=slave)
        seen = ""
        for typed, expected in (
            ("", "/ # "),
            ("echo $((20 + 1))$((7 * 3))\r", "2121"),
            ("cd /tmp\r", "/tmp # "),
            ("stty size\r", "33 111"),
            ("exit 4\r", ""),
        ):
            os.write(master, typed.encode())
            end = time.monotonic() + 60
            while expected not in seen and time.monotonic() < end:
                if select.select([master], [], [], 0.1)[0]:
                    seen += os.read(master, 4096).decode()
            assert expected in seen
        assert shell.wait(60) == 4
    finally:
        os.close(master)
        os.close(slave)


def test_cp(sleeper: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "greeting").write_text("hello\n")
    sleeper("cp", str(tmp_path / "greeting"), "sleeper:/tmp/greeting")
    assert sleeper("exec", "sleeper", "--", "cat", "/tmp/greeting").out == "hello\n"
    sleeper("cp", "sleeper:/tmp/greeting", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "hello\n"

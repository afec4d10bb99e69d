"""``k8slab up``, ``down``, ``status``, ``kubeconfig``, ``doctor``: a cluster's life on its state directory."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.http import Caller
from tests.processes import BIN, K8slab, Kubectl, Result, eventually, run


@pytest.fixture
def k8slab(tmp_path: Path) -> Iterator[K8slab]:
    """The command on an empty state directory; whatever runs there is stopped after the test."""
    command = K8slab(tmp_path / "state")
    yield command
    with suppress(OSError, HTTPException, ValueError):
        os.kill(json.loads((command.state / "server.json").read_text())["pid"], signal.SIGKILL)


def pid(k8slab: K8slab) -> int:
    return int(json.loads((k8slab.state / "server.json").read_text())["pid"])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def said(result: Result, code: int = 0) -> str:
    assert result.code == code, result
    return (result.out + result.err).strip()


def test_up_status_down(k8slab: K8slab) -> None:
    first, second = said(k8slab("up")).splitlines()
    assert re.fullmatch(r"the embedded cluster is ready at https://127\.0\.0\.1:\d+", first)
    assert second == f'to use it in this shell: export KUBECONFIG="{k8slab.kubeconfig}"'
    assert said(k8slab("up")) == f"{first.replace('is ready', 'runs')}\n{second}"
    assert said(k8slab("kubeconfig")) == str(k8slab.kubeconfig)
    facts = dict(line.split(None, 1) for line in said(k8slab("status")).splitlines())
    assert facts["cluster"].startswith("k8slab (v1.37.")
    assert facts["api"] == first.split()[-1]
    assert facts["nodes"] == "4 of 4 ready"
    assert facts["process"] == str(pid(k8slab))
    process = pid(k8slab)
    assert said(k8slab("down")) == "the cluster is gone"
    eventually(lambda: not alive(process))
    assert not k8slab.state.exists()
    assert list(k8slab.state.parent.iterdir()) == []
    assert said(k8slab("down")) == "there was no cluster"
    assert said(k8slab("status"), 1) == 'no embedded cluster is running; "k8slab up" starts one'
    assert said(k8slab("kubeconfig"), 1) == 'k8slab: no embedded cluster is running; "k8slab up" starts one'


def test_nobody_else_can_read_the_credentials(k8slab: K8slab) -> None:
    k8slab("up")
    assert mode(k8slab.kubeconfig) == 0o600
    assert mode(k8slab.state) == 0o700
    keys = [path for path in (k8slab.state / "pki").iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert keys
    assert {mode(path) for path in keys} == {0o600}


def test_nothing_listens_but_on_loopback(k8slab: K8slab) -> None:
    k8slab("up")
    port = json.loads((k8slab.state / "server.json").read_text())["port"]
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_a_cluster_goes_on_where_it_was(k8slab: K8slab, home: Path) -> None:
    k8slab("up", "--no-start-delays", "--nodes", "1")
    kubectl = Kubectl(k8slab.kubeconfig, home, "default")
    kubectl("create", "deployment", "web", "--image=nginx:1.27")
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    before = kubectl("get", "deployment,pods", "-o", "jsonpath={.items[*].metadata.uid}").out
    config = k8slab.kubeconfig.read_text()
    assert said(k8slab("down", "--keep")) == "the cluster is stopped"
    k8slab("up", "--no-start-delays", "--nodes", "1")
    assert k8slab.kubeconfig.read_text() == config
    assert kubectl("get", "deployment,pods", "-o", "jsonpath={.items[*].metadata.uid}").out == before
    eventually(lambda: kubectl("get", "pods", "--no-headers").rows[0][1:3] == ["1/1", "Running"])


def test_no_acknowledged_write_is_lost_when_the_server_is_killed(k8slab: K8slab) -> None:
    """Four clients write a thousand objects, and the server is killed in the middle."""
    k8slab("up", "--nodes", "1")
    call = Caller(k8slab.kubeconfig)
    acknowledged: dict[str, tuple[str, str]] = {}

    def write(client: int) -> None:
        with suppress(OSError, HTTPException, ValueError):
            for n in range(250):
                body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{client}-{n}"}, "data": {"n": str(n)}}
                answer = call("POST", "/api/v1/namespaces/default/configmaps", json.dumps(body).encode())
                if answer.code == 201:
                    meta = answer.json["metadata"]
                    acknowledged[meta["name"]] = (meta["uid"], meta["resourceVersion"])

    clients = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for client in clients:
        client.start()
    eventually(lambda: len(acknowledged) >= 300, 120)
    process = pid(k8slab)
    os.kill(process, signal.SIGKILL)
    for client in clients:
        client.join()
    assert 300 <= len(acknowledged) < 1000
    assert said(k8slab("up", "--nodes", "1")).startswith("the embedded cluster is ready")
    listed = call("GET", "/api/v1/namespaces/default/configmaps").json
    kept = {m["metadata"]["name"]: (m["metadata"]["uid"], m["metadata"]["resourceVersion"]) for m in listed["items"]}
    assert {name: kept.get(name) for name in acknowledged} == acknowledged
    assert int(listed["metadata"]["resourceVersion"]) >= max(int(revision) for _, revision in acknowledged.values())
    assert pid(k8slab) != process


def test_two_servers_cannot_share_a_state_directory(k8slab: K8slab) -> None:
    k8slab("up")
    second = run([sys.executable, "-m", "k8slab.sim", "--state", str(k8slab.state)], k8slab.environment)
    assert second.code == 1
    assert second.out.strip() == (
        f'error another k8slab server is using the state directory "{k8slab.state}"; '
        'use that one ("k8slab status"), stop it ("k8slab down"), or choose another with --state'
    )
    assert said(k8slab("status")).startswith("cluster")


def test_starting_twice_at_once_gives_one_cluster(k8slab: K8slab) -> None:
    both = [
        subprocess.Popen(
            [BIN / "k8slab", "up"], env=k8slab.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120) for process in both]
    assert all(process.returncode == 0 for process in both), answers
    assert len({out.split()[-1] for out, _ in answers}) == 1
    assert len({out.splitlines()[0].split()[-1] for out, _ in answers}) == 1


def test_who_starts_a_cluster_while_another_one_removes_it_begins_anew(k8slab: K8slab) -> None:
    said(k8slab("up"))
    said(k8slab("down", "--keep"))
    with (k8slab.state / "cluster.k8slab").open() as mark:  # as `k8slab down` holds it
        fcntl.flock(mark, fcntl.LOCK_EX)
        waits = re.compile(rf"-> FLOCK .*:{os.fstat(mark.fileno()).st_ino} ")
        starting = threading.Thread(target=lambda: said(k8slab("up")))
        starting.start()
        eventually(lambda: waits.search(Path("/proc/locks").read_text()))
        shutil.rmtree(k8slab.state)
    starting.join()
    assert "4 of 4 ready" in said(k8slab("status"))
    said(k8slab("down"))


def test_a_taken_port(k8slab: K8slab) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert said(k8slab("up", "--port", str(port)), 1) == (
            f'k8slab: port "{port}" on 127.0.0.1 cannot be used: Address already in use; choose another with --port'
        )


def test_another_port_than_it_runs_on(k8slab: K8slab) -> None:
    k8slab("up")
    port = json.loads((k8slab.state / "server.json").read_text())["port"]
    other = 1024 if port != 1024 else 1025
    assert said(k8slab("up", "--port", str(other)), 1) == (
        f'k8slab: the cluster in "{k8slab.state}" runs on port {port} already; "k8slab down" stops it'
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three mebibytes."""
    there = tmp_path / "disk"
    there.mkdir()
    mounted = (
        os.geteuid() == 0 and run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(there)], dict(os.environ)).code == 0
    )
    if not mounted:
        pytest.skip("mounting a small file system needs root")
    yield there
    run(["umount", "--lazy", str(there)], dict(os.environ))


def test_a_full_disk(small_disk: Path) -> None:
    k8slab = K8slab(small_disk / "state")
    started = k8slab("up", "--nodes", "1")
    assert started.code == 0, started.err
    try:
        call = Caller(k8slab.kubeconfig)
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "big-"}, "data": {"x": "x" * 200_000}}
        answers = [call("POST", "/api/v1/namespaces/default/configmaps", json.dumps(body).encode()) for _ in range(20)]
        kept = [answer.json["metadata"]["name"] for answer in answers if answer.code == 201]
        refused = [answer for answer in answers if answer.code != 201]
        assert refused
        assert refused[0].json["reason"] == "InternalError"
        assert "free some disk space" in refused[0].json["message"]
        listed = call("GET", "/api/v1/namespaces/default/configmaps").json["items"]
        assert {m["metadata"]["name"] for m in listed if m["metadata"]["name"].startswith("big-")} == set(kept)
        assert said(k8slab("status")).startswith("cluster")
    finally:
        assert said(k8slab("down")) == "the cluster is gone"


def test_no_room_to_start_at_all(small_disk: Path) -> None:
    with suppress(OSError), (small_disk / "ballast").open("wb") as ballast:
        while True:
            ballast.write(b"x" * 4096)
            ballast.flush()
    result = K8slab(small_disk / "state")("up")
    assert result.code == 1
    assert result.err.startswith("k8slab: ")
    assert "No space left on device" in result.err or "database or disk is full" in result.err
    assert "Traceback" not in result.err


def test_down_touches_only_what_is_ours(tmp_path: Path) -> None:
    precious = tmp_path / "home"
    precious.mkdir()
    (precious / "thesis").write_text("x")
    assert said(K8slab(precious)("down"), 1) == (
        f'k8slab: "{precious}" does not look like a k8slab state directory (no "cluster.k8slab" in it); nothing was removed'
    )
    assert (precious / "thesis").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["up", "--clock", "broken"], 'k8slab: --clock must be "real", "accelerated" or "stepped", not "broken"'),
        (["up", "--rate", "0"], 'k8slab: --rate must be more than 0 and at most 100000, not "0"'),
        (["up", "--nodes", "1001"], "Invalid value for '--nodes'"),
        (["up", "--nodes", "many"], "Invalid value for '--nodes'"),
        (["up", "--config", "/no/such/file"], "Invalid value for '--config'"),
        (["up", "--port", "70000"], "Invalid value for '--port'"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_bad_options(k8slab: K8slab, arguments: list[str], text: str) -> None:
    result = k8slab(*arguments)
    assert result.code in (1, 2)
    assert text in result.err
    assert "Traceback" not in result.err
    assert not k8slab.state.exists()


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ("kind: Deployment\n", 'this is not a kind configuration: kind is "Deployment", expected "Cluster"'),
        ("kind: Cluster\nnodes: [{role: boss}]\n", 'a node\'s role must be "control-plane" or "worker", not "boss"'),
        ("kind: [\n", "is not YAML: "),
        ("just words\n", "this is not a kind configuration"),
    ],
)
def test_bad_configurations(k8slab: K8slab, tmp_path: Path, config: str, text: str) -> None:
    path = tmp_path / "kind.yaml"
    path.write_text(config)
    result = k8slab("up", "--config", str(path))
    assert result.code == 1
    assert result.err.startswith("k8slab: ")
    assert text in result.err
    assert "Traceback" not in result.err


def test_a_state_directory_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = K8slab(tmp_path / "file" / "state")("up")
    assert said(result, 1) == (
        f'k8slab: the state directory "{tmp_path}/file/state" cannot be used: Not a directory; choose another with --state'
    )


def test_a_database_that_is_none(k8slab: K8slab) -> None:
    k8slab.state.mkdir()
    (k8slab.state / "cluster.db").write_bytes(b"no database " * 1000)
    result = k8slab("up")
    assert result.code == 1
    assert "cluster.db" in result.err
    assert "Traceback" not in result.err


def test_doctor(k8slab: K8slab) -> None:
    text = said(k8slab("doctor"))
    assert re.search(r"^ok  Python +3\.\d+\.\d+$", text, re.MULTILINE)
    assert re.search(r"^ok  kubectl +\S+/kubectl$", text, re.MULTILINE)
    assert re.search(r'^ok  embedded cluster +not running; "k8slab up" starts it$', text, re.MULTILINE)
    assert "NO " not in text


def test_a_seed_gives_the_same_names(tmp_path: Path, home: Path) -> None:
    def names(place: str) -> str:
        k8slab = K8slab(tmp_path / place)
        k8slab("up", "--seed", "7", "--clock", "stepped", "--nodes", "2")
        kubectl = Kubectl(k8slab.kubeconfig, home, "default")
        kubectl("create", "deployment", "web", "--image=nginx:1.27", "--replicas=3")
        made = kubectl(
            "get", "pods", "-A", "-o", "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.spec.nodeName};{end}"
        )
        k8slab("down")
        return made.out

    first = names("one")
    assert len([name for name in first.split(";") if name.startswith("web-")]) == 3
    assert names("two") == first


def test_help_tells_every_command(k8slab: K8slab) -> None:
    text = said(k8slab("--help"))
    for command in ("lab", "up", "down", "status", "kubeconfig", "doctor"):
        assert re.search(rf"^  {command} ", text, re.MULTILINE)

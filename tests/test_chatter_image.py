"""chatter as a real program (labs/chatter/image) answers as the embedded cluster's simulation of it does."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.http import Caller
from tests.processes import K8slab, Kubectl, eventually, free_ports

IMAGE = Path(__file__).resolve().parent.parent / "labs" / "chatter" / "image"
PARTS = ("web", "gateway", "rooms", "history")

#: In this order, because messages are counted: the part, the method, the path, the body.
REQUESTS = [
    *((part, "GET", path, "") for part in PARTS for path in ("/healthz", "/readyz", "/version", "/work?ms=1", "/no/such/path")),
    ("web", "GET", "/", ""),
    ("web", "POST", "/unready", ""),
    ("web", "GET", "/readyz", ""),
    ("web", "POST", "/ready", ""),
    ("web", "GET", "/readyz", ""),
    ("rooms", "GET", "/rooms", ""),
    ("gateway", "POST", "/rooms/lobby/messages", "hello"),
    ("web", "POST", "/api/rooms/lobby/messages", "again"),
    ("gateway", "GET", "/rooms/lobby/messages", ""),
    ("web", "GET", "/api/rooms", ""),
    ("history", "GET", "/rooms/empty/messages", ""),
    ("history", "GET", "/stats", ""),
]


@dataclass(frozen=True)
class Said:
    """An answer, without what differs from one place to another."""

    status: int
    kind: str
    body: Any


def said(status: int, kind: str, text: str) -> Said:
    kind = kind.partition(";")[0]
    body = json.loads(text) if kind == "application/json" else re.sub(r"served by \S+<", "served by HOST<", text)
    return Said(status, kind, masked(body))


def masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "…" if key in ("hostname", "time") else masked(item) for key, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


@dataclass
class Real:
    """The parts as processes of this computer."""

    ports: dict[str, int]
    processes: dict[str, subprocess.Popen[str]]

    def ask(self, part: str, method: str, path: str, body: str = "") -> Said:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[part], timeout=60)
        try:
            connection.request(method, path, body.encode())
            answer = connection.getresponse()
            return said(answer.status, answer.headers["Content-Type"], answer.read().decode())
        finally:
            connection.close()

    def listens(self, part: str) -> bool:
        try:
            return self.ask(part, "GET", "/healthz").status == 200
        except OSError:
            return False


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    ports = dict(zip(PARTS, free_ports(len(PARTS)), strict=True))
    more = {f"{part.upper()}_URL": f"http://127.0.0.1:{port}" for part, port in ports.items()} | {
        "DATA_DIR": str(tmp_path / "data")
    }
    processes = {
        part: subprocess.Popen([sys.executable, "-u", IMAGE / "chatter.py", part], env={**os.environ, **more, "PORT": str(port)},
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for part, port in ports.items()
    }  # fmt: skip
    running = Real(ports, processes)
    try:
        for part in PARTS:
            eventually(lambda part=part: running.listens(part))
        yield running
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()


@pytest.fixture
def simulated(server: K8slab, kubectl: Kubectl) -> Any:
    for part in PARTS:
        kubectl("run", part, f"--image=chatter/{part}:1.0", "--port=8080", "--expose")
    kubectl("wait", "--for=condition=Ready", *(f"pod/{part}" for part in PARTS), "--timeout=60s")
    call = Caller(server.kubeconfig)

    def ask(part: str, method: str, path: str, body: str = "") -> Said:
        where = f"/api/v1/namespaces/{kubectl.namespace}/pods/{part}:8080/proxy{path}"
        answer = call(method, where, body.encode(), {"Content-Type": "text/plain"})
        return said(answer.code, answer.headers["Content-Type"], answer.text)

    for part in PARTS:
        eventually(lambda part=part: ask(part, "GET", "/healthz").status == 200)
    return ask


def test_the_real_program_answers_as_the_simulated_one_does(real: Real, simulated: Any) -> None:
    for request in REQUESTS:
        assert real.ask(*request) == simulated(*request), request


def test_it_measures_itself_for_prometheus(real: Real) -> None:
    for _ in range(3):
        real.ask("rooms", "GET", "/rooms")
    text = real.ask("rooms", "GET", "/metrics").body
    assert int(re.search(r'^http_requests_total\{code="200"\} (\d+)$', text, re.MULTILINE)[1]) >= 3
    # the thread of the request before may not have counted its end yet
    eventually(lambda: "\nchatter_connections 0\n" in real.ask("rooms", "GET", "/metrics").body)


def test_it_leaves_in_order_and_crashes_when_asked_to(real: Real) -> None:
    real.processes["web"].send_signal(signal.SIGTERM)
    out, _ = real.processes["web"].communicate(timeout=60)
    assert real.processes["web"].returncode == 0
    assert [line.partition(" ")[2] for line in (out.splitlines()[0], out.splitlines()[1], out.splitlines()[-1])] == [
        "chatter-web 1.0 starts", "chatter-web 1.0 listens on " + str(real.ports["web"]), "chatter-web stops",
    ]  # fmt: skip
    assert real.ask("rooms", "POST", "/crash").body == {"status": "crashing"}
    assert real.processes["rooms"].wait(60) == 1


def test_a_part_that_is_silent_is_the_other_ones_502(real: Real) -> None:
    real.processes["history"].kill()
    real.processes["history"].wait()
    answer = real.ask("gateway", "GET", "/rooms/lobby/messages")
    assert answer.status == 502
    assert str(real.ports["history"]) in answer.body["error"]


def test_version_2_1_crashes_at_its_start() -> None:
    done = subprocess.run([sys.executable, IMAGE / "chatter.py", "web"], env={**os.environ, "CHATTER_VERSION": "2.1"},
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "fatal: cannot read /etc/chatter/config.yaml: no such file or directory\n"


def test_the_bot_says_what_it_sent_and_what_was_acknowledged(real: Real) -> None:
    more = {"GATEWAY_URL": f"http://127.0.0.1:{real.ports['gateway']}", "INTERVAL": "0.2"}
    bot = subprocess.Popen(["sh", IMAGE / "bot.sh"], env={**os.environ, **more}, stdout=subprocess.PIPE, text=True)
    assert bot.stdout is not None
    first = [bot.stdout.readline() for _ in range(3)]
    bot.terminate()
    rest, _ = bot.communicate(timeout=60)
    assert first[1:] == [f"message {n}: 201 (sent {n}, acknowledged {n})\n" for n in (1, 2)]
    assert rest.splitlines()[-1].startswith("bot leaves: sent ")
    assert real.ask("history", "GET", "/stats").body["stored"] >= 2

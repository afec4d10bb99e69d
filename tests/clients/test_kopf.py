"""A kopf operator on the cluster: handlers, patches of the status, a timer, a daemon, owned objects, peering."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Kubectl, eventually

HERE = Path(__file__).parent
PEERING = '{"apiVersion": "kopf.dev/v1", "kind": "KopfPeering", "metadata": {"name": "rooms"}}'
ROOM = '{"apiVersion": "chat.example/v1", "kind": "Room", "metadata": {"name": "lobby"}, "spec": {"seats": 4}}'


@pytest.fixture
def operator(kubectl: Kubectl, tmp_path: Path) -> Iterator[Path]:
    """A running operator; gives its log."""
    kubectl("apply", "-f", str(HERE / "rooms.yaml"))
    kubectl("wait", "--for=condition=Established", "-f", str(HERE / "rooms.yaml"), "--timeout=60s")
    kubectl("create", "-f", "-", stdin=PEERING)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "kopf", "run", "--namespace", kubectl.namespace, str(HERE / "operator.py")]
    with log.open("w") as file:
        process = subprocess.Popen(command, env=kubectl.environment, stdout=file, stderr=file)
    try:
        yield log
    finally:
        process.terminate()
        process.wait(60)


def room(kubectl: Kubectl) -> dict[str, Any]:
    return dict(json.loads(kubectl("get", "room", "lobby", "-o", "json").out))


def test_an_operator(kubectl: Kubectl, operator: Path) -> None:
    peering = ("get", "kopfpeering", "rooms", "-o", "jsonpath={.status}")
    eventually(lambda: kubectl(*peering).out)
    kubectl("create", "-f", "-", stdin=ROOM)
    status = eventually(lambda: (s := room(kubectl).get("status", {})).get("ticks") == 3 and s.get("phase") and s)
    assert status["phase"] == "Open"
    assert room(kubectl)["metadata"]["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]
    eventually(lambda: "lobby is open" in kubectl("events", "--for", "room/lobby").out)
    kubectl("patch", "room", "lobby", "--type=merge", "-p", '{"spec": {"seats": 6}}')
    eventually(lambda: room(kubectl)["status"].get("resized") == "4 -> 6")
    assert "a room has seats" in kubectl.fails("patch", "room", "lobby", "--type=merge", "-p", '{"spec": {"seats": 0}}')

    kubectl("delete", "room", "lobby", "--timeout=60s")
    eventually(lambda: "NotFound" in kubectl.try_("get", "configmap", "lobby-settings").err)
    told = operator.read_text()
    assert [text for text in ("daemon of lobby began", "daemon of lobby ended", "lobby is closed") if text not in told] == []
    assert "Traceback" not in told

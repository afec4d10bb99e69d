"""A running Jupyter server as its web page uses it: files, kernels and terminals by REST and WebSocket."""

import json
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

import websocket

__all__ = ["Jupyter"]


@dataclass(frozen=True)
class Jupyter:
    """A Jupyter server."""

    address: str  # host:port
    token: str

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request; return the answer: JSON as objects, else text."""
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"http://{self.address}/{path}", data, self._headers, method=method)
        with urllib.request.urlopen(asked, timeout=120) as answer:
            text = answer.read().decode()
            return json.loads(text) if text and answer.headers.get_content_type() == "application/json" else text

    def answers(self) -> bool:
        """Whether the server takes requests."""
        try:
            return bool(self("GET", "api"))
        except OSError:
            return False

    def refuses(self, path: str) -> int:
        """Return the error code of a request without the token."""
        try:
            urllib.request.urlopen(f"http://{self.address}/{path}", timeout=120)
        except urllib.error.HTTPError as error:
            return error.code
        return 0

    def run(self, notebook: str) -> list[list[dict[str, Any]]]:
        """Run a notebook's cells in a new kernel, whatever comes of them; return each one's outputs."""
        cells = [c for c in self("GET", f"api/contents/{notebook}")["content"]["cells"] if c["cell_type"] == "code"]
        kernel = self("POST", "api/kernels", {"name": "python3", "path": notebook})["id"]
        try:
            socket = self._socket(f"api/kernels/{kernel}/channels")
            try:
                return [_run(socket, "".join(cell["source"])) for cell in cells]
            finally:
                socket.close()
        finally:
            self("DELETE", f"api/kernels/{kernel}")

    def type(self, line: str, until: str, seconds: float = 120) -> str:
        """Type a line into a new terminal; return what it shows up to some words."""
        name = self("POST", "api/terminals")["name"]
        try:
            socket = self._socket(f"terminals/websocket/{name}")
            try:
                socket.send(json.dumps(["stdin", f"{line}\r"]))
                shown, end = "", time.monotonic() + seconds
                while until not in shown:
                    assert time.monotonic() < end, f"{until!r} is not shown by {line!r}, but:\n{shown}"
                    kind, *rest = json.loads(socket.recv())
                    shown += rest[0] if kind == "stdout" else ""
                return shown
            finally:
                socket.close()
        finally:
            self("DELETE", f"api/terminals/{name}")

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}", "Content-Type": "application/json"}

    def _socket(self, path: str) -> websocket.WebSocket:
        return websocket.create_connection(f"ws://{self.address}/{path}", header=self._headers, timeout=120)


def _run(socket: websocket.WebSocket, code: str) -> list[dict[str, Any]]:
    """Run one cell: its outputs are between its being busy and its being idle."""
    mine = uuid.uuid4().hex
    header = {"msg_id": mine, "msg_type": "execute_request", "version": "5.3", "session": mine, "username": "", "date": ""}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    request = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
    socket.send(json.dumps(request))
    outputs = []
    while True:
        said = json.loads(socket.recv())
        if said["parent_header"].get("msg_id") != mine:
            continue
        kind, told = said["header"]["msg_type"], said["content"]
        if kind in ("stream", "display_data", "execute_result", "error"):
            outputs.append({"type": kind, **told})
        if kind == "status" and told["execution_state"] == "idle":
            return outputs

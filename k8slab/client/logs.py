"""The log of a container as it is written: ``kubectl logs --follow`` as a thread that calls for each line."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import urllib3.exceptions
from kubernetes.client.exceptions import ApiException

from k8slab.client.cluster import Cluster
from k8slab.client.errors import sentence
from k8slab.errors import K8slabError

__all__ = ["LogFollower", "log_lines"]


def log_lines(
    cluster: Cluster, namespace: str, pod: str, container: str, *, previous: bool = False, tail: int = 200
) -> list[str]:
    """Return the last lines of a container's log; with ``previous`` of the container that ran before its last restart."""
    query = {"container": container, "tailLines": str(tail)} | ({"previous": "true"} if previous else {})
    text = cluster.request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query)
    return str(text).splitlines()


class LogFollower:
    """Calls ``line`` for each line of a container's log until it ends or `stop`; then ``over`` with the reason, "" for an end."""

    def __init__(
        self, cluster: Cluster, namespace: str, pod: str, container: str, line: Callable[[str], object],
        over: Callable[[str], object], tail: int = 100,
    ) -> None:  # fmt: skip
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        query = {"container": container, "follow": "true", "tailLines": str(tail)}
        self._open: Callable[[], Any] = lambda: cluster.open("GET", path, query, timeout=(5, None))
        self._line, self._over = line, over
        self._stopping = threading.Event()
        self._response: Any = None
        threading.Thread(target=self._run, name=f"k8slab-log-{pod}", daemon=True).start()

    def stop(self) -> None:
        """End it."""
        self._stopping.set()
        if self._response is not None:
            with contextlib.suppress(Exception):  # the socket may already be gone
                self._response.shutdown()

    def _run(self) -> None:
        why = ""
        try:
            response: Any = self._open()
            self._response = response
            if self._stopping.is_set():  # it came while we were asking
                response.close()
            elif response.status >= 400:
                why = sentence(ApiException(response.status, response.reason, body=response.data.decode()))
            else:
                self._read(response)
        except K8slabError as error:
            why = str(error)
        if not self._stopping.is_set():
            self._over(why)

    def _read(self, response: Any) -> None:
        rest = b""
        try:
            while (piece := response.read1()) and not self._stopping.is_set():
                *whole, rest = (rest + piece).split(b"\n")
                for text in whole:
                    self._line(text.decode(errors="replace"))
        except (urllib3.exceptions.HTTPError, OSError, AttributeError):
            pass  # as in mirror.py: the socket is closed under it
        if rest and not self._stopping.is_set():
            self._line(rest.decode(errors="replace"))

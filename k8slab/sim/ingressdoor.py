"""The Ingress controller on the host: http://127.0.0.1:8080 and https://127.0.0.1:8443, or the next ports that are free.

What kind's ``extraPortMappings`` do: the two ports lead to ports 80 and 443 of the first node, where the controller's pod has its
host ports. TLS ends here, with the certificates that the controller would show; behind it go the decrypted bytes. Where the door
is, the annotations ``k8slab.dev/http`` and ``k8slab.dev/https`` of the controller's Service say, the status of each Ingress, and
``k8slab status``; an event tells when another program has the usual port.
"""

import asyncio
import logging
import socket
import ssl
import tempfile
from collections.abc import Mapping
from types import MappingProxyType

from k8slab.apimachinery.types import Object
from k8slab.sim.addons.ingress import HTTP_MARK, HTTPS_MARK, NAMESPACE, SERVICE
from k8slab.sim.client import Client
from k8slab.sim.network.ingress import Certificate, IngressTable
from k8slab.sim.visitors import HOST, Visitors

__all__ = ["HTTPS_PORT", "HTTP_PORT", "IngressDoor"]

log = logging.getLogger(__name__)

#: The usual ports, and how many after them are tried.
HTTP_PORT, HTTPS_PORT = 8080, 8443
_DOORS = {80: HTTP_PORT, 443: HTTPS_PORT}
_MORE = 20


def _bound(usual: int) -> socket.socket | None:
    """Return a socket at a port of loopback, at one of those after it, or at any that is free."""
    for number in (*range(usual, usual + _MORE), 0):
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, number))
            found.listen(100)
        except OSError:
            found.close()
        else:
            found.setblocking(False)
            return found
    return None


class IngressDoor:
    """Listens on the host for the Ingress controller.

    Parameters
    ----------
    client
        Says where the door is.
    visitors
        Lead to the node with the controller.
    table
        Has the certificates.
    mapped
        Other ports of the host than the usual ones, by the node's port (80, 443).
    """

    def __init__(
        self, client: Client, visitors: Visitors, table: IngressTable, mapped: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        self._usual = {port: mapped.get(port, usual) for port, usual in _DOORS.items()}
        self._client, self._visitors, self._table = client, visitors, table
        self._servers: list[asyncio.Server] = []
        self._sockets: dict[int, socket.socket] = {}
        self._contexts: dict[Certificate, ssl.SSLContext] = {}

    def announce(self) -> None:
        """Take the ports and say which; at once, so that a seeded cluster goes the same way whatever the host has free."""
        service = self._client.informer("services").get(SERVICE, NAMESPACE)
        if service is None:
            return
        self._sockets = {port: found for port, usual in self._usual.items() if (found := _bound(usual)) is not None}
        urls = {port: f"{scheme}://{HOST}:{self._number(port)}" for port, scheme in ((80, "http"), (443, "https"))}
        if len(self._sockets) == len(self._usual):
            self._table.host_ports = {str(self._number(80)): str(self._number(443))}
        marks = {mark: urls[port] if port in self._sockets else None for port, mark in ((80, HTTP_MARK), (443, HTTPS_MARK))}
        self._client.patch("services", SERVICE, NAMESPACE, {"metadata": {"annotations": marks}}, "merge")
        self._tell(service, " and ".join(urls[port] for port in self._sockets))

    def _tell(self, service: Object, where: str) -> None:
        taken = [f"{HOST}:{usual}" for port, usual in self._usual.items() if self._number(port) != usual]
        text = f"the Ingress controller is at {where} on the host" if where else "the host cannot reach the Ingress controller"
        if taken:
            text = f"{' and '.join(taken)}: taken by another program; {text}"
            log.warning("%s", text)
        self._client.event(service, "Warning" if taken else "Normal", "HostPortTaken" if taken else "HostPort", text, "k8slab")

    def _number(self, port: int) -> int:
        found = self._sockets.get(port)
        return int(found.getsockname()[1]) if found else 0

    async def open(self) -> None:
        """Let visitors in."""
        for port, found in self._sockets.items():
            context = self._context() if port == 443 else None
            self._servers.append(await asyncio.start_server(self._visitors.to(port), sock=found, ssl=context))

    def close(self) -> None:
        """Listen no more."""
        for server in self._servers:
            server.close()
        if not self._servers:
            for found in self._sockets.values():
                found.close()
        self._servers, self._sockets = [], {}

    # --- TLS ---

    def _context(self) -> ssl.SSLContext:
        """Return the context that chooses the certificate when the visitor has named the host."""
        context = self._context_of(self._table.fallback)

        def choose(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
            connection.context = self._context_of(self._table.certificate(name or ""))

        context.sni_callback = choose
        return context

    def _context_of(self, certificate: Certificate) -> ssl.SSLContext:
        if certificate not in self._contexts:
            if len(self._contexts) > 100:  # certificates that were replaced
                self._contexts.clear()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with tempfile.NamedTemporaryFile("w") as pair:  # ssl reads files only; nobody else can read this one
                pair.write(certificate.key + certificate.chain)
                pair.flush()
                context.load_cert_chain(pair.name)
            self._contexts[certificate] = context
        return self._contexts[certificate]

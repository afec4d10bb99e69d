"""uvicorn's WebSocket protocol for those who come as WebSockets: exec, attach, port-forward, a watch in a browser.

It is imported when the first of them comes: it brings a second HTTP parser along, a tenth of the time a cluster starts in.
"""

from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

__all__ = ["WebSocket"]


class WebSocket(WSProtocol):
    """uvicorn's protocol, telling the application of the client's certificate."""

    async def run_asgi(self) -> None:
        """Run the application."""
        tls = self.transport.get_extra_info("ssl_object")
        self.scope["peer_certificate"] = tls.getpeercert(binary_form=True) if tls is not None else None  # type: ignore[typeddict-unknown-key]
        await super().run_asgi()

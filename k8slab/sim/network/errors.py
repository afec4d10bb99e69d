"""Why a connection did not come about; each kind is what a real socket call would have reported."""

__all__ = ["ConnectError", "NameserverTimeout", "Refused", "Reset", "TimedOut", "UnknownHost", "Unreachable"]


class ConnectError(Exception):
    """A connection that failed; ``kind`` names the reason in path records."""

    kind = "error"
    text = "connection failed"

    def __init__(self, host: str, port: int = 0, ip: str = "") -> None:
        super().__init__(f"{host}:{port}: {self.text}")
        self.host, self.port, self.ip = host, port, ip


class Refused(ConnectError):
    """Somebody answered, and said no: nothing listens there, or the Service has no endpoints (ECONNREFUSED)."""

    kind, text = "refused", "Connection refused"


class Reset(ConnectError):
    """The other side ended while it worked on a request (ECONNRESET)."""

    kind, text = "reset", "Connection reset by peer"


class TimedOut(ConnectError):
    """Nobody answered in time (ETIMEDOUT, or the caller's own limit).

    Parameters
    ----------
    phase
        ``connect`` if the connection never stood, ``response`` if it stood but the answer did not come.
    """

    kind, text = "timeout", "Connection timed out"

    def __init__(self, host: str, port: int = 0, ip: str = "", phase: str = "connect") -> None:
        super().__init__(host, port, ip)
        self.phase = phase


class Unreachable(ConnectError):
    """The address lies in a node's pod range, but no pod has it (EHOSTUNREACH)."""

    kind, text = "unreachable", "No route to host"


class UnknownHost(ConnectError):
    """DNS answered that there is no such name, or none with an address."""

    kind, text = "unknown-host", "Name or service not known"


class NameserverTimeout(UnknownHost):
    """No name server answered at all, or (``refused``) none is there to answer."""

    kind, text = "dns-timeout", "connection timed out; no servers could be reached"

    def __init__(self, host: str, port: int = 0, ip: str = "", refused: bool = False) -> None:
        super().__init__(host, port, ip)
        self.refused = refused

"""SPDY/3.1: many byte streams over one connection, as kubectl's port-forward and older clients' exec want it.

Upstream: github.com/moby/spdystream behind k8s.io/apimachinery/pkg/util/httpstream/spdy. The server's side only: streams are
opened by the client, accepted at once and closed half by half. As in spdystream there is no flow control; settings,
priorities and window updates are read and have no effect.

Frames: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/.
"""

import struct
import zlib
from collections.abc import Callable, Mapping

__all__ = ["Session", "SpdyStream", "pack_headers", "unpack_headers"]

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY = 1, 2, 3, 6, 7
_FIN = 0x01
_CONTROL = 0x80
_HEAD = struct.Struct(">II")
_MAX_DATA = 32 * 1024  #: bytes in a data frame, as upstream copies them

#: What both sides' header compression begins with (section 2.6.10.1): names with their lengths, then common values.
_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length content-location "
    "content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range "
    "if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer "
    "retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status "
    "200+OK version HTTP/1.1 url public set-cookie keep-alive origin"
)
_VALUES = (
    b"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    b"203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    b"404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    b"Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    b"chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,public"
    b"privatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
_NAMES = [word.replace("+", " ").encode() for word in _WORDS.split()]
DICTIONARY = b"".join(struct.pack(">I", len(name)) + name for name in _NAMES) + _VALUES


def pack_headers(headers: Mapping[str, str]) -> bytes:
    """Return a header block before compression.

    >>> unpack_headers(pack_headers({"streamtype": "data"}))
    {'streamtype': 'data'}
    """
    parts = [struct.pack(">I", len(headers))]
    for text in (text for pair in headers.items() for text in pair):
        data = text.encode()
        parts.append(struct.pack(">I", len(data)) + data)
    return b"".join(parts)


def unpack_headers(block: bytes) -> dict[str, str]:
    """Read a header block after decompression; names are in lower case on the wire."""
    (count,), offset = struct.unpack_from(">I", block), 4
    texts = []
    for _ in range(2 * count):
        (length,) = struct.unpack_from(">I", block, offset)
        texts.append(block[offset + 4 : offset + 4 + length].decode())
        offset += 4 + length
    return dict(zip(texts[::2], texts[1::2], strict=True))


class SpdyStream:
    """One stream of a session.

    Parameters
    ----------
    session, number
        Where it belongs, and which one it is.
    headers
        What the client opened it with.
    """

    def __init__(self, session: "Session", number: int, headers: Mapping[str, str]) -> None:
        self._session, self.number, self.headers = session, number, headers
        self._received: list[bytes] = []
        self._listener: Callable[[bytes], object] | None = None
        self.closed = False  #: whether this side has ended it

    def listen(self, listener: Callable[[bytes], object]) -> None:
        """Hand every chunk, past and future, to a callback; ``b""`` says that the client sends no more."""
        self._listener = listener
        for data in self._received:
            listener(data)
        self._received.clear()

    def write(self, data: bytes) -> None:
        """Send bytes; ignored once the stream is closed."""
        if not self.closed:
            for start in range(0, len(data), _MAX_DATA):
                self._session.send_data(self.number, data[start : start + _MAX_DATA])

    def close(self) -> None:
        """Send no more."""
        if not self.closed:
            self.closed = True
            self._session.send_data(self.number, b"", fin=True)

    def received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._listener is not None:
            self._listener(data)
        else:
            self._received.append(data)


class Session:
    """The server's side of one connection.

    Parameters
    ----------
    write
        Sends bytes to the client.
    opened
        Called with each stream that the client opens.
    """

    def __init__(self, write: Callable[[bytes], object], opened: Callable[[SpdyStream], object]) -> None:
        self._write, self._opened = write, opened
        self._buffer = bytearray()
        self._streams: dict[int, SpdyStream] = {}
        self._inflater = zlib.decompressobj(zdict=DICTIONARY)
        self._deflater = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> None:
        """Take bytes of the client.

        Raises
        ------
        ValueError
            If they are not SPDY.
        """
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            first, second = _HEAD.unpack_from(self._buffer)
            length = second & 0xFFFFFF
            if len(self._buffer) < _HEAD.size + length:
                return
            payload = bytes(self._buffer[_HEAD.size : _HEAD.size + length])
            del self._buffer[: _HEAD.size + length]
            try:
                self._frame(first, second >> 24, payload)
            except (struct.error, zlib.error, UnicodeDecodeError) as error:
                raise ValueError(f"not a SPDY/3.1 frame: {error}") from error

    def _frame(self, first: int, flags: int, payload: bytes) -> None:
        if not first >> 24 & _CONTROL:
            self._data(first, flags, payload)
            return
        kind = first & 0xFFFF
        if kind == _SYN_STREAM:
            self._open(flags, payload)
        elif kind == _PING:
            self._control(_PING, payload)
        elif kind == _RST_STREAM:
            self._reset(struct.unpack_from(">I", payload)[0])

    def _data(self, number: int, flags: int, payload: bytes) -> None:
        stream = self._streams.get(number)
        if stream is None:
            return
        if payload:
            stream.received(payload)
        if flags & _FIN:
            stream.received(b"")

    def _open(self, flags: int, payload: bytes) -> None:
        (number,) = struct.unpack_from(">I", payload)
        stream = SpdyStream(self, number, unpack_headers(self._inflater.decompress(payload[10:])))
        self._streams[number] = stream
        block = self._deflater.compress(pack_headers({})) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self._control(_SYN_REPLY, struct.pack(">I", number) + block)
        self._opened(stream)
        if flags & _FIN:
            stream.received(b"")

    def _reset(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.closed = True
            stream.received(b"")

    def _control(self, kind: int, payload: bytes, flags: int = 0) -> None:
        self._write(struct.pack(">HHI", 0x8003, kind, flags << 24 | len(payload)) + payload)

    def send_data(self, number: int, data: bytes, fin: bool = False) -> None:
        """Send a data frame."""
        self._write(_HEAD.pack(number, (_FIN if fin else 0) << 24 | len(data)) + data)

    def refuse(self, stream: SpdyStream) -> None:
        """Reset a stream that makes no sense (upstream: the handler's error)."""
        self._streams.pop(stream.number, None)
        stream.closed = True
        self._control(_RST_STREAM, struct.pack(">II", stream.number, 3))

    def goodbye(self) -> None:
        """Say that no more streams are accepted."""
        last = max(self._streams, default=0)
        self._control(_GOAWAY, struct.pack(">II", last, 0))

    def lost(self) -> None:
        """End every stream: the connection is gone."""
        for number in list(self._streams):
            self._reset(number)

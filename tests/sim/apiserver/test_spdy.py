"""SPDY/3.1 as kubectl speaks it: streams are opened, answered, ended half by half."""

import struct
import zlib

import pytest

from k8slab.sim.apiserver.spdy import DICTIONARY, Session, SpdyStream, pack_headers, unpack_headers


class Client:
    """A client's side of a session, written from the protocol's description."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.streams: list[SpdyStream] = []
        self.session = Session(self.sent.extend, self.streams.append)
        self._deflater = zlib.compressobj(zdict=DICTIONARY)
        self._inflater = zlib.decompressobj(zdict=DICTIONARY)

    def opens(self, number: int, flags: int = 0, **headers: str) -> bytes:
        block = self._deflater.compress(pack_headers(headers)) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        return self.control(1, struct.pack(">IIH", number, 0, 0) + block, flags)

    @staticmethod
    def control(kind: int, payload: bytes, flags: int = 0) -> bytes:
        return struct.pack(">HHI", 0x8003, kind, flags << 24 | len(payload)) + payload

    @staticmethod
    def data(number: int, data: bytes, flags: int = 0) -> bytes:
        return struct.pack(">II", number, flags << 24 | len(data)) + data

    def frames(self) -> list[tuple[object, int, bytes]]:
        """What the server sent: (stream or "kind 2", flags, payload)."""
        found: list[tuple[object, int, bytes]] = []
        while self.sent:
            first, second = struct.unpack_from(">II", self.sent)
            length = second & 0xFFFFFF
            payload = bytes(self.sent[8 : 8 + length])
            found.append((f"kind {first & 0xFFFF}" if first >> 31 else first, second >> 24, payload))
            del self.sent[: 8 + length]
        return found


@pytest.fixture
def client() -> Client:
    return Client()


def test_the_dictionary_is_that_of_the_protocol() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_a_stream_is_answered_with_its_number(client: Client) -> None:
    client.session.feed(client.opens(1, streamtype="data", port="80"))
    assert client.streams[0].headers == {"streamtype": "data", "port": "80"}
    ((kind, flags, payload),) = client.frames()
    assert (kind, flags, payload[:4]) == ("kind 2", 0, struct.pack(">I", 1))
    assert unpack_headers(client._inflater.decompress(payload[4:])) == {}


def test_header_compression_goes_over_all_streams(client: Client) -> None:
    client.session.feed(client.opens(1, streamtype="error", requestid="0") + client.opens(3, streamtype="data", requestid="0"))
    assert [s.headers["streamtype"] for s in client.streams] == ["error", "data"]


def test_frames_may_come_in_pieces(client: Client) -> None:
    for byte in client.opens(1, streamtype="data") + client.data(1, b"hello"):
        client.session.feed(bytes([byte]))
    heard: list[bytes] = []
    client.streams[0].listen(heard.append)
    assert heard == [b"hello"]


def test_each_side_ends_its_half(client: Client) -> None:
    client.session.feed(client.opens(1, streamtype="data"))
    client.frames()
    stream, heard = client.streams[0], []
    stream.listen(heard.append)
    client.session.feed(client.data(1, b"question", flags=1))
    stream.write(b"answer")
    stream.close()
    stream.write(b"too late")
    assert heard == [b"question", b""]
    assert client.frames() == [(1, 0, b"answer"), (1, 1, b"")]


def test_a_stream_may_begin_with_its_end(client: Client) -> None:
    client.session.feed(client.opens(1, flags=1, streamtype="error"))
    heard: list[bytes] = []
    client.streams[0].listen(heard.append)
    assert heard == [b""]


def test_a_reset_ends_both_halves(client: Client) -> None:
    client.session.feed(client.opens(1, streamtype="data"))
    client.frames()
    client.session.feed(client.control(3, struct.pack(">II", 1, 5)))
    client.streams[0].write(b"nobody hears this")
    assert client.frames() == []


def test_a_ping_is_sent_back(client: Client) -> None:
    client.session.feed(client.control(6, struct.pack(">I", 7)))
    assert client.frames() == [("kind 6", 0, struct.pack(">I", 7))]


def test_settings_and_window_updates_have_no_effect(client: Client) -> None:
    client.session.feed(client.control(4, struct.pack(">I", 0)) + client.control(9, struct.pack(">II", 1, 65536)))
    assert client.frames() == []


def test_what_is_not_spdy_is_an_error(client: Client) -> None:
    with pytest.raises(ValueError, match=r"not a SPDY/3\.1 frame"):
        client.session.feed(client.control(1, b"\0\0\0\1" + b"\0" * 6 + b"no compressed headers"))

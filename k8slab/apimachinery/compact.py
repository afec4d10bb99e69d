"""JSON that is kept for long."""

from typing import Any

__all__ = ["compact_json"]


def compact_json(value: Any) -> bytes:
    """Return a value as JSON in no more memory than its length.

    What `orjson` returns keeps the room it made while it did not know the length: at least 4 KiB, often eight times the
    text. That is well for an answer that is sent and gone, not for ten thousand objects.

    >>> compact_json({"kind": "Pod"})
    b'{"kind":"Pod"}'
    """
    import orjson

    return bytes(memoryview(orjson.dumps(value)))

"""A network of nothing but loopback, for what is to work without any other."""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_network"]

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_UP_AND_RUNNING = 0x41


@contextmanager
def no_network() -> Iterator[bool]:
    """Take this thread, and the processes it starts, off the network; give whether that worked (Linux, root)."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY) if os.path.exists("/proc/thread-self/ns/net") else -1
    if before < 0 or libc.unshare(_CLONE_NEWNET) != 0:
        yield False
        return
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _UP_AND_RUNNING))
        yield True
    finally:
        libc.setns(before, _CLONE_NEWNET)
        os.close(before)

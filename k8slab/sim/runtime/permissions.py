"""May a process read, write or enter this file? Linux's discretionary access control, as pure functions.

Upstream: generic_permission, may_delete and setattr_prepare in Linux's fs/namei.c and fs/attr.c. No access control lists.
"""

from errno import EACCES
from typing import Protocol

from k8slab.sim.runtime.credentials import Credentials

__all__ = ["allowed", "check_port", "may_change_group", "may_change_mode", "may_change_owner", "may_ping", "may_remove"]

_BITS = {"r": 4, "w": 2, "x": 1}
_STICKY = 0o1000


def check_port(port: int, first_free: int, who: Credentials) -> None:
    """Refuse a port that only root's NET_BIND_SERVICE opens; ``first_free`` is net.ipv4.ip_unprivileged_port_start.

    Raises
    ------
    PermissionError
        If the process may not listen on it.
    """
    if port < first_free and not who.can("NET_BIND_SERVICE"):
        raise PermissionError(EACCES, "Permission denied")


def may_ping(groups: tuple[int, int], who: Credentials) -> bool:
    """Whether a process may send ICMP: by NET_RAW, or by a group in net.ipv4.ping_group_range."""
    return who.can("NET_RAW") or any(groups[0] <= gid <= groups[1] for gid in (who.gid, *who.groups))


class Owned(Protocol):
    """A file or directory, as far as permissions go."""

    uid: int
    gid: int
    mode: int


def allowed(node: Owned, want: str, who: Credentials, directory: bool = False) -> bool:
    """Whether all of the wanted accesses ("r", "w", "x") are granted.

    The class that applies is the first of owner, group and others; an owner without a right does not get it as "other".

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> secret = SimpleNamespace(uid=0, gid=2000, mode=0o640)
    >>> allowed(secret, "r", Credentials(uid=1000, groups=(2000,))), allowed(secret, "w", Credentials(uid=1000, groups=(2000,)))
    (True, False)
    """
    bits = node.mode >> (6 if who.uid == node.uid else 3 if who.in_group(node.gid) else 0) & 7
    missing = [w for w in want if not bits & _BITS[w]]
    if not missing:
        return True
    if who.can("DAC_OVERRIDE"):
        return directory or "x" not in missing or bool(node.mode & 0o111)
    return who.can("DAC_READ_SEARCH") and all(w == "r" or (directory and w == "x") for w in missing)


def may_remove(directory: Owned, node: Owned, who: Credentials) -> bool:
    """Whether an entry may go from a directory that may be written to: in a sticky one (/tmp) only to its owner."""
    return not directory.mode & _STICKY or who.uid in (node.uid, directory.uid) or who.can("FOWNER")


def may_change_mode(node: Owned, who: Credentials) -> bool:
    """Whether chmod is allowed."""
    return who.uid == node.uid or who.can("FOWNER")


def may_change_owner(node: Owned, uid: int, who: Credentials) -> bool:
    """Whether chown to a user is allowed."""
    return who.can("CHOWN") or (who.uid == node.uid and uid == node.uid)


def may_change_group(node: Owned, gid: int, who: Credentials) -> bool:
    """Whether chgrp is allowed: an owner may give a file to a group of their own."""
    return who.can("CHOWN") or (who.uid == node.uid and (who.in_group(gid) or gid == node.gid))

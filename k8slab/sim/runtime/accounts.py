"""Users and groups an image knows: its /etc/passwd and /etc/group, and who ``USER`` in its Dockerfile is.

Upstream: containerd's oci.WithUser, WithUserID and WithAdditionalGIDs, which read the two files of the image.
Simplified: the files are made from the image's tool sets and its own ``users``; what a volume mounts over them is not looked at.
"""

from typing import NamedTuple

from k8slab.sim.runtime.images import Image

__all__ = [
    "Account",
    "UnknownUser",
    "account_of",
    "accounts",
    "group_file",
    "groups_of",
    "image_user",
    "passwd_file",
    "user_name",
]


class UnknownUser(Exception):
    """The image names a user that it does not have; the text is containerd's."""


class Account(NamedTuple):
    """A line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    home: str = "/"
    shell: str = "/sbin/nologin"


_ROOT = Account("root", 0, 0, "/root", "/bin/sh")
_SYSTEM = (Account("daemon", 1, 1, "/usr/sbin"), Account("bin", 2, 2, "/bin"), Account("www-data", 33, 33, "/var/www"))
_NOBODY = Account("nobody", 65534, 65534, "/")
#: Groups besides those of the users, with root as a member where the image has it so.
_GROUPS = {"busybox": {"wheel": 10, "users": 100, "nogroup": 65533, "nobody": 65534}, "debian": {"users": 100, "nogroup": 65534}}
_WHEEL = {"busybox": (10,)}


def _family(image: Image) -> str:
    return next((tool for tool in ("busybox", "debian") if tool in image.tools), "")


def accounts(image: Image) -> list[Account]:
    """Return the users of an image."""
    own = [Account(name, uid, uid, f"/home/{name}") for name, uid in image.users.items()]
    if not image.tools:
        return [_ROOT, *own, _NOBODY]
    return [_ROOT, *_SYSTEM, *own, _NOBODY]


def account_of(image: Image, uid: int) -> Account | None:
    """Return the user of an id."""
    return next((a for a in accounts(image) if a.uid == uid), None)


def user_name(image: Image, uid: int) -> str | None:
    """Return the name of a user id."""
    found = account_of(image, uid)
    return found.name if found is not None else None


def groups_of(image: Image) -> dict[str, int]:
    """Return the groups of an image by name."""
    own = {a.name: a.gid for a in accounts(image) if a.name != "nobody"}
    return {**own, **_GROUPS.get(_family(image), {})}


def image_user(image: Image) -> tuple[int, int, tuple[int, ...]]:
    """Return user, group and further groups of an image's processes, as its ``USER`` says.

    Raises
    ------
    UnknownUser
        If it names a user or group that the image does not have.
    """
    user, _, group = image.user.partition(":")
    if user.isdigit():
        uid, known = int(user), account_of(image, int(user))
    else:
        known = next((a for a in accounts(image) if a.name == user), None)
        if known is None:
            raise UnknownUser(f"unable to find user {user}: no matching entries in passwd file")
        uid = known.uid
    gid = known.gid if known is not None else 0
    if group:
        gid = int(group) if group.isdigit() else groups_of(image).get(group, -1)
        if gid < 0:
            raise UnknownUser(f"unable to find group {group}: no matching entries in group file")
    return uid, gid, memberships(image, uid)


def memberships(image: Image, uid: int) -> tuple[int, ...]:
    """Return the groups that /etc/group puts a user into."""
    return _WHEEL.get(_family(image), ()) if uid == 0 and image.name.startswith("docker.io/library/busybox") else ()


def passwd_file(image: Image) -> str:
    """Return /etc/passwd.

    >>> from k8slab.sim.runtime.images import find_image, parse_reference
    >>> passwd_file(find_image(parse_reference("busybox"))).splitlines()[0]
    'root:x:0:0:root:/root:/bin/sh'
    """
    return "".join(f"{a.name}:x:{a.uid}:{a.gid}:{a.name}:{a.home}:{a.shell}\n" for a in accounts(image))


def group_file(image: Image) -> str:
    """Return /etc/group."""
    root = set(memberships(image, 0))
    return "".join(f"{name}:x:{gid}:{'root' if gid in root else ''}\n" for name, gid in groups_of(image).items())

"""id, whoami, groups, su, chown, chgrp, chmod: who a process is, and whose files are whose."""

import re
from collections.abc import Callable

from k8slab.sim.runtime.accounts import account_of, groups_of, memberships, user_name
from k8slab.sim.runtime.accounts import accounts as accounts_of
from k8slab.sim.runtime.credentials import Credentials
from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS", "group_name", "owner_names"]


def group_name(p: Process, gid: int) -> str | None:
    """Return the name of a group id in the container."""
    return next((name for name, known in groups_of(p.container.config.image).items() if known == gid), None)


def owner_names(p: Process, uid: int, gid: int) -> tuple[str, str]:
    """Return owner and group as ``ls -l`` prints them."""
    return user_name(p.container.config.image, uid) or str(uid), group_name(p, gid) or str(gid)


def _named(number: int, name: str | None) -> str:
    return f"{number}({name})" if name is not None else str(number)


async def id_(p: Process) -> int:
    """Print user and group ids; -u -g -G -n."""
    options, _ = parse_options(p.args, "ugGnr")
    who, image = p.credentials, p.container.config.image
    groups = sorted({who.gid, *who.groups})
    if "G" in options:
        p.out(" ".join((group_name(p, g) or str(g)) if "n" in options else str(g) for g in groups) + "\n")
    elif "u" in options or "g" in options:
        user, group = owner_names(p, who.uid, who.gid) if "n" in options else (str(who.uid), str(who.gid))
        p.out((user if "u" in options else group) + "\n")
    else:
        text = f"uid={_named(who.uid, user_name(image, who.uid))} gid={_named(who.gid, group_name(p, who.gid))}"
        p.out(text + " groups=" + ",".join(_named(g, group_name(p, g)) for g in groups) + "\n")
    return 0


async def groups(p: Process) -> int:
    """Print the names of the groups."""
    return await id_(p.child(["id", "-Gn"]))


async def whoami(p: Process) -> int:
    """Print the user's name."""
    name = user_name(p.container.config.image, p.uid)
    if name is None:
        return p.fail(f"unknown uid {p.uid}")
    p.out(f"{name}\n")
    return 0


async def su(p: Process) -> int:
    """Become another user: su [-s SHELL] [USER] [-c COMMAND]; without root's capabilities it is refused."""
    from k8slab.sim.runtime.programs.shells import sh

    options, rest = parse_options(p.args, "s:c:lm")
    name = next((r for r in rest if r != "-"), "root")
    image, who = p.container.config.image, p.credentials
    found = next((a for a in accounts_of(image) if a.name == name), None)
    if found is None:
        return p.fail(f"unknown user {name}")
    if who.uid != 0:
        return p.fail("must be suid to work properly")
    if not who.can("SETGID") or not who.can("SETUID"):
        return p.fail(f"can't set {'groups' if not who.can('SETGID') else 'uid'}: Operation not permitted")
    changed = Credentials(found.uid, found.gid, memberships(image, found.uid), who.bounding, who.no_new_privs, who.seccomp)
    argv = ["sh", *(["-c", options["c"]] if "c" in options else [])]
    return await p.child(argv, credentials=changed, env={**p.env, "HOME": found.home, "USER": name}).run(sh)


def _ids(p: Process, text: str) -> tuple[int | None, int | None]:
    """Read USER, USER:GROUP or :GROUP."""
    user, colon, group = text.partition(":")
    known = {a.name: a for a in accounts_of(p.container.config.image)}
    uid = None if not user else int(user) if user.isdigit() else known[user].uid if user in known else -1
    named = groups_of(p.container.config.image)
    gid = None if not group else int(group) if group.isdigit() else named.get(group, -1)
    if uid == -1 or gid == -1:
        raise BadUsage(f"unknown {'user' if uid == -1 else 'group'} {user if uid == -1 else group}")
    if colon and user and not group:
        account = account_of(p.container.config.image, uid or 0)
        gid = account.gid if account is not None else None
    return uid, gid


async def chown(p: Process) -> int:
    """Change owner and group; -R."""
    options, rest = parse_options(p.args, "Rhv")
    if len(rest) < 2:
        raise BadUsage("missing operand")
    uid, gid = _ids(p, rest[0])
    return _each(p, rest[1:], "R" in options, lambda path: p.files.change_owner(path, uid, gid))


async def chgrp(p: Process) -> int:
    """Change the group; -R."""
    options, rest = parse_options(p.args, "Rhv")
    if len(rest) < 2:
        raise BadUsage("missing operand")
    gid = _ids(p, f":{rest[0]}")[1]
    return _each(p, rest[1:], "R" in options, lambda path: p.files.change_owner(path, None, gid))


def _each(p: Process, paths: list[str], recursive: bool, change: Callable[[str], None]) -> int:
    status = 0
    for path in paths:
        for full in list(p.files.walk(p.path(path))) if recursive else [p.path(path)]:
            shown = path + full.removeprefix(p.path(path).rstrip("/")) if full != p.path(path) else path
            try:
                change(full)
            except FileError as error:
                status = p.fail(f"{shown}: {error}")
    return status


async def chmod(p: Process) -> int:
    """Change permission bits: octal, or u+x, go-rwx, a=r and the like; -R."""
    recursive = p.args[:1] == ["-R"]
    rest = p.args[1:] if recursive else p.args
    if len(rest) < 2:
        raise BadUsage("missing operand")
    change = _mode_change(rest[0])
    return _each(p, rest[1:], recursive, lambda path: p.files.change_mode(path, change))


def _mode_change(text: str) -> Callable[[int], int]:
    """Return what a mode does to permission bits.

    >>> f"{_mode_change('u+x,go-w')(0o666):o}", f"{_mode_change('0640')(0):o}", f"{_mode_change('g+s')(0o755):o}"
    ('744', '640', '2755')
    """
    if re.fullmatch("[0-7]{1,4}", text):
        return lambda old: int(text, 8)
    parts = [re.fullmatch(r"([ugoa]*)([-+=])([rwxXst]*)", part) for part in text.split(",")]
    if not all(parts):
        raise BadUsage(f"invalid mode '{text}'")

    def change(mode: int) -> int:
        for part in parts:
            assert part is not None
            mode = _one_change(mode, part[1] or "a", part[2], part[3])
        return mode

    return change


def _one_change(mode: int, classes: str, operator: str, letters: str) -> int:
    classes = "ugo" if "a" in classes else classes
    shift = {"u": 6, "g": 3, "o": 0}
    rights = sum({"r": 4, "w": 2, "x": 1, "X": 1}.get(letter, 0) for letter in letters)
    bits = sum(rights << shift[c] for c in classes)
    if "s" in letters:
        bits |= (0o4000 if "u" in classes else 0) | (0o2000 if "g" in classes else 0)
    bits |= 0o1000 if "t" in letters else 0
    if operator == "=":
        mode &= ~sum(7 << shift[c] for c in classes)
    return mode & ~bits if operator == "-" else mode | bits


COMMANDS: dict[str, Program] = {
    "id": id_, "groups": groups, "whoami": whoami, "su": su, "chown": chown, "chgrp": chgrp, "chmod": chmod,
}  # fmt: skip

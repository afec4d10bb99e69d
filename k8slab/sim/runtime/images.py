"""Container images as data: references, the catalogue of images that "exist", and what containerd says about the others.

Every image is a YAML file under ``images/``, at the path of its repository: ``images/docker.io/library/nginx.yaml``. The file
says which tags there are and what a container of it does; `server` documents the fields of its programs.
Upstream: distribution/reference for parsing, containerd's resolver for the errors.
"""

import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from k8slab.apimachinery.quantity import value
from k8slab.apimachinery.types import Object

__all__ = ["Image", "ImageRef", "InvalidImageName", "PullError", "find_image", "parse_reference"]


class InvalidImageName(Exception):
    """The text is no image reference."""


_NOT_FOUND = "rpc error: code = NotFound desc = "  # other errors have code Unknown, which the kubelet strips


class PullError(Exception):
    """The image cannot be had; the text is containerd's."""


_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[\w][\w.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A full image reference."""

    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """``docker.io/library/nginx``."""
        return f"{self.registry}/{self.path}"

    def __str__(self) -> str:
        return self.repository + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


@cache
def parse_reference(text: str) -> ImageRef:
    """Read a reference as Docker does, with docker.io, library/ and latest filled in.

    Raises
    ------
    InvalidImageName
        With upstream's wording.

    Examples
    --------
    >>> str(parse_reference("nginx")), str(parse_reference("chatter/web:1.0"))
    ('docker.io/library/nginx:latest', 'docker.io/chatter/web:1.0')
    """
    rest, _, digest = text.partition("@")
    head, slash, tail = rest.partition("/")
    registry, path = (head, tail) if slash and ("." in head or ":" in head or head == "localhost") else ("docker.io", rest)
    registry = "docker.io" if registry == "index.docker.io" else registry
    path, colon, tag = path.partition(":")
    if registry == "docker.io" and "/" not in path:
        path = f"library/{path}"
    if path != path.lower() and not (set(path.lower()) - set("abcdefghijklmnopqrstuvwxyz0123456789/._-")):
        raise InvalidImageName(f"invalid reference format: repository name ({path}) must be lowercase")
    valid = all(_COMPONENT.fullmatch(c) for c in path.split("/")) and (not colon or _TAG.fullmatch(tag))
    if not valid or ("@" in text and not _DIGEST.fullmatch(digest)):
        raise InvalidImageName("invalid reference format")
    return ImageRef(registry, path, tag or ("" if digest else "latest"), digest)


@dataclass(frozen=True, slots=True)
class Image:
    """One tag of a repository, and what its containers do."""

    name: str
    digest: str
    size: int
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0"
    users: dict[str, int] = field(default_factory=dict)
    stop_signal: str = "SIGTERM"
    tools: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    directories: dict[str, int] = field(default_factory=dict)  #: with the user each belongs to
    programs: dict[str, Object] = field(default_factory=dict)
    version: str = ""

    @property
    def image_id(self) -> str:
        """``docker.io/library/nginx@sha256:...``, as a container's status shows it."""
        return f"{self.name.rpartition(':')[0]}@{self.digest}"


def find_image(ref: ImageRef) -> Image:
    """Return the image a reference names.

    Raises
    ------
    PullError
        If there is no such image, with containerd's wording.
    """
    prefix = f'failed to pull and unpack image "{ref}": failed to resolve reference "{ref}": '
    description = _describe(ref.repository)
    if description is None:
        raise PullError(prefix + _unknown_repository(ref))
    if ref.digest:
        return _by_digest(ref, description, prefix)
    image = _by_tag(ref.repository, ref.tag)
    if image is None:
        raise PullError(f"{_NOT_FOUND}{prefix}{ref}: not found")
    return image


def _unknown_repository(ref: ImageRef) -> str:
    if ref.registry in _registries():
        denied = "pull access denied, repository does not exist or may require authorization"
        return f"{denied}: server message: insufficient_scope: authorization failed"
    url = f"https://{ref.registry}/v2/{ref.path}/manifests/{ref.digest or ref.tag}"
    host = ref.registry.partition(":")[0]
    return f'failed to do request: Head "{url}": dial tcp: lookup {host} on 10.96.0.10:53: no such host'


@cache
def _registries() -> frozenset[str]:
    return frozenset(entry.name for entry in resources.files(__package__).joinpath("images").iterdir() if entry.is_dir())


@cache
def _describe(repository: str) -> Object | None:
    import yaml

    file = resources.files(__package__).joinpath("images", *f"{repository}.yaml".split("/"))
    if not file.is_file():
        return None
    description: Object = yaml.load(file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    base = description.pop("same-as", None)
    return {**(_describe(base) or {}), **description} if base else description


def _by_digest(ref: ImageRef, description: Object, prefix: str) -> Image:
    for tag in description["tags"]:
        image = _by_tag(ref.repository, tag)
        if image is not None and image.digest == ref.digest:
            return image
    raise PullError(f"{_NOT_FOUND}{prefix}{ref}: not found")


@cache
def _by_tag(repository: str, tag: str) -> Image | None:
    description = _describe(repository)
    assert description is not None
    tags, pattern = description["tags"], description.get("tag-pattern")
    if tag not in tags and not (pattern and re.fullmatch(pattern, tag)):
        return None
    merged = {**description, **(tags.get(tag) or {})}
    version = str(merged.get("version") or re.split(r"-", tag)[0])
    return _image(repository, tag, version, merged)


def _image(repository: str, tag: str, version: str, data: Object) -> Image:
    name = f"{repository}:{tag}"
    return Image(
        name=name,
        digest=f"sha256:{hashlib.sha256(name.encode()).hexdigest()}",
        size=value(data["size"]),
        entrypoint=tuple(data.get("entrypoint") or ()),
        command=tuple(data.get("command") or ()),
        env={k: _filled(v, version) for k, v in (data.get("env") or {}).items()},
        workdir=data.get("workdir", "/"),
        user=str(data.get("user", "0")),
        users=dict(data.get("users") or {}),
        stop_signal=data.get("stop-signal", "SIGTERM"),
        tools=tuple(data.get("tools") or ()),
        files={k: _filled(v, version) for k, v in (data.get("files") or {}).items()},
        directories=dict(data.get("directories") or {}),
        programs={k: _fill_program(v, version) for k, v in (data.get("programs") or {}).items()},
        version=version,
    )


def _filled(text: Any, version: str) -> str:
    return str(text).replace("{version}", version)


def _fill_program(program: Object, version: str) -> Object:
    return {k: _filled(v, version) if isinstance(v, str) else v for k, v in program.items()}

"""Volumes of a pod: what is in them, and when it changes.

`missing` says before the start what cannot be mounted; the content is made when a container's files are first looked at,
because most pods never look at theirs. ConfigMaps, Secrets and projections of them follow their objects within a minute, all
at once (`k8slab.sim.kubelet.atomic_writer`).
Upstream: pkg/kubelet/volumemanager and pkg/volume/{emptydir,configmap,secret,projected,downwardapi,hostpath}.
ConfigMaps, Secrets and projections are read-only to containers, as upstream. Simplified: a PersistentVolume's content is
`k8slab.sim.runtime.disks`' business, whether it may be mounted `k8slab.sim.kubelet.attaching`'s; other volume types
are refused with a FailedMount event.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping

from k8slab.apimachinery.pod_claims import PodClaim, foreign, pod_claims
from k8slab.apimachinery.quantity import value
from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet.atomic_writer import write_payload
from k8slab.sim.kubelet.environment import ConfigError, Source, decode_secret, expand, field_value, resource_value
from k8slab.sim.kubelet.ownership import file_user, fs_group, give_to_group
from k8slab.sim.runtime.container import Mount
from k8slab.sim.runtime.filesystem import Directory, File, FileError, FileSystem, Node
from k8slab.sim.runtime.tmpfs import MemoryVolume

__all__ = ["PodVolumes", "missing", "references"]

_SIMPLE = ("emptyDir", "configMap", "secret", "projected", "downwardAPI", "hostPath", "persistentVolumeClaim", "ephemeral")
_WRITTEN = ("configMap", "secret", "projected", "downwardAPI")  #: by the kubelet, never by a container


def _sources_of(volume: Object) -> Iterator[tuple[str, Object]]:
    """Yield the (kind, source) pairs of a volume's ConfigMaps and Secrets."""
    if volume.get("configMap"):
        yield "ConfigMap", {"name": volume["configMap"].get("name", ""), **volume["configMap"]}
    if volume.get("secret"):
        yield "Secret", {"name": volume["secret"].get("secretName", ""), **volume["secret"]}
    for part in (volume.get("projected") or {}).get("sources") or ():
        if part.get("configMap"):
            yield "ConfigMap", part["configMap"]
        if part.get("secret"):
            yield "Secret", part["secret"]


def references(pod: Object) -> set[tuple[str, str]]:
    """Return the (kind, name) of every ConfigMap and Secret a pod's volumes show."""
    return {(kind, source["name"]) for volume in pod["spec"].get("volumes") or () for kind, source in _sources_of(volume)}


def missing(pod: Object, sources: Source, claims: Callable[[str], Object | None]) -> str | None:
    """Return why a volume cannot be set up, in upstream's words; None if all can. The API access volume never stops a pod."""
    named = {c.volume: c for c in pod_claims(pod)}
    for volume in pod["spec"].get("volumes") or ():
        name = volume["name"]
        if name.startswith("kube-api-access-"):
            continue
        problem = _claim_problem(named[name], claims, pod) if name in named else _problem(volume, sources)
        if problem:
            return f'MountVolume.SetUp failed for volume "{name}" : {problem}'
    return None


def _claim_problem(wanted: PodClaim, claims: Callable[[str], Object | None], pod: Object) -> str | None:
    claim = claims(wanted.claim)
    if claim is not None and wanted.ephemeral and (problem := foreign(claim, pod)):
        return problem
    bound = claim is not None and claim["spec"].get("volumeName")
    return None if bound else f'persistentvolumeclaim "{wanted.claim}" not bound'


def _problem(volume: Object, sources: Source) -> str | None:
    for kind, source in _sources_of(volume):
        if source.get("optional"):
            continue
        found = sources(kind, source["name"])
        if found is None:
            return f'{kind.lower()} "{source["name"]}" not found'
        absent = [i["key"] for i in source.get("items") or () if i["key"] not in _payload(kind, found)]
        if absent:
            return f"{kind.lower()} references non-existent {'config' if kind == 'ConfigMap' else 'secret'} key: {absent[0]}"
    kind = next((k for k in volume if k != "name"), "emptyDir")
    return None if kind in _SIMPLE else f"volumes of type {kind} are not simulated by the embedded cluster"


def _payload(kind: str, obj: Object) -> dict[str, bytes]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    if kind == "Secret":
        return {k: decode_secret(v) for k, v in data.items()}
    return {**{k: v.encode() for k, v in data.items()}, **{k: decode_secret(v) for k, v in binary.items()}}


def _token_paths(volume: Object) -> list[str]:
    parts = (volume.get("projected") or {}).get("sources") or ()
    return [part["serviceAccountToken"]["path"] for part in parts if part.get("serviceAccountToken")]


class PodVolumes:
    """The volumes of one pod.

    Parameters
    ----------
    pod
        The pod.
    sources
        Gives ConfigMaps and Secrets of its namespace.
    token
        Makes a ServiceAccount token for (audience, seconds).
    host
        The node's own directories.
    disk
        Gives the content of a claim's volume.
    pod_ip, host_ip, allocatable
        For the downward API.
    now
        The clock.
    """

    __slots__ = ("_allocatable", "_disk", "_host", "_host_ip", "_memory", "_now", "_pod", "_pod_ip", "_sources", "_token",
                 "opened")  # fmt: skip

    def __init__(
        self, pod: Object, sources: Source, token: Callable[[str, int], bytes],
        host: Callable[[], Directory], disk: Callable[[str], Directory], pod_ip: str, host_ip: str,
        allocatable: Mapping[str, str], now: Callable[[], float],
    ) -> None:  # fmt: skip
        self._pod, self._sources, self._token, self._host = pod, sources, token, host
        self._disk, self._pod_ip, self._host_ip, self._allocatable, self._now = (
            disk,
            pod_ip,
            host_ip,
            allocatable,
            now,
        )
        self.opened: dict[str, Node] = {}  #: what has been looked at, by the volume's name
        self._memory: dict[str, MemoryVolume] = {}

    def mounts(self, container: Object, environment: Mapping[str, str]) -> list[Mount]:
        """Return the mounts of a container."""
        volumes = {v["name"]: v for v in self._pod["spec"].get("volumes") or ()}
        found = []
        for mount in container.get("volumeMounts") or ():
            node = self._node(volumes[mount["name"]])
            sub_path = mount.get("subPath") or expand(mount.get("subPathExpr") or "", environment)
            if sub_path:
                node = self._below(node, sub_path)
            read_only = bool(mount.get("readOnly")) or any(volumes[mount["name"]].get(k) for k in _WRITTEN)
            found.append(Mount(mount["mountPath"], node, read_only, self._memory.get(mount["name"])))
        return found

    def refresh(self, pod: Object) -> None:
        """Bring the content up to date with the objects it comes from."""
        self._pod = pod
        for volume in pod["spec"].get("volumes") or ():
            directory = self.opened.get(volume["name"])
            if isinstance(directory, Directory) and any(volume.get(k) for k in _WRITTEN):
                write_payload(directory, self._files(volume), self._now(), self._own(volume))

    def _node(self, volume: Object) -> Node:
        name = volume["name"]
        if name not in self.opened:
            self.opened[name] = self._make(volume)
        return self.opened[name]

    def _below(self, node: Node, sub_path: str) -> Node:
        """Return what a subPath names: a directory, made if need be, or a copy of a file, which does not follow later changes."""
        if not isinstance(node, Directory):
            return node
        tree = FileSystem(node, self._now)
        path = posixpath.join("/", sub_path)
        if not tree.exists(path):
            tree.make_directory(path, parents=True)
        found = tree.find(path)
        return File(found.read(), found.mode, found.mtime) if isinstance(found, File) else found

    def _make(self, volume: Object) -> Node:
        if volume.get("hostPath"):
            return self._host_path(volume["hostPath"])
        for claim in pod_claims(self._pod):
            if claim.volume == volume["name"]:
                return self._disk(claim.claim)
        if volume.get("emptyDir") is not None:
            return self._given(self._empty_dir(volume), read_only=False)
        mode = 0o1777 if volume.get("secret") or volume.get("projected") else 0o777
        directory = Directory(mtime=self._now(), mode=mode)
        write_payload(directory, self._files(volume), self._now(), self._own(volume))
        return self._given(directory, read_only=True)

    def _own(self, volume: Object) -> Callable[[Directory], None]:
        """Return what gives new files to the pod's user (tokens) and group."""

        def own(fresh: Directory) -> None:
            user, tree = file_user(self._pod), FileSystem(fresh, self._now)
            for path in _token_paths(volume) if user is not None or fs_group(self._pod) is not None else ():
                tree.change_mode(f"/{path}", lambda mode: 0o600)
                tree.change_owner(f"/{path}", user or 0)
            self._given(fresh, read_only=True)

        return own

    def _empty_dir(self, volume: Object) -> Directory:
        source, directory = volume["emptyDir"], Directory(mode=0o777, mtime=self._now())
        if source.get("medium") == "Memory":
            self._memory[volume["name"]] = MemoryVolume(directory, value(source.get("sizeLimit") or "0"))
        return directory

    def _given(self, directory: Directory, read_only: bool) -> Directory:
        """Return a new directory, given to the pod's group."""
        group = fs_group(self._pod)
        if group is not None:
            give_to_group(directory, group, read_only)
        return directory

    def _host_path(self, source: Object) -> Node:
        tree = FileSystem(self._host(), self._now)
        if not tree.exists(source["path"]):
            if "File" in (source.get("type") or ""):
                tree.make_directory(posixpath.dirname(source["path"]), parents=True)
                tree.write(source["path"], b"")
            else:
                tree.make_directory(source["path"], parents=True)
        return tree.find(source["path"])

    def _files(self, volume: Object) -> Iterator[tuple[str, bytes, int]]:
        if volume.get("configMap") or volume.get("secret"):
            for kind, source in _sources_of(volume):
                yield from self._keys(kind, source, source.get("defaultMode", 0o644))
        if volume.get("downwardAPI"):
            yield from self._downward(volume["downwardAPI"].get("items") or (), volume["downwardAPI"].get("defaultMode", 0o644))
        projected = volume.get("projected") or {}
        mode = projected.get("defaultMode", 0o644)
        for part in projected.get("sources") or ():
            if part.get("serviceAccountToken"):
                token = part["serviceAccountToken"]
                yield token["path"], self._token(token.get("audience", ""), token.get("expirationSeconds", 3600)), mode
            if part.get("downwardAPI"):
                yield from self._downward(part["downwardAPI"].get("items") or (), mode)
            for kind, source in _sources_of({"projected": {"sources": [part]}}):
                yield from self._keys(kind, source, mode)

    def _keys(self, kind: str, source: Object, mode: int) -> Iterator[tuple[str, bytes, int]]:
        found = self._sources(kind, source["name"])
        payload = _payload(kind, found) if found is not None else {}
        if not source.get("items"):
            yield from ((key, value, mode) for key, value in payload.items())
        for item in source.get("items") or ():
            if item["key"] in payload:
                yield item["path"], payload[item["key"]], item.get("mode", mode)

    def _downward(self, items: Iterable[Object], mode: int) -> Iterator[tuple[str, bytes, int]]:
        containers = {c["name"]: c for c in self._pod["spec"]["containers"]}
        for item in items:
            try:
                if item.get("fieldRef"):
                    text = field_value(self._pod, item["fieldRef"]["fieldPath"], self._pod_ip, self._host_ip)
                else:
                    reference = item["resourceFieldRef"]
                    text = resource_value(containers[reference["containerName"]], reference, self._allocatable)
            except (ConfigError, KeyError, FileError):
                continue
            yield item["path"], text.encode(), item.get("mode", mode)

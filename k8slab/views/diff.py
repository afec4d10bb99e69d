"""The difference view: an object as YAML now and as it was (or another object), each line with the managers who own it."""

from collections.abc import Sequence

from k8slab.apimachinery.types import Object, key_of
from k8slab.client.cluster import Cluster
from k8slab.client.history import Entry
from k8slab.client.manifests import Manifest, manifests
from k8slab.topology.changes import words_of
from k8slab.topology.yamllines import DiffLine, diff_lines, folded
from k8slab.views.panel import Cell, button, cell, commands, controls, grid, note, panel, select
from k8slab.views.panels import LivePanel, split_thing
from k8slab.views.scene import Scene

__all__ = ["DiffView", "diff_scene"]

_LONGEST = 140  # characters; annotations can be pages long
_MARKS = {" ": ("", ""), "-": ("−", "no"), "+": ("+", "ok"), "…": ("⋯", "soft")}


def diff_scene(
    name: str,
    lines: Sequence[DiffLine],
    against: str,
    controls_: Scene | None = None,
    manager: str = "",
    shell: Scene | None = None,
) -> Scene:
    """Return the scene of a difference; lines of ``manager`` are set off."""
    more, less = (sum(line.mark == mark for line in lines) for mark in "+-")
    managers = sorted({o for line in lines for o in line.owners})
    tones = {m: "abcde"[i % 5] for i, m in enumerate(managers)}
    alt = f"Against {against}: {more} lines more, {less} lines less." if against else "As it is, with who owns which field."
    rows = [_row(line, tones, manager) for line in lines]
    owners = f"Owners in managedFields: {', '.join(managers)}." if managers else "No managedFields say who owns what."
    blocks = {
        "choice": controls_,
        "owners": note(owners),
        "same": note("There is no difference.", "info") if against and not more and not less else None,
        "lines": grid(("", "YAML", "OWNED BY"), rows, mono=True, tall=True),
        "commands": shell,
    }
    return panel(name, alt, blocks)


def _row(line: DiffLine, tones: dict[str, str], manager: str) -> list[Cell]:
    mark, tone = _MARKS[line.mark]
    owned = manager and manager in line.owners
    owners = ", ".join(line.owners)
    return [cell(mark, tone), cell(_short(line.text), tone or ("win" if owned else "")),
            cell(owners, tones.get(line.owners[0], "soft") if line.owners else "soft")]  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class DiffView(LivePanel):
    """An object's YAML with the owners of its fields, live, against an earlier version, a manifest or another object."""

    def __init__(self, cluster: Cluster, thing: str, other: str | Manifest | None = None) -> None:
        self._resource, self._namespace, self._name = split_thing(thing, "pods", cluster)
        known = cluster.resource(self._resource)
        self._kind, self._full = known.kind, known.full_name
        if not known.namespaced:
            self._namespace = ""
        self._thing, self._against, self._all, self._manager = thing, "", False, ""
        self._other, self._other_name = _other(cluster, self._full, other)
        if self._other is not None:
            self._against = "other"
        super().__init__(cluster, [self._full])

    def make_scene(self) -> Scene:
        """Return the difference as a scene."""
        obj = self.one(self._kind, self._name, self._namespace)
        versions = self._versions()
        if obj is None:
            gone = next((e.object for e in reversed(versions)), None)
            words = f"{self._thing} does not exist{' any more' if gone else ''}."
            return panel(self._thing, words, {"problem": note(words, "warn")})
        old, against = self._old(versions)
        lines = diff_lines(_without_version(old), _without_version(obj) or obj)
        shown = lines if self._all or old is None or old == obj else folded(lines)
        return diff_scene(
            f"{self._kind} {self._name}", shown, against, self._controls(obj, versions), self._manager, commands(*self._shell())
        )

    def act(self, name: str, value: object) -> None:
        """Compare with something else, show all lines or those of one manager."""
        if name == "against":
            self._against = str(value)
        elif name == "all":
            self._all = not self._all
        elif name == "manager":
            self._manager = str(value)
        self.again()

    def _versions(self) -> list[Entry]:
        history = self.cluster.history
        wanted = f"{self._namespace}/{self._name}" if self._namespace else self._name
        return [e for e in history.entries(all_=False) if e.key == self.source(self._full) and key_of(e.object) == wanted]

    def _earliest(self) -> Object | None:
        wanted = f"{self._namespace}/{self._name}" if self._namespace else self._name
        before = self.cluster.history.objects(self.source(self._full), 0).get(wanted)
        return before or next((e.object for e in self._versions()), None)

    def _old(self, versions: list[Entry]) -> tuple[Object | None, str]:
        if self._against == "other":
            return self._other, self._other_name
        if self._against == "first":
            return self._earliest(), "the first version seen"
        entry = next((e for e in versions if str(e.number) == self._against), None)
        return (entry.object, f"change {entry.number}") if entry else (None, "")

    def _controls(self, obj: Object, versions: list[Entry]) -> Scene:
        options = [("", "nothing: just show it")]
        options += [("other", self._other_name)] if self._other is not None else []
        options += [("first", "the first version seen")] if self._earliest() is not None else []
        last: Object | None = self._earliest()
        for e in versions:
            words, _ = words_of(e.type, last, e.object)
            last = e.object
            if words:
                options.append((str(e.number), f"{e.moment[11:19]} {words}"[:70]))
        managers = sorted({m["manager"] for m in obj["metadata"].get("managedFields") or ()})
        return controls(
            select("against", "Compare with", options, self._against),
            select("manager", "Set off", [("", "no manager"), *((m, m) for m in managers)], self._manager),
            button("all", "All lines", pressed=self._all),
        )

    def _shell(self) -> list[tuple[str, str]]:
        scope = f" -n {self._namespace}" if self._namespace else ""
        target = f"{self._resource} {self._name}{scope}"
        return [("With owners", f"kubectl get {target} -o yaml --show-managed-fields"),
                ("A file against the cluster", f"kubectl diff --server-side -f FILE{scope}")]  # fmt: skip


def _without_version(obj: Object | None) -> Object | None:
    """Leave out the resource version, which differs by nature."""
    if obj is None:
        return None
    return {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}}


def _other(cluster: Cluster, full: str, other: str | Manifest | None) -> tuple[Object | None, str]:
    """Return what is compared with: a manifest, or another object by its name."""
    if other is None:
        return None, ""
    if isinstance(other, str) and "\n" not in other and ":" not in other:
        resource, namespace, name = split_thing(other, full, cluster)
        return cluster.get(resource, name, namespace), other
    return manifests(other)[0], "the manifest"

"""The allow/deny matrix view: who may talk to whom, and which policy decides."""

from k8slab.client.cluster import ALL, Cluster
from k8slab.topology.matrix import Cell, Matrix, matrix
from k8slab.views.panel import button, cell, commands, controls, field, grid, note, panel, select
from k8slab.views.panels import LivePanel, served
from k8slab.views.scene import Scene

__all__ = ["MatrixView", "matrix_scene"]

_MOST = 60  # rows; a matrix of more is not read by anybody
_MARKS = {True: ("✓", "ok", "allowed"), False: ("✗", "no", "refused"), None: ("◐", "warn", "allowed for some pods only")}
_FOLLOWED = ("pods", "networkpolicies.networking.k8s.io", "namespaces", "services")


def matrix_scene(found: Matrix, controls_: Scene | None = None, *, by_app: bool = True, shell: Scene | None = None) -> Scene:
    """Return the scene of a matrix."""
    shown = found.names[:_MOST]
    what = "apps" if by_app else "pods"
    rows: list[list[str | Scene]] = [
        [source, *(_cell(source, target, found.cells[source, target]) for target in shown)] for source in shown
    ]
    verdicts = [found.cells[a, b].allowed for a in shown for b in shown if a != b]
    free, refused = verdicts.count(True), verdicts.count(False)
    alt = f"{len(shown)} {what}: {free} pair{'' if free == 1 else 's'} may talk, {refused} may not."
    rest = len(found.names) - len(shown)
    blocks = {
        "choice": controls_,
        "legend": note(
            "From the row to the column.  ✓ allowed   ✗ refused   ◐ some of the pods only.  Open a cell to see who decides."
        ),
        "grid": grid(("FROM ↓   TO →", *shown), rows, upright=True, tall=True) if shown else note("No pods here."),
        "rest": note(f"{rest} more {what} are not shown: choose a namespace.", "warn") if rest > 0 else None,
        "commands": shell,
    }
    return panel("Who may talk to whom", alt, blocks)


def _cell(source: str, target: str, found: Cell) -> Scene:
    mark, tone, words = _MARKS[found.allowed]
    if source == target and found.verdicts[-1].text == "a pod reaches itself":
        mark, tone = "·", "soft"
    head = f"{source} → {target}, port {found.port}: {words}."
    why = [f"{v.direction}: {v.text}." for v in found.verdicts] if not found.exceptions else [f"{e}." for e in found.exceptions]
    policy = f"Decided by NetworkPolicy {found.policy}." if found.policy else "No policy decides: what none selects is free."
    return cell(mark, tone, middle=True, label=head, more="\n".join([head, *why, policy]))


class MatrixView(LivePanel):
    """Who may talk to whom as the cluster's NetworkPolicies declare it, live."""

    def __init__(self, cluster: Cluster, namespace: str = ALL, *, by_app: bool = True, port: int = 0) -> None:
        self._shown, self._by_app, self._port = namespace, by_app, port
        super().__init__(cluster, served(cluster, _FOLLOWED))

    def make_scene(self) -> Scene:
        """Return the matrix as a scene."""
        pods = self.of("Pod", self._shown)
        found = matrix(
            pods, self.of("NetworkPolicy"), self.of("Namespace"), self.of("Service"), by_app=self._by_app, port=self._port
        )
        spaces = sorted({p["metadata"]["namespace"] for p in self.of("Pod")} | ({self._shown} if self._shown else set()))
        choice = controls(
            select("namespace", "Namespace", [("", "all"), *((s, s) for s in spaces)], self._shown),
            button("by", "Apps", "app", pressed=self._by_app),
            button("by", "Pods", "pod", pressed=not self._by_app),
            field("port", "Port", str(self._port or ""), "each target's own"),
        )
        shell = commands(("The policies", f"kubectl get networkpolicies {f'-n {self._shown}' if self._shown else '-A'} -o yaml"))
        return matrix_scene(found, choice, by_app=self._by_app, shell=shell)

    def act(self, name: str, value: object) -> None:
        """Show another part."""
        if name == "namespace":
            self._shown = str(value)
        elif name == "by":
            self._by_app = value == "app"
        elif name == "port":
            self._port = int(str(value)) if str(value).isdigit() and int(str(value)) < 65536 else 0
        self.again()

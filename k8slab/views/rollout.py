"""The rollout view: old and new ReplicaSets of a Deployment over time, between the bounds that its strategy sets."""

from k8slab.apimachinery.types import Object
from k8slab.client.cluster import Cluster
from k8slab.errors import K8slabError
from k8slab.topology.rollouts import Generation, Version, bounds, generations, over_time, owned, state_of
from k8slab.views.charts import Chart, Series, charts
from k8slab.views.panel import Cell, button, cell, commands, controls, grid, note, panel
from k8slab.views.panels import LivePanel, split_thing
from k8slab.views.scene import Scene
from k8slab.views.versions import now_of, span_choice, versions_of

__all__ = ["RolloutView", "rollout_scene"]

_TONES = "abcdef"
_MOST = 5  # revisions drawn


def rollout_scene(
    deployment: Object, sets: list[Object], versions: list[Version], now: float | None = None, *, said: str = "",
    span: float = 0,
) -> Scene:  # fmt: skip
    """Return the scene of a Deployment's rollout."""
    name, namespace = deployment["metadata"]["name"], deployment["metadata"].get("namespace", "")
    found = generations(deployment, sets)
    words, tone = state_of(deployment, found)
    alt = f"{len(found)} ReplicaSet{'' if len(found) == 1 else 's'}."
    paused = bool((deployment.get("spec") or {}).get("paused"))
    rows: list[list[Cell]] = [_row(g) for g in found]
    scope = f"deployment/{name} -n {namespace}"
    blocks = {
        "choice": controls(
            button("pause", "Resume" if paused else "Pause", not paused),
            button("undo", "Undo", found[1].name if len(found) > 1 else "", off=len(found) < 2), span_choice(span),
        ),
        "said": note(said, "no") if said else None,
        "state": note(words, tone),
        "chart": charts(_charts(deployment, found, versions), f"{alt} {words}", now, span),
        "sets": grid(("REVISION", "REPLICASET", "IMAGES", "WANTED", "PODS", "READY", "AVAILABLE"), rows, "Newest first"),
        "commands": commands(
            ("How it stands", f"kubectl rollout status {scope}"), ("Its revisions", f"kubectl rollout history {scope}"),
            ("Resume" if paused else "Pause", f"kubectl rollout {'resume' if paused else 'pause'} {scope}"),
            ("Undo", f"kubectl rollout undo {scope}"),
        ),
    }  # fmt: skip
    return panel(f"Rollout of {name}", alt, blocks)


def _row(g: Generation) -> list[Cell]:
    name = f"{g.name} (current)" if g.current else g.name
    ready: Cell = cell(g.ready, "ok" if g.ready == g.wanted else "warn") if g.wanted else str(g.ready)
    return [str(g.revision), name, g.images, str(g.wanted), str(g.pods), ready, str(g.available)]


def _charts(deployment: Object, found: list[Generation], versions: list[Version]) -> list[Chart]:
    shown = [g for g in found if g.pods or over_time(g.uid, versions, "replicas")][:_MOST]
    least, most = bounds(deployment)
    ready = [Series(f"rev. {g.revision} ready", _TONES[i], over_time(g.uid, versions, "readyReplicas"), "step")
             for i, g in enumerate(shown)]  # fmt: skip
    begin = min((when for when, _, _ in versions), default=None)
    lines = [*ready]
    if begin is not None:
        lines += [Series(f"at most {most} pods", "soft", ((begin, most),), "limit"),
                  Series(f"at least {least} available", "soft", ((begin, least),), "limit")]  # fmt: skip
    pods = [
        Series(f"rev. {g.revision} pods", _TONES[i], over_time(g.uid, versions, "replicas"), "step") for i, g in enumerate(shown)
    ]
    return [
        Chart("Ready pods of each revision", tuple(lines), height=130),
        Chart("Pods of each revision", tuple(pods), height=100),
    ]


class RolloutView(LivePanel):
    """A Deployment's rollout, live, from the recorded versions of its ReplicaSets."""

    def __init__(self, cluster: Cluster, thing: str) -> None:
        resource, self._namespace, self._name = split_thing(thing, "deployments", cluster)
        if cluster.resource(resource).full_name != "deployments.apps":
            raise K8slabError(
                f"{thing!r} is no Deployment: only those roll out through ReplicaSets. Say it as in deployment/web."
            )
        self._span = 0.0
        super().__init__(cluster, ["deployments.apps", "replicasets.apps"])

    def make_scene(self) -> Scene:
        """Return the rollout as a scene."""
        deployment = self.one("Deployment", self._name, self._namespace)
        if deployment is None:
            words = f'There is no Deployment "{self._name}" in namespace "{self._namespace}".'
            return panel(f"Rollout of {self._name}", words, {"problem": note(words, "warn")})
        sets = self.of("ReplicaSet", self._namespace)
        uids = {s["metadata"].get("uid") for s in owned(deployment, sets)}
        versions = [v for v in versions_of(self.cluster, self.source("replicasets.apps")) if v[2]["metadata"].get("uid") in uids]
        return rollout_scene(deployment, sets, versions, now_of(self.cluster, self.sources), said=self._said, span=self._span)

    def act(self, name: str, value: object) -> None:
        """Pause, resume or undo, as ``kubectl rollout`` does."""
        path = self.cluster.resource("deployments.apps").path(self._namespace, self._name)
        merge = {"Content-Type": "application/strategic-merge-patch+json"}
        if name == "span":
            self._span = float(str(value))
            self.again()
        elif name == "pause":
            self.try_("Pause", "PATCH", path, {"spec": {"paused": bool(value)}}, merge)
        elif name == "undo" and value:
            old = self.one("ReplicaSet", str(value), self._namespace)
            if old is not None:
                template = old["spec"]["template"]
                meta = {**template.get("metadata", {})}
                meta["labels"] = {k: v for k, v in (meta.get("labels") or {}).items() if k != "pod-template-hash"}
                body = [{"op": "replace", "path": "/spec/template", "value": {**template, "metadata": meta}}]
                self.try_("Undo", "PATCH", path, body, {"Content-Type": "application/json-patch+json"})

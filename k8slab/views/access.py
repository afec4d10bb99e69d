"""The RBAC view: subject → binding → role → rule, the answer to a question, and how to become the subject."""

import re

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.types import Object, key_of
from k8slab.client.cluster import Cluster, subject_name
from k8slab.client.errors import sentence
from k8slab.errors import K8slabError
from k8slab.topology.access_paths import AccessPath, Question, access_paths, answer, user_of
from k8slab.views.drawing import path, rect, text
from k8slab.views.panel import Cell, button, cell, commands, controls, drawing, field, grid, note, panel, select
from k8slab.views.panels import LivePanel
from k8slab.views.scene import Scene

__all__ = ["AccessView", "access_scene"]

_RBAC = "rbac.authorization.k8s.io"
_FOLLOWED = (
    f"roles.{_RBAC}",
    f"clusterroles.{_RBAC}",
    f"rolebindings.{_RBAC}",
    f"clusterrolebindings.{_RBAC}",
    "serviceaccounts",
)
_COLUMN_W, _BOX_W, _ROW_H, _BOX_H = 224, 190, 42, 34
_PARTS = re.compile(r"((?:[^ ]+, )*[^ ]+) (.*)")  # "RoleBinding chat/x", "get, list pods"
_MOST = 14  # rules drawn; the table has all


def access_scene(
    subject: str, namespace: str, ways: list[AccessPath], verdict: tuple[bool, str] | None = None, asked: str = "", *,
    controls_: Scene | None = None, tried: str = "", shell: Scene | None = None,
) -> Scene:  # fmt: skip
    """Return the scene of what a subject may do in a namespace."""
    roles = {w.role for w in ways}
    alt = f"{subject} holds {_count(len(ways), 'rule')} of {_count(len(roles), 'role')} in namespace {namespace}."
    result = None
    if verdict is not None:
        why = verdict[1][:1].upper() + verdict[1][1:]
        result = note(f"{'Yes' if verdict[0] else 'No'}: {asked}. {why}.", "ok" if verdict[0] else "no")
    rows: list[list[Cell]] = [[_toned(w.via, w), _toned(w.binding, w), _toned(w.role, w), _toned(w.rule, w)] for w in ways]
    blocks = {
        "choice": controls_,
        "result": result,
        "tried": note(tried, "info") if tried else None,
        "paths": _paths(subject, ways, alt) if ways else note("No binding gives it a rule, so it may do nothing here.", "warn"),
        "grid": grid(("SUBJECT", "BINDING", "ROLE", "RULE"), rows, "Each way to each rule") if ways else None,
        "commands": shell,
    }
    return panel("Who may do what", alt, blocks)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _toned(words: str, way: AccessPath) -> Cell:
    return cell(words, "ok") if way.decides else words


def _paths(subject: str, ways: list[AccessPath], alt: str) -> Scene:
    shown = sorted(ways, key=lambda w: (not w.decides, w.common))[:_MOST]
    columns: list[list[str]] = [[subject]]
    columns += [list(dict.fromkeys(str(getattr(w, name)) for w in shown)) for name in ("binding", "role", "rule")]
    height = max(map(len, columns)) * _ROW_H
    places = [{n: (i + 0.5) * height / len(names) for i, n in enumerate(names)} for names in columns]
    deciding = [w for w in shown if w.decides]
    lit = {subject, *(n for w in deciding for n in (w.binding, w.role, w.rule))} if deciding else set()
    shapes = [shape for w in shown for shape in _links(subject, w, places)]
    shapes += [shape for c, names in enumerate(columns) for n in names for shape in _box(c, n, places[c][n], n in lit)]
    heads = ("SUBJECT", "BINDING", "ROLE", "RULE")
    shapes += [text(c * _COLUMN_W + 4, 12, head, 10, "soft", weight=600) for c, head in enumerate(heads)]
    rows = [[w.via, w.binding, w.role, w.rule] for w in ways]
    return drawing(3 * _COLUMN_W + _BOX_W + 4, height + 20, alt, shapes, (heads, rows))


def _links(subject: str, way: AccessPath, places: list[dict[str, float]]) -> list[Scene]:
    names = (subject, way.binding, way.role, way.rule)
    tone, width = ("ok", 2.5) if way.decides else ("line", 1.3)
    found = []
    for c in range(3):
        x, end = c * _COLUMN_W + _BOX_W + 2, (c + 1) * _COLUMN_W + 2
        y, to = places[c][names[c]] + 18, places[c + 1][names[c + 1]] + 18
        middle = (x + end) / 2
        found.append(path(f"M{x:g},{y:g}C{middle:g},{y:g} {middle:g},{to:g} {end:g},{to:g}", tone, width=width))
    return found


def _box(column: int, name: str, y: float, lit: bool) -> list[Scene]:
    x = column * _COLUMN_W + 2
    parts = _PARTS.fullmatch(name) if column else None
    kind, rest = parts.groups() if parts else ("", name)
    top, tone = y + 18 - _BOX_H / 2, "ok" if lit else "line"
    head = rect(x, top, _BOX_W, _BOX_H, "card", stroke=tone, more=name, label=name)
    ink = "ok" if lit else "ink"
    if not kind:
        return [head, text(x + 8, top + 21, _cut(rest), 11, ink, weight=600 if column == 0 else 400)]
    return [head, text(x + 8, top + 13, kind, 9, "soft"), text(x + 8, top + 27, _cut(rest, 27), 11, ink)]


def _cut(words: str, limit: int = 31) -> str:
    if words.startswith("system:serviceaccount:"):
        words = words.removeprefix("system:serviceaccount:").replace(":", "/")
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


class AccessView(LivePanel):
    """What a subject may do and why, live; `become` is the cluster as that subject sees it."""

    def __init__(self, cluster: Cluster, subject: str, question: str = "", namespace: str | None = None) -> None:
        self._subject = subject_name(
            subject if "/" in subject or ":" in subject or "@" in subject else f"sa/{subject}", cluster.namespace
        )
        self._namespace = cluster.namespace if namespace is None else namespace
        self._asked, self._everybody, self._tried = question, False, ""
        super().__init__(cluster, _FOLLOWED)

    def become(self) -> Cluster:
        """Return the cluster as this subject: every request of it is made in its name (impersonation)."""
        other = self.cluster.as_(self._subject)
        other.namespace = self._namespace
        return other

    def make_scene(self) -> Scene:
        """Return the ways to each rule as a scene."""
        objects = list(self._objects.values())
        user = user_of(self._subject)
        verdict, problem = None, ""
        question = None
        if self._asked:
            try:
                question = self._question()
                verdict = answer(objects, user, question)
            except K8slabError as error:
                problem = str(error)
        ways = [w for w in access_paths(objects, user, self._namespace, question) if self._everybody or not w.common or w.decides]
        scene = access_scene(
            self._subject, self._namespace, ways, verdict, self._asked, controls_=self._controls(),
            tried=problem or self._tried, shell=commands(*self._shell()),
        )  # fmt: skip
        return scene

    def act(self, name: str, value: object) -> None:
        """Show another subject, ask another question, or try it in the subject's name."""
        self._tried = ""
        if name == "subject":
            self._subject = str(value)
        elif name == "question":
            self._asked = str(value).strip()
        elif name == "everybody":
            self._everybody = not self._everybody
        elif name == "become":
            self._tried = self._try()
        self.again()

    def _controls(self) -> Scene:
        accounts = [(f"system:serviceaccount:{key_of(o).replace('/', ':')}", f"ServiceAccount {key_of(o)}")
                    for o in self.of("ServiceAccount")]  # fmt: skip
        named = {s["name"]: s["kind"] for o in self._objects.values() for s in o.get("subjects") or () if s["kind"] == "User"}
        options = [*accounts, *((n, f"{kind} {n}") for n, kind in sorted(named.items()))]
        if self._subject not in [o[0] for o in options]:
            options.insert(0, (self._subject, self._subject))
        return controls(
            select("subject", "Subject", options, self._subject),
            field("question", "May it", self._asked, "get pods"),
            button("everybody", "What everybody may, too", pressed=self._everybody),
            button("become", "Become it and ask the cluster"),
        )

    def _question(self) -> Question:
        verb, _, what = self._asked.partition(" ")
        resource, _, name = what.strip().partition(" ")
        if not resource:
            raise K8slabError(f'"{self._asked}" is no question: say a verb and a resource, such as "get pods".')
        plain, _, sub = resource.partition("/")
        known = self.cluster.resource(plain)
        return Question(verb, known.plural, known.group, sub, self._namespace if known.namespaced else "", name.strip())

    def _try(self) -> str:
        """Ask the cluster itself, in the subject's name."""
        try:
            q = self._question() if self._asked else Question("list", "pods", namespace=self._namespace)
            attributes: Object = {"verb": q.verb, "group": q.group, "resource": q.resource, "subresource": q.subresource,
                                  "namespace": q.namespace, "name": q.name}  # fmt: skip
            body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
            review = {**body, "spec": {"resourceAttributes": {k: v for k, v in attributes.items() if v}}}
            status = self.become().request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=review)[
                "status"
            ]
        except (ApiException, K8slabError) as error:
            return f"Asked as {self._subject}: {sentence(error)}"
        words = f"{'yes' if status.get('allowed') else 'no'}{': ' + status['reason'] if status.get('reason') else ''}"
        return f"Asked as {self._subject}, may it {q.verb} {q.resource}? The cluster says {words}."

    def _shell(self) -> list[tuple[str, str]]:
        scope = f"-n {self._namespace} --as={self._subject}"
        asked = [("The question", f"kubectl auth can-i {self._asked} {scope}")] if self._asked else []
        return [*asked, ("All it may", f"kubectl auth can-i --list {scope}"), ("Act in its name", f"kubectl get pods {scope}"),
                ("The same in Python", f'cluster.as_("{self._subject}").list("pods")')]  # fmt: skip

"""A pod without a node: why, node by node, and the smallest change that would give it one.

In order: gates, a scheduler that nobody runs, claims, nodes; then the scheduler's plugins judge every node, and the changes of
`relaxations` are tried, one alone, then two together.
"""

import re
from collections import Counter
from collections.abc import Sequence

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.client.tables import Table
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Evidence
from k8slab.explain.blame import Author, author_of
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.claims import claims
from k8slab.explain.pods.fitting import words_for
from k8slab.explain.pods.relaxations import CONTROL_PLANE, Relaxation, relaxations
from k8slab.explain.pods.simulation import Inputs, Refusal, inputs, refusals
from k8slab.explain.wording import clause, condition, count, join, kubectl, quoted, since
from k8slab.explain.world import World, event_evidence

__all__ = ["scheduling"]

_ROWS = 20
_AT_ONCE = 10.0  #: seconds a scheduler may take
_ALONE, _TOGETHER = 32, 8  #: how many changes are tried alone, and in twos


def scheduling(world: World, pod: Object) -> Answer | None:
    """Say why a pod has no node."""
    if pod["spec"].get("nodeName"):
        return None
    author = author_of(world, pod)
    return _gated(pod, author) or _other_scheduler(world, pod, author) or claims(world, pod, author) or _nodes(world, pod, author)


def _gated(pod: Object, author: Author) -> Answer | None:
    gates = [g["name"] for g in pod["spec"].get("schedulingGates") or ()]
    if not gates:
        return None
    text = f"The scheduler does not look at {label_of(pod)} before its scheduling gate {quoted(gates)} is removed."
    seen = (Evidence(f"{label_of(pod)} spec.schedulingGates", ", ".join(gates)),)
    return Answer(
        "pod.scheduling.gated",
        text,
        label_of(pod),
        "spec.schedulingGates",
        namespace_of(pod),
        evidence=seen,
        change="Whoever set the gate has to remove it.",
        command=kubectl(f"edit {label_of(pod)}", namespace_of(pod)),
    )


def _other_scheduler(world: World, pod: Object, author: Author) -> Answer | None:
    name = pod["spec"].get("schedulerName") or "default-scheduler"
    if name == "default-scheduler" or world.events(pod, "FailedScheduling") or condition(pod, "PodScheduled"):
        return None
    text = f"{label_of(pod)} asks for the scheduler {name!r}, and none of that name has looked at it."
    seen = (Evidence(f"{label_of(pod)} spec.schedulerName", name),)
    return Answer(
        "pod.scheduling.no-scheduler",
        text,
        author.label,
        author.field("schedulerName"),
        author.namespace,
        LIKELY,
        seen,
        "Leave schedulerName out, or run that scheduler.",
        kubectl(author.edit, author.namespace),
    )


def _said(world: World, pod: Object) -> tuple[Evidence, ...]:
    told = condition(pod, "PodScheduled")
    if told.get("message"):
        return (Evidence(f"{label_of(pod)} status.conditions[PodScheduled]", clause(told["message"])),)
    return tuple(event_evidence(e) for e in world.events(pod, "FailedScheduling", deciding=False)[:1])


def _nodes(world: World, pod: Object, author: Author) -> Answer:
    seen = _said(world, pod)
    if pod["spec"].get("resourceClaims"):
        text = f"{label_of(pod)} uses resource claims (devices), and which node has them is not known here."
        return Answer("unknown", text, author.label, author.field("resourceClaims"), author.namespace, UNKNOWN, seen, "",
                      kubectl(f"describe {label_of(pod)}", namespace_of(pod)))  # fmt: skip
    if not world.sees("nodes"):
        return _by_message(pod, author, seen)
    given = inputs(world, pod)
    if not given.nodes:
        return Answer("pod.scheduling.no-nodes", "The cluster has no nodes.", label_of(pod), "spec.nodeName", namespace_of(pod),
                      evidence=seen, change="Add a node.", command="kubectl get nodes")  # fmt: skip
    status = given.run()
    if status["result"] == "Scheduled":
        return _fits(world, pod, status["node"], seen)
    found = refusals(status)
    options = _options(given, found)
    best = options[0] if options else None
    table = _table(found)
    if best is None:
        reasons = join(sorted({reason for r in found for reason in r.reasons}))
        text = f"{label_of(pod)} fits no node, and no single change (nor two) would give it one: {reasons}."
        return Answer("pod.scheduling.several", text, author.label, author.field(""), author.namespace, LIKELY, seen,
                      "Look at the table: what refuses it on the node where it should go?",
                      kubectl(f"describe {label_of(pod)}", namespace_of(pod)), table=table)  # fmt: skip
    return _answer(world, given, found, author, options, seen, table)


def _fits(world: World, pod: Object, node: str, seen: tuple[Evidence, ...]) -> Answer:
    """The plugins find a node: the scheduler has not got to it yet, or knows something that was not seen."""
    age = world.age(pod["metadata"].get("creationTimestamp"))
    nominated = (pod.get("status") or {}).get("nominatedNodeName")
    name, where = label_of(pod), namespace_of(pod)
    command = kubectl(f"get {name} -w", where)
    if nominated:
        text = f"{name} waits for pods of lower priority to leave node {nominated}, which it is nominated for."
        return Answer("pod.scheduling.preempting", text, name, "status.nominatedNodeName", where, evidence=seen,
                      change="Nothing: they are in their grace.", command=command)  # fmt: skip
    if age <= _AT_ONCE:
        text = f"{name} was made {since(age)} ago and would fit node {node}: the scheduler will get to it."
        return Answer(
            "pod.scheduling.soon", text, name, "spec.nodeName", where, evidence=seen, change="Nothing: wait.", command=command
        )
    if seen:
        text = f"{name} would fit node {node} now; it did not when the scheduler looked last, and will be tried again soon."
        return Answer("pod.scheduling.retry", text, name, "spec.nodeName", where, LIKELY, seen, "Nothing: wait.", command)
    text = f"{name} would fit node {node}, but no scheduler has looked at it for {since(age)}: does kube-scheduler run?"
    return Answer("pod.scheduling.silent", text, name, "spec.schedulerName", where, LIKELY, seen, "Start the scheduler.",
                  "kubectl get leases -n kube-system kube-scheduler")  # fmt: skip


Option = tuple[Relaxation, ...]


def _options(given: Inputs, found: Sequence[Refusal]) -> list[Option]:
    """Return the changes that would give the pod a node, the smallest first: one alone, else two together."""
    single: list[Option] = [(relaxation,) for relaxation in relaxations(given, found)[:_ALONE]]
    alone = _working(given, single)
    if alone:
        return alone
    pairs: list[Option] = []
    for (first,) in [s for s in single if not s[0].detail.startswith(CONTROL_PLANE)][:_TOGETHER]:
        changed = first.apply(given)
        following = relaxations(changed, refusals(changed.run()))
        pairs += [(first, second) for second in following if second[:2] != first[:2]][:_TOGETHER]
    return _working(given, pairs)


def _working(given: Inputs, options: Sequence[Option]) -> list[Option]:
    ranked = [(rank, option) for option in options if (rank := _rank(option, given)) is not None]
    return [option for _, option in sorted(ranked, key=lambda pair: pair[0])]


def _rank(combination: Option, given: Inputs) -> tuple[bool, bool, int, int] | None:
    """None if the pod still fits nowhere. What is meant so (a selector that some node satisfies) is changed last but one, the
    control plane's taint last."""
    changed = given
    for relaxation in combination:
        changed = relaxation.apply(changed)
    status = changed.run()
    if status["result"] != "Scheduled":
        return None
    odd = sum(r.verdict in ("taint", "node-not-ready", "pods") for r in combination)
    control_plane = any(r.detail.startswith(CONTROL_PLANE) for r in combination)
    return control_plane, any(r.meant for r in combination), -int(status["nodesFeasible"]), odd


def _answer(
    world: World, given: Inputs, found: Sequence[Refusal], author: Author, options: Sequence[Option],
    seen: tuple[Evidence, ...], table: Table,
) -> Answer:  # fmt: skip
    parts = [words_for(world, given, relaxation, author) for relaxation in options[0]]
    first = parts[0]
    refused = count(len(given.nodes), "node")
    says = join(part.says for part in parts)
    text = f"{label_of(given.pod)} fits none of {refused}: {says}."
    change = first.change if len(parts) == 1 else f"Both are needed: {' '.join(part.change for part in parts)}"
    other = next((o[0] for o in options[1:] if len(o) == 1 and _another(o[0], options[0][0])), None)
    if other is not None and len(parts) == 1:
        change += f" Or else: {words_for(world, given, other, author).change}"
    verdict = f"pod.scheduling.{first.verdict if len(parts) == 1 else 'several'}"
    evidence = (*seen, *(e for part in parts for e in part.evidence))
    sure = KNOWN if _agrees(seen, found) else LIKELY
    return Answer(verdict, text, first.object, first.field, first.namespace, sure, evidence, change,
                  command=first.command, table=table)  # fmt: skip


def _agrees(seen: Sequence[Evidence], found: Sequence[Refusal]) -> bool:
    """Whether the scheduler's own message, if there is one, has a reason in common with what its plugins say here."""
    if not seen:
        return True
    message = _plain(seen[0].text)
    return any(_plain(reason) in message for refusal in found for reason in refusal.reasons)


def _plain(text: str) -> str:
    """A reason without what differs between versions: the taint in braces, plural brackets."""
    return " ".join(re.sub(r"\{[^}]*\}|\(s\)", "", text).split()).replace("nodes ", "node ")


def _another(one: Relaxation, best: Relaxation) -> bool:
    return one.verdict != best.verdict and not one.detail.startswith(CONTROL_PLANE)


def _table(found: Sequence[Refusal]) -> Table:
    """Nodes and what refuses them; many nodes with one reason share a row."""
    rows = [(r.node, r.plugin or "-", ", ".join(r.reasons) + (f" ({r.detail})" if r.detail else "")) for r in found]
    if len(rows) > _ROWS:
        counted = Counter((plugin, reason) for _, plugin, reason in rows)
        rows = [(count(number, "node"), plugin, reason) for (plugin, reason), number in counted.most_common()]
    return Table(("NODE", "REFUSED BY", "BECAUSE"), tuple(rows), "What the scheduler's plugins say")


_REASONS = (
    (r"Insufficient cpu", "cpu.full", "not enough free CPU"),
    (r"Insufficient memory", "memory.full", "not enough free memory"),
    (r"node affinity/selector", "node-selector", "no node has the labels it asks for"),
    (r"untolerated taint", "taint", "the nodes have taints that it does not tolerate"),
    (r"were unschedulable", "cordoned", "the nodes are cordoned"),
    (r"free ports", "host-port", "its host port is taken"),
    (r"existing pods anti-affinity", "existing-anti-affinity", "pods there refuse its company"),
    (r"pod anti-affinity", "pod-anti-affinity", "its anti-affinity refuses the pods there"),
    (r"pod affinity", "pod-affinity", "no pod that its affinity asks for is there"),
    (r"topology spread", "spread", "its topology spread constraints would be broken"),
    (r"volume", "volume", "its volumes are not available there"),
)


def _by_message(pod: Object, author: Author, seen: tuple[Evidence, ...]) -> Answer:
    """Without the nodes: what the scheduler itself said, most frequent reason first."""
    message = seen[0].text.partition("preemption:")[0] if seen else ""
    counts = sorted(
        ((int(n), why) for n, why in re.findall(r"(\d+) ((?:[^,{]|\{[^}]*\})+)", message.partition(":")[2])), reverse=True
    )
    for _, why in counts:
        for pattern, verdict, says in _REASONS:
            if re.search(pattern, why) and not ("control-plane" in why and len(counts) > 1):
                text = f"{label_of(pod)} fits no node, by what the scheduler said: {says}."
                return Answer(
                    f"pod.scheduling.{verdict}",
                    text,
                    author.label,
                    author.field(""),
                    author.namespace,
                    LIKELY,
                    seen,
                    "Ask somebody who may see the nodes.",
                    kubectl(f"describe {label_of(pod)}", namespace_of(pod)),
                )
    return Answer("unknown", f"{label_of(pod)} has no node, and the nodes cannot be seen.", label_of(pod), "spec.nodeName",
                  namespace_of(pod), UNKNOWN, seen, "", kubectl(f"describe {label_of(pod)}", namespace_of(pod)))  # fmt: skip

"""What NetworkPolicies say about a connection, and which rule comes nearest when they refuse it.

Judged by `k8slab.sim.network.policy.judge`. A policy counts only where the network plugin enforces policies; the API does not
tell whether it does.
"""

from collections.abc import Sequence
from dataclasses import replace

from k8slab.apimachinery.types import Object, key_of, name_of, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.wording import join, kubectl
from k8slab.explain.world import World
from k8slab.sim.network.policy import Direction, Peer, Verdict, judge, judge_direction

__all__ = ["called", "judge_all", "policies_of", "rules_of"]

_POLICIES = "networkpolicies.networking.k8s.io"
_PEERS: dict[Direction, tuple[str, str]] = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}

Row = tuple[str, str, str, str]


def policies_of(world: World, *peers: Peer) -> list[Object]:
    """Return the policies of the namespaces where the peers are pods."""
    names = dict.fromkeys(namespace_of(p.policed) for p in peers if p.policed is not None)
    return [policy for name in names for policy in world.list(_POLICIES, name)]


def judge_all(
    world: World, source: Peer, targets: Sequence[tuple[Peer, int]], protocol: str, service: Object | None
) -> tuple[Answer | None, list[Row]]:
    """Judge a connection to each of the possible targets.

    Returns
    -------
    Answer or None
        If at least one target is refused: by what.
    rows
        What was said about each target.
    """
    rows: list[Row] = []
    refusals: list[tuple[Peer, int, Verdict]] = []
    policies = policies_of(world, source, *(target for target, _ in targets))
    for target, port in targets:
        for verdict in judge(policies, source, target, port, protocol):
            says = "allowed" if verdict.allowed else "refused"
            rows.append(
                (name_of(target.pod) if target.pod else target.ip, str(port), verdict.direction, f"{says}: {verdict.text}")
            )
            if not verdict.allowed:
                refusals.append((target, port, verdict))
    if not refusals:
        return None, rows
    target, port, verdict = refusals[0]
    answer = _refusal(policies, source, target, port, protocol, verdict, service)
    plugin = _careless_plugin(world)
    if plugin:
        note = Evidence(plugin, "this network plugin does not enforce policies: the connection may succeed all the same")
        answer = replace(answer.with_evidence(note), confidence=LIKELY)
    if verdict.direction == "Egress":
        answer = _and_then(policies, source, target, port, protocol, answer)
    if len(refusals) < len(targets):
        some = f"Some connections fail ({len(refusals)} of {len(targets)} pods behind the Service): "
        answer = replace(answer, verdict="traffic.policy.partial", sentence=some + answer.sentence)
    return answer, rows


def _and_then(policies: Sequence[Object], source: Peer, target: Peer, port: int, protocol: str, answer: Answer) -> Answer:
    """Say so if the way in is barred too: correcting the way out would not be enough."""
    inwards = judge_direction(policies, "Ingress", source, target, port, protocol)
    if inwards.allowed:
        return answer
    note = f"{inwards.text}: the way in has to be opened, too"
    return replace(answer, evidence=(*answer.evidence, Evidence(f"networkpolicy/{inwards.policy.rpartition('/')[2]}", note)))


def _careless_plugin(world: World) -> str:
    """A network plugin that is there and known not to enforce policies ("" if none is seen)."""
    daemons = {name_of(d): d for n in ("kube-system", "kube-flannel") for d in world.list("daemonsets.apps", n)}
    if any(word in name for name in daemons for word in ("calico", "cilium", "canal", "antrea", "weave", "kube-router")):
        return ""
    kindnet = daemons.get("kindnet")
    containers: list[Object] = kindnet["spec"]["template"]["spec"]["containers"] if kindnet else [{}]
    tag = str(containers[0].get("image", "")).rpartition(":")[2]
    if tag[1:2].isdigit() and tag < "v20240813":  # kindnetd enforces them since kind 0.24
        return "daemonset/kindnet"
    return next((f"daemonset/{name}" for name in daemons if "flannel" in name), "")


def _refusal(
    policies: Sequence[Object], source: Peer, target: Peer, port: int, protocol: str, verdict: Verdict, service: Object | None
) -> Answer:
    direction = verdict.direction
    subject, other = (target, source) if direction == "Ingress" else (source, target)
    rules, peers = _PEERS[direction]
    isolating = [p for p in policies if key_of(p) in verdict.isolating]
    near = _open_port(isolating, direction, source, target, protocol)
    pod, whom = label_of(subject.pod or {}), _name(other)
    lets = f"lets {whom} in" if direction == "Ingress" else f"lets it out to {whom}"
    seen = tuple(Evidence(f"networkpolicy/{name_of(p)} spec.{rules}", rules_of(p, rules)) for p in isolating[:4])
    if near is not None:
        policy, number, ports = near
        text = (
            f"{called(policy)} {lets}, but only on port {join(ports, 'or')}; "
            f"the connection goes to port {port}/{protocol} of {_name(target)}."
        )
        if service is not None and any(str(p["port"]) in ports for p in service["spec"].get("ports") or ()):
            text += " Policies see the pod's port, not the Service's."
        return Answer(
            f"traffic.policy.{direction.lower()}-port",
            text,
            f"networkpolicy/{name_of(policy)}",
            f"spec.{rules}[{number}].ports",
            namespace_of(policy),
            KNOWN,
            seen,
            f"Add port {port} to {rules}[{number}].",
            kubectl(f"edit networkpolicy {name_of(policy)}", namespace_of(policy)),
        )
    policy = isolating[0]
    all_names = join(name_of(p) for p in isolating)
    more = "" if len(isolating) == 1 else f" (all that select it: {all_names})"
    text = f"{called(policy)} isolates {pod} for {direction.lower()}, and none of its rules {lets}{more}."
    change = f"Allow it: a rule in spec.{rules} whose {peers!r} selects {whom}, for port {port}/{protocol}."
    return Answer(
        f"traffic.policy.{direction.lower()}",
        text,
        f"networkpolicy/{name_of(policy)}",
        f"spec.{rules}",
        namespace_of(policy),
        KNOWN,
        seen,
        change,
        kubectl(f"describe networkpolicy {name_of(policy)}", namespace_of(policy)),
    )


def called(policy: Object) -> str:
    """Return how a sentence calls a policy."""
    return f"networkpolicy/{name_of(policy)} (namespace {namespace_of(policy)})"


def _name(peer: Peer) -> str:
    if peer.policed is not None:
        return f"{label_of(peer.policed)} of namespace {namespace_of(peer.policed)}"
    return (peer.node and f"node/{peer.node}") or peer.ip


def rules_of(policy: Object, field: str) -> str:
    """Return the rules of a policy (``field``: ``ingress`` or ``egress``) as evidence."""
    rules = policy["spec"].get(field) or []
    return f"{len(rules)} rule(s): {rules}" if rules else "no rule: nothing is allowed"


def _open_port(
    isolating: Sequence[Object], direction: Direction, source: Peer, target: Peer, protocol: str
) -> tuple[Object, int, list[str]] | None:
    """A rule that would allow the peer if its ports did not forbid it."""
    field = _PEERS[direction][0]
    for policy in isolating:
        for number, rule in enumerate(policy["spec"].get(field) or ()):
            if not rule.get("ports") or all(p.get("port") == 53 for p in rule["ports"]):
                continue  # a rule for DNS is not meant for anything else
            bare = {**policy, "spec": {**policy["spec"], field: [{k: v for k, v in rule.items() if k != "ports"}]}}
            if judge_direction([bare], direction, source, target, 0, protocol).allowed:
                return (
                    policy,
                    number,
                    [
                        str(p.get("port", "any")) + ("" if (p.get("protocol") or "TCP") == protocol else f"/{p['protocol']}")
                        for p in rule["ports"]
                    ],
                )
    return None

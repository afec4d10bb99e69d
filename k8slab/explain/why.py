"""`why`: ask about anything on any cluster. The loop between pure diagnosers and the cluster.

`diagnose` is pure: a question and a snapshot give an answer, or say what has to be fetched first. `why` fetches that and asks
again, until there is an answer. Confidence is settled here: an answer that was found although something it depends on could
not be seen is at most *likely*, and a verdict of health is then *unknown*.
"""

from collections.abc import Iterable
from dataclasses import replace

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.client import Cluster
from k8slab.explain.absence import absent
from k8slab.explain.access import may
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer
from k8slab.explain.cluster.drain import drain, eviction
from k8slab.explain.fetch import fetch
from k8slab.explain.kinds import kind_named, label_of
from k8slab.explain.network.traffic import traffic
from k8slab.explain.question import About, Drain, Found, Guard, May, Question, Traffic, parse
from k8slab.explain.registry import diagnosers
from k8slab.explain.snapshot import Needed, Snapshot
from k8slab.explain.world import World

__all__ = ["diagnose", "why"]

_PATIENCE = 200  #: fetches for one question; a diagnoser that wants more goes round in circles


def why(cluster: Cluster, thing: str | Object, namespace: str | None = None) -> Answer:
    """Return why a thing is as it is: ``why(cluster, "pod/web")``.

    Parameters
    ----------
    cluster
        Any cluster, as `k8slab.connect` returns it.
    thing
        An object (``"pod/web"``, or the object itself) or a question; `k8slab.explain.question` lists the forms.
    namespace
        Where to look, if the thing does not say; default: the cluster's.

    Raises
    ------
    K8slabError
        If the question cannot be understood, or nobody answers.
    """
    where = cluster.namespace if namespace is None else namespace
    if isinstance(thing, dict):
        where = namespace_of(thing) or where
        thing = label_of(thing)
    question = parse(thing, where, lambda name: _resolve(cluster, name))
    snapshot = Snapshot(now=cluster.clock.now())
    for _ in range(_PATIENCE):
        try:
            return replace(diagnose(question, snapshot), question=thing)
        except Needed as need:
            snapshot = snapshot.with_listing(need.key, fetch(cluster, need.key, where))
    raise RuntimeError(f"no answer to {thing!r} after {_PATIENCE} requests")


def _resolve(cluster: Cluster, name: str) -> Found:
    known = cluster.resource(name)
    built_in = kind_named(name)
    if built_in and known.full_name == built_in[0]:
        return Found(*built_in, known.namespaced)
    return Found(known.full_name, known.singular, known.namespaced)


def diagnose(question: Question, snapshot: Snapshot) -> Answer:
    """Return the answer that a snapshot allows. Pure.

    Raises
    ------
    Needed
        If the snapshot is not closed and something must be fetched first.
    """
    world = World(snapshot)
    answer = _answer(question, world)
    return settle(answer, world.gaps)


def settle(answer: Answer, gaps: Iterable[str]) -> Answer:
    """Return the answer with as much confidence as the gaps allow."""
    gaps = tuple(dict.fromkeys([*answer.gaps, *gaps]))
    if not gaps:
        return answer
    if answer.healthy:
        sentence = f"Nothing wrong was seen, but not everything could be seen: {answer.sentence}"
        return replace(answer, verdict="unknown", sentence=sentence, confidence=UNKNOWN, gaps=gaps)
    return replace(answer, confidence=LIKELY if answer.confidence == KNOWN else answer.confidence, gaps=gaps)


def _answer(question: Question, world: World) -> Answer:
    match question:
        case About():
            return _about(question, world)
        case Traffic():
            return traffic(world, question)
        case May():
            return may(world, question)
        case Drain(node):
            return drain(world, node)
        case Guard(pod, namespace):
            return eviction(world, pod, namespace)


def _about(question: About, world: World) -> Answer:
    obj = world.get(question.resource, question.name, question.namespace)
    if obj is None:
        return absent(world, question)
    for diagnoser in diagnosers(question.resource):
        answer = diagnoser(world, obj)
        if answer is not None:
            return answer
    return Answer("unknown", f"Nothing is known about what a {question.label} needs.", question.label, confidence=UNKNOWN)

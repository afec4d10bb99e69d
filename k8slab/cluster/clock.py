"""What ``k8slab clock`` does: read and change the clock of a running embedded cluster, over its API."""

from typing import Any

from k8slab.cluster.embedded import Embedded
from k8slab.cluster.facts import client
from k8slab.errors import K8slabError

__all__ = ["turn"]

_CLOCK = "/apis/sim.k8slab.dev/v1alpha1/clocks/cluster"
_PIECE = 3600.0  #: a long jump is made of several, so that none takes longer than one waits for an answer
_MODES = ("real", "accelerated", "stepped")


def turn(
    cluster: Embedded, mode: str | None = None, rate: float | None = None, advance: float | None = None, steps: int = 0
) -> str:
    """Change what is asked for, and return one line about the clock.

    Raises
    ------
    K8slabError
        If a value makes no sense, or the API does not answer.
    """
    if mode is not None and mode not in _MODES:
        raise K8slabError(f'--mode must be "real", "accelerated" or "stepped", not "{mode}"')
    if rate is not None and not 0 < rate <= 100_000:
        raise K8slabError(f'--rate must be more than 0 and at most 100000, not "{rate:g}"')
    if rate is not None and mode not in (None, "accelerated"):
        raise K8slabError(f'--rate goes with --mode accelerated, not with "{mode}"')
    if advance is not None and not 0 <= advance <= 366 * 86400:
        raise K8slabError(f'--advance must be between 0 and 31622400 seconds, not "{advance:g}"')
    call = client(cluster)
    try:
        if mode or rate:
            spec: dict[str, Any] = {"mode": mode or "accelerated"}
            call(_CLOCK, {"spec": {**spec, "rate": rate} if rate else spec}, "PATCH")
        for _ in range(steps):
            call(f"{_CLOCK}/advance", _advance({"untilNextEvent": True}), "POST")
        left = advance or 0.0
        while left > 0:
            call(f"{_CLOCK}/advance", _advance({"seconds": min(left, _PIECE)}), "POST")
            left -= _PIECE
        status = call(_CLOCK)["status"]
    except OSError as error:
        raise K8slabError(f'the cluster at {cluster.url} does not answer: {error}; see "{cluster.log}"') from error
    pace = f"{status['rate']:g} times" if status["mode"] == "accelerated" else ""
    return "  ".join(part for part in (status["now"], status["mode"], pace, _following(status)) if part)


def _advance(spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "ClockAdvance", "spec": spec}


def _following(status: dict[str, Any]) -> str:
    return f"next event {status['nextEvent']}" if "nextEvent" in status else ""

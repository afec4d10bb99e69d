"""How things look, in one place: colour, shape and word for each state, for light and dark themes.

Every state has its own shape *and* colour (Okabe and Ito's palette, told apart by colour-blind readers), so neither
alone carries the meaning. A shape is an SVG path in a square from -1 to 1; the browser draws the same path on its canvas
and the static picture has it as it is.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from k8slab.topology import POD_CLASSES

__all__ = ["LOOK", "TONES", "Look", "look_table", "worst"]

_CIRCLE = "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z"
_SQUARE = "M-.85,-.85H.85V.85H-.85Z"
_UP = "M0,-1L1,.8H-1Z"
_DOWN = "M0,1L1,-.8H-1Z"
_DIAMOND = "M0,-1.1L1.1,0L0,1.1L-1.1,0Z"
_HEXAGON = "M-1,0L-.5,-.87H.5L1,0L.5,.87H-.5Z"
_CROSS = "M-1,-.6L-.6,-1L0,-.4L.6,-1L1,-.6L.4,0L1,.6L.6,1L0,.4L-.6,1L-1,.6L-.4,0Z"


@dataclass(frozen=True)
class Look:
    """One state's appearance: fill in a light and in a dark theme, path, whether only its outline is drawn."""

    label: str
    path: str
    light: str
    dark: str
    hollow: bool = False
    dashed: bool = False
    vis: str = "dot"  # vis-network's own shape that comes nearest, for exports without our code


LOOK: dict[str, Look] = {
    "pending": Look(POD_CLASSES["pending"], _UP, "#e69f00", "#e69f00", vis="triangle"),
    "starting": Look(POD_CLASSES["starting"], _DOWN, "#3d9bd1", "#56b4e9", vis="triangleDown"),
    "running": Look(POD_CLASSES["running"], _CIRCLE, "#009e73", "#1fc195", vis="dot"),
    "unready": Look(POD_CLASSES["unready"], _CIRCLE, "#009e73", "#1fc195", hollow=True, vis="dot"),
    "succeeded": Look(POD_CLASSES["succeeded"], _SQUARE, "#0072b2", "#4aa3df", vis="square"),
    "failed": Look(POD_CLASSES["failed"], _CROSS, "#d55e00", "#ff8533", vis="star"),
    "backoff": Look(POD_CLASSES["backoff"], _DIAMOND, "#d55e00", "#ff8533", vis="diamond"),
    "terminating": Look(POD_CLASSES["terminating"], _CIRCLE, "#8c8c8c", "#a6a6a6", hollow=True, dashed=True, vis="dot"),
    "unknown": Look(POD_CLASSES["unknown"], _HEXAGON, "#cc79a7", "#e09cc2", vis="hexagon"),
}


#: What a colour means in panels (words, lines, bars) -> in a light, in a dark theme; a to f are lines of a chart.
TONES: dict[str, tuple[str, str]] = {
    "ink": ("#1f2328", "#f0f3f6"),
    "soft": ("#57606a", "#b6bec7"),
    "line": ("#9aa4ae", "#6b7681"),
    "card": ("#f3f5f7", "#20262c"),
    "ok": ("#00704f", "#1fc195"),
    "no": ("#b34700", "#ff8533"),
    "warn": ("#8a5a00", "#e69f00"),
    "info": ("#0063a0", "#56b4e9"),
    "win": ("#00704f", "#1fc195"),
    "a": ("#0072b2", "#56b4e9"),
    "b": ("#d55e00", "#ff8533"),
    "c": ("#009e73", "#1fc195"),
    "d": ("#b0568a", "#e09cc2"),
    "e": ("#b37a00", "#e69f00"),
    "f": ("#6f6f6f", "#a6a6a6"),
}


def look_table() -> dict[str, dict[str, str | bool]]:
    """Return `LOOK` as plain data, as the browser gets it."""
    return {state: asdict(look) for state, look in LOOK.items()}


#: From bad to good: a mark that stands for many shows the first that one of them is in.
_WORST = ("failed", "backoff", "unknown", "pending", "unready", "starting", "terminating", "running", "succeeded")


def worst(states: Iterable[str]) -> str:
    """Return the state that needs attention first.

    >>> worst(["running", "backoff", "starting"])
    'backoff'
    """
    return min(states, key=lambda state: _WORST.index(state) if state in _WORST else len(_WORST), default="unknown")

"""Charts over time as drawings: a few small ones under each other with one time axis, so that causes stand above effects.

Lines are labelled where they end, so no colour has to be looked up; the arrow keys read out all values of a moment. No library:
axes, steps and labels are the shapes of `k8slab.views.drawing`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.views.drawing import path, polyline, rect, text
from k8slab.views.panel import drawing
from k8slab.views.scene import Scene

__all__ = ["Chart", "Series", "charts", "nice_ticks"]

Point = tuple[float, float]
At = Callable[[float], float]

_LEFT, _RIGHT, _TOP, _AXIS, _WIDTH = 46, 150, 24, 24, 860
_QUIET = 60.0  # seconds without a change that a chart need not show
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


@dataclass(frozen=True)
class Series:
    """One line: steps for counts, straight lines for measurements; a limit is thin, dashed and without a label of its value."""

    name: str
    tone: str
    points: tuple[Point, ...]
    style: Literal["step", "line", "area", "limit"] = "line"


@dataclass(frozen=True)
class Chart:
    """One chart with its own vertical axis."""

    title: str
    series: tuple[Series, ...]
    unit: str = ""
    height: int = 110
    top: float = 0.0  # the axis reaches at least so far


def nice_ticks(most: float, count: int = 3) -> list[float]:
    """Return round numbers from 0 to at least ``most``.

    >>> nice_ticks(7), nice_ticks(0.34), nice_ticks(0)
    ([0.0, 5.0, 10.0], [0.0, 0.2, 0.4], [0.0, 1.0])
    """
    if most <= 0:
        return [0.0, 1.0]
    rough = most / count
    size = 10.0 ** len(str(int(rough))) / 10 if rough >= 1 else 1.0
    while size > rough:
        size /= 10
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= rough)
    ticks = [0.0]
    while ticks[-1] < most:
        ticks.append(round(ticks[-1] + step, 9))
    return ticks


def charts(wanted: Sequence[Chart], alt: str, now: float | None = None, span: float = 0, quiet: float = _QUIET) -> Scene:
    """Return charts as one drawing.

    ``now`` is where the time axis ends if that is later than the last point; ``span`` how many seconds it shows (0: since the
    last time of at least ``quiet`` seconds without a change, so that what happened is not squeezed to a line).
    """
    shown = [c for c in wanted if any(s.points for s in c.series)]
    xs = sorted({x for c in shown for s in c.series for x, _ in s.points})
    if xs:
        shown = [_since(c, _begin(xs, max(xs[-1], now or 0), span, quiet)) for c in shown]
    xs = sorted({x for c in shown for s in c.series for x, _ in s.points})
    if not xs:
        return drawing(_WIDTH, 40, alt, [text(4, 24, "Nothing recorded yet.", 12, "soft")], ((), ()))
    begin, end = xs[0], max(xs[-1], now or 0)
    end = max(end, begin + 10)
    scale = (_WIDTH - _LEFT - _RIGHT) / (end - begin)

    def at(x: float) -> float:
        return round(_LEFT + (x - begin) * scale, 1)

    shapes: list[Scene] = []
    top = 0.0
    height = sum(_TOP + c.height for c in shown) + _AXIS
    shapes += _time_axis(begin, end, at, height)
    for chart in shown:
        shapes += _chart(chart, top, at, end)
        top += _TOP + chart.height
    moments = _thin(xs)
    readings = [(at(x), _reading(shown, x)) for x in moments]
    columns = ("TIME", *(s.name for c in shown for s in c.series))
    rows = [[_clock(x), *(_number(_value(s, x)) for c in shown for s in c.series)] for x in moments]
    return drawing(_WIDTH, height, alt, shapes, (columns, rows), readings)


def _begin(xs: Sequence[float], end: float, span: float, quiet: float = _QUIET) -> float:
    """Return where the time axis begins.

    >>> _begin([0, 1000, 1001, 1010], 1010, 0), _begin([0, 5, 9], 9, 0), _begin([0, 1000], 1000, 60)
    (998.5, 0, 940)
    """
    if span:
        return max(xs[0], end - span)
    begin = xs[0]
    for before, after in pairwise(xs):
        if after - before > max(quiet, 3 * (end - after)):
            begin = after - max(1.0, 0.15 * (end - after))
    return begin


def _since(chart: Chart, begin: float) -> Chart:
    """Cut off what was before; what was then still holds at the beginning."""
    cut = []
    for s in chart.series:
        before = [y for x, y in s.points if x < begin]
        first = ((begin, before[-1]),) if before and s.style in ("step", "limit") else ()
        cut.append(replace(s, points=(*first, *((x, y) for x, y in s.points if x >= begin))))
    return replace(chart, series=tuple(cut))


def _thin(xs: Sequence[float], most: int = 240) -> list[float]:
    return list(xs) if len(xs) <= most else [xs[i * (len(xs) - 1) // (most - 1)] for i in range(most)]


def _chart(chart: Chart, top: float, at: At, end: float) -> list[Scene]:
    ticks = nice_ticks(max([chart.top, *(y for s in chart.series for _, y in s.points)]))
    base, room = top + _TOP + chart.height - 8, chart.height - 14

    def up(y: float) -> float:
        return round(base - y / ticks[-1] * room, 1)

    unit = f" ({chart.unit})" if chart.unit else ""
    shapes = [text(_LEFT, top + 14, f"{chart.title}{unit}", 11, "ink", weight=600)]
    for tick in ticks:
        shapes += [path(f"M{_LEFT},{up(tick):g}H{_WIDTH - _RIGHT}", "line", width=0.5, dash="" if tick == 0 else "1 3"),
                   text(_LEFT - 6, up(tick) + 3.5, _number(tick), 10, "soft", "end")]  # fmt: skip
    for s in chart.series:
        shapes += _line(s, at, up, end)
    return [*shapes, *_labels(chart, up, base)]


def _line(s: Series, at: At, up: At, end: float) -> list[Scene]:
    if not s.points:
        return []
    points = [(at(s.points[0][0]), up(s.points[0][1]))]
    for x, y in s.points[1:]:
        if s.style != "line" and s.style != "area":
            points.append((at(x), points[-1][1]))
        points.append((at(x), up(y)))
    if s.style in ("step", "limit"):
        points.append((at(end), points[-1][1]))
    if s.style == "limit":
        return [polyline(points, s.tone, width=1, dash="5 4")]
    found = [polyline(points, s.tone, width=2)]
    if s.style == "area":
        floor = up(0)
        found.insert(0, polyline([(points[0][0], floor), *points, (points[-1][0], floor)], s.tone, fill=s.tone, width=0))
    return found


def _labels(chart: Chart, up: At, base: float) -> list[Scene]:
    """Return the names at the right, at the height of the last values, moved apart where they would overlap."""
    ends = sorted(((up(s.points[-1][1]), i, s) for i, s in enumerate(chart.series) if s.points), key=lambda e: e[:2])
    places: list[float] = []
    for y, _, _ in ends:
        places.append(max(y, places[-1] + 13) if places else y)
    places = [min(place, base - 13 * (len(places) - 1 - i)) for i, place in enumerate(places)]
    shapes = []
    for place, (y, _, s) in zip(places, ends, strict=True):
        words = s.name if s.style == "limit" else f"{s.name} {_number(s.points[-1][1])}"
        shapes += [path(f"M{_WIDTH - _RIGHT},{y:g}L{_WIDTH - _RIGHT + 9},{place:g}", s.tone, width=0.7),
                   text(_WIDTH - _RIGHT + 12, place + 3.5, words, 11, s.tone)]  # fmt: skip
    return shapes


def _time_axis(begin: float, end: float, at: At, height: float) -> list[Scene]:
    step = next((s for s in _STEPS if (end - begin) / s <= 6), _STEPS[-1])
    shapes: list[Scene] = [rect(_LEFT, 0, _WIDTH - _LEFT - _RIGHT, height - _AXIS, "", r=0)]
    tick = -(-begin // step) * step
    while tick <= end:
        shapes += [path(f"M{at(tick):g},{height - _AXIS:g}v4", "line", width=1),
                   text(at(tick), height - 8, _clock(tick), 10, "soft", "middle")]  # fmt: skip
        tick += step
    return shapes


def _clock(x: float) -> str:
    return rfc3339(x)[11:19]


def _value(s: Series, x: float) -> float | None:
    return next((y for at, y in reversed(s.points) if at <= x), None)


def _number(value: float | None) -> str:
    """Write a number short.

    >>> _number(2.0), _number(0.123456), _number(None), _number(123456.0)
    ('2', '0.123', '', '123,456')
    """
    if value is None:
        return ""
    if abs(value) >= 10000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _reading(wanted: Sequence[Chart], x: float) -> str:
    said = []
    for c in wanted:
        for s in c.series:
            value = _value(s, x)
            if value is not None and s.style != "limit":  # a limit has its value in its name
                said.append(f"{s.name} {_number(value)}{' ' + c.unit if c.unit else ''}")
    return f"{_clock(x)}:  {',  '.join(said)}"

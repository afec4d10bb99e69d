"""Cron schedules: when a CronJob is due. Pure.

Upstream: github.com/robfig/cron/v3 (ParseStandard, SpecSchedule.Next), with the same rule for days: if both the day of the
month and the day of the week are restricted, either is enough. A time that a change to summer time skips does not happen.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

__all__ = ["Schedule", "parse"]

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_UNITS = {"h": 3600, "m": 60, "s": 1}
_HORIZON = 5 * 366  # days; what is not due by then never is


@dataclass(frozen=True)
class Schedule:
    """A parsed schedule: the sets of allowed values, or a fixed interval."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = True  #: the day of the month or of the week is a star
    interval: int = 0

    def next(self, after: float, zone: tzinfo = UTC) -> float | None:
        """Return the first due time after a moment, None if there is none in five years.

        >>> parse("*/5 * * * *").next(0.0), parse("0 0 30 2 *").next(0.0)
        (300.0, None)
        """
        if self.interval:
            return float(int(after) + self.interval)
        moment = (datetime.fromtimestamp(after, zone) + timedelta(minutes=1)).replace(second=0, microsecond=0)
        day = moment.replace(hour=0, minute=0)
        for _ in range(_HORIZON):
            if self._is_day(day):
                for candidate in self._times(day):
                    when = candidate.timestamp()
                    if when > after and datetime.fromtimestamp(when, zone).hour == candidate.hour:
                        return when
            day = (day + timedelta(days=1)).replace(hour=0, minute=0)
        return None

    def _is_day(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month and in_week if self.any_day else in_month or in_week

    def _times(self, day: datetime) -> list[datetime]:
        return [day.replace(hour=hour, minute=minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)]


@lru_cache(maxsize=256)
def parse(text: str) -> Schedule:
    """Parse a schedule.

    Raises
    ------
    ValueError
        If the text is not a schedule; validation has refused it before with upstream's words.

    Examples
    --------
    >>> sorted(parse("0 9-17/4 * * mon-fri").hours)
    [9, 13, 17]
    """
    if text.startswith("@every "):
        return Schedule(interval=max(1, _duration(text.removeprefix("@every "))))
    fields = _DESCRIPTORS.get(text, text).split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: {text}")
    minute, hour, day, month, weekday = fields
    return Schedule(
        minutes=_field(minute, 0, 59),
        hours=_field(hour, 0, 23),
        days=_field(day, 1, 31),
        months=_field(month, 1, 12, _MONTHS, 1),
        weekdays=_field(weekday, 0, 6, _DAYS),
        any_day=day[0] in "*?" or weekday[0] in "*?",
    )


def _duration(text: str) -> int:
    total, number = 0.0, ""
    for character in text.strip():
        if character in _UNITS:
            total, number = total + float(number) * _UNITS[character], ""
        else:
            number += character
    return int(total)


def _field(text: str, low: int, high: int, names: list[str] | None = None, first: int = 0) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        start, dash, end = span.partition("-")
        if span in ("*", "?"):
            begin, stop = low, high
        else:
            begin = _number(start, names, first)
            stop = _number(end, names, first) if dash else (high if slash else begin)
        values.update(range(begin, stop + 1, int(step) if slash else 1))
    return frozenset(values)


def _number(text: str, names: list[str] | None, first: int) -> int:
    return names.index(text.lower()) + first if names and text.lower() in names else int(text)

"""What is wrong with a cron schedule, in the words of the parser that upstream uses.

Upstream: github.com/robfig/cron/v3 (ParseStandard), called by pkg/apis/batch/validation.
"""

__all__ = ["schedule_complaint"]

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_DAYS = {name: i for i, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_BOUNDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}), (0, 23, {}), (1, 31, {}), (1, 12, _MONTHS), (0, 6, _DAYS),
)  # fmt: skip
_DESCRIPTORS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}


def schedule_complaint(schedule: str) -> str:
    """Return the parser's message, or "" for a schedule that is fine.

    >>> schedule_complaint("*/5 * * * *"), schedule_complaint("* * *")
    ('', 'expected exactly 5 fields, found 3: [* * *]')
    """
    if "TZ" in schedule:
        return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
    if schedule.startswith("@"):
        if schedule in _DESCRIPTORS or schedule.startswith("@every "):
            return ""
        return f"unrecognized descriptor: {schedule}"
    fields = schedule.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    for field, (low, high, names) in zip(fields, _BOUNDS, strict=True):
        for part in field.split(","):
            complaint = _range_complaint(part, low, high, names)
            if complaint:
                return complaint
    return ""


def _range_complaint(part: str, low: int, high: int, names: dict[str, int]) -> str:
    span, slash, step = part.partition("/")
    if step.count("/"):
        return f"too many slashes: {part}"
    start, dash, end = span.partition("-")
    first, last = low, high
    if span not in ("*", "?"):
        if end.count("-"):
            return f"too many hyphens: {part}"
        for text in (start, end) if dash else (start,):
            complaint = _number_complaint(text, names)
            if complaint:
                return complaint
        first = _number(start, names)
        last = _number(end, names) if dash else (high if slash else first)
    if slash:
        complaint = _number_complaint(step, {})
        if complaint:
            return complaint
        if int(step) == 0:
            return f"step of range should be a positive number: {part}"
    if first < low:
        return f"beginning of range ({first}) below minimum ({low}): {part}"
    if last > high:
        return f"end of range ({last}) above maximum ({high}): {part}"
    return f"beginning of range ({first}) beyond end of range ({last}): {part}" if first > last else ""


def _number(text: str, names: dict[str, int]) -> int:
    return names[text.lower()] if text.lower() in names else int(text)


def _number_complaint(text: str, names: dict[str, int]) -> str:
    if text.lower() in names or text.isdecimal():
        return ""
    if text.removeprefix("-").isdecimal():
        return f"negative number ({text}) not allowed: {text}"
    return f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'

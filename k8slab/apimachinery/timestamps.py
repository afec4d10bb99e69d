"""Times as the API writes them (RFC 3339, UTC) and durations as kubectl prints them.

Upstream: metav1.Time, metav1.MicroTime and k8s.io/apimachinery/pkg/util/duration (HumanDuration).
"""

from datetime import UTC, datetime
from functools import lru_cache

__all__ = ["human_duration", "parse_time", "rfc3339", "rfc3339_micro"]


def rfc3339(seconds: float) -> str:
    """Return a metav1.Time (whole seconds).

    >>> rfc3339(0)
    '1970-01-01T00:00:00Z'
    """
    return _at_second(int(seconds))


@lru_cache(maxsize=1024)
def _at_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_micro(seconds: float) -> str:
    """Return a metav1.MicroTime.

    >>> rfc3339_micro(1.5)
    '1970-01-01T00:00:01.500000Z'
    """
    return f"{_at_second(int(seconds))[:-1]}.{int(seconds % 1 * 1e6):06d}Z"


def parse_time(text: str) -> float:
    """Return the seconds since the epoch of a metav1.Time or MicroTime.

    >>> parse_time("1970-01-01T00:01:00Z")
    60.0
    """
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def human_duration(seconds: float) -> str:
    """Return an age as tables print it.

    >>> [human_duration(s) for s in (5, 119, 130, 600, 7200, 90000, 864000)]
    ['5s', '119s', '2m10s', '10m', '120m', '25h', '10d']
    """
    total = int(seconds)
    if total < -1:
        return "<invalid>"
    if total < 0:
        return "0s"
    if total < 120:
        return f"{total}s"
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if minutes < 10:
        return f"{minutes}m" + (f"{total % 60}s" if total % 60 else "")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d" + (f"{hours % 24}h" if hours % 24 else "")
    if hours < 24 * 365 * 2:
        return f"{days}d"
    if hours < 24 * 365 * 8:
        return f"{days // 365}y" + (f"{days % 365}d" if days % 365 else "")
    return f"{days // 365}y"

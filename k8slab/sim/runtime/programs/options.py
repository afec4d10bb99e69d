"""Command line options, in the manner of getopt."""

import getopt

from k8slab.sim.runtime.process import BadUsage

__all__ = ["Options", "parse_options"]


class Options(dict[str, str]):
    """Options that were given, by their letter or long name; flags have the value ""."""

    def number(self, name: str, default: int) -> int:
        """Return an option as a whole number."""
        text = self.get(name)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            raise BadUsage(f"invalid number '{text}'") from None


def parse_options(args: list[str], short: str, long: tuple[str, ...] = (), stop_early: bool = False) -> tuple[Options, list[str]]:
    """Return (options, other arguments); ``short`` is as for getopt, ``long`` names end in ``=`` if they take a value.

    >>> parse_options(["-n", "3", "file"], "n:")
    ({'n': '3'}, ['file'])
    """
    parser = getopt.getopt if stop_early else getopt.gnu_getopt
    try:
        found, rest = parser(args, short, list(long))
    except getopt.GetoptError as error:
        name = f"'{error.opt}'" if len(error.opt) > 1 else f"-- '{error.opt}'"
        if "requires argument" in error.msg:
            raise BadUsage(f"option requires an argument: {error.opt}") from None
        raise BadUsage(f"unrecognized option {name} (or not simulated)") from None
    return Options((k.lstrip("-"), v) for k, v in found), rest

"""The cell magic ``%%solution``: solutions stand in the notebook, folded, and run only where they are wanted.

One notebook serves learner and test. A learner who runs all cells gets no exercise solved for them; with
``$K8SLAB_SOLUTIONS=1`` (``make notebooks``, ``make test``) the same cells do their work, so every check is shown to be
solvable. Cell tags: ``exercise`` (empty, the learner's), ``solution`` (this magic, source folded), ``check``.
"""

import os
from typing import Any

__all__ = ["register_solution_magic"]


def register_solution_magic(shell: Any) -> None:
    """Make ``%%solution ID`` known to IPython."""

    def solution(line: str, cell: str) -> None:
        if os.environ.get("K8SLAB_SOLUTIONS") == "1":
            shell.run_cell(cell).raise_error()
        else:
            print(
                f"Not run: this folded cell is a solution of exercise {line.strip()}. Try your own first.\n"
                "To see it work, unfold the cell and remove its first line."
            )

    shell.register_magic_function(solution, "cell", "solution")

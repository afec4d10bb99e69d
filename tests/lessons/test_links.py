"""The labs lead from one to the next: links that JupyterLab opens, in a learner's copy and in the solved one."""

import json
import re
from pathlib import Path

import pytest

LABS = Path(__file__).resolve().parents[2] / "labs"
NOTEBOOKS = sorted(path.name for path in LABS.glob("[0-9]*.ipynb"))
COPIES = [path for name in NOTEBOOKS for path in (LABS / name, LABS / "solved" / name) if path.exists()]


def links(notebook: Path, *, beginning: bool) -> list[str]:
    """Return the notebooks that the first words of a lab (before its first section) lead to, or its last words."""
    cells = json.loads(notebook.read_text())["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    text = "\n".join(texts).split("\n## ")[0] if beginning else "\n".join(texts[-2:])
    return re.findall(r"\]\(([^)#]+\.ipynb)\)", text)


@pytest.mark.parametrize("notebook", COPIES, ids=lambda path: f"{path.parent.name}/{path.name[:2]}")
def test_a_lab_leads_back_to_an_earlier_one_and_on_to_the_next(notebook: Path) -> None:
    place = NOTEBOOKS.index(notebook.name)
    if place > 0:
        assert set(links(notebook, beginning=True)) & set(NOTEBOOKS[:place])
    if place + 1 < len(NOTEBOOKS):
        assert NOTEBOOKS[place + 1] in links(notebook, beginning=False)

"""Write the situations anew: ``python -m tests.explain.produce [AREA …]``."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from k8slab.apimachinery.types import name_of
from k8slab.explain.kinds import resource_of
from k8slab.explain.question import built_in
from k8slab.sim.apiserver.pki import ensure_pki
from tests.explain.produce.areas import AREAS
from tests.explain.produce.lab import Lab, Objects, Situation

FOLDER = Path(__file__).parent.parent / "situations"
_KEYS = ("verdict", "confidence", "object", "field")


def main(areas: list[str]) -> None:
    """Produce the situations of some areas (none named: of all)."""
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as folder:
        pki = ensure_pki(Path(folder) / "pki")
        for area in areas or list(AREAS):
            texts: dict[str, int] = {}
            cases = []
            for situation in AREAS[area]:
                lab = Lab(pki, loop, situation.workers, situation.system_pods)
                for step in situation.steps:
                    lab.step(step)
                cases.append(_case(situation, lab, lab.objects(), texts))
                lab.close()
            _write(area, cases, list(texts))
            print(area, len(cases))
    loop.close()


def _case(situation: Situation, lab: Lab, objects: Objects, texts: dict[str, int]) -> dict[str, object]:
    numbers = [texts.setdefault(json.dumps(o, sort_keys=True, ensure_ascii=False), len(texts)) for o in objects]
    ask = _named(situation.ask, objects)
    answer = dict(zip(_KEYS, [*situation.answer.split(), "", ""], strict=False))
    case = {"name": situation.name, "ask": ask, "answer": answer, "now": lab.cluster.kernel.now(), "objects": numbers}
    return case | ({"unseen": list(situation.unseen)} if situation.unseen else {})


def _named(ask: str, objects: Objects) -> str:
    """Put the generated name of the first object that fits in the place of ``rs/web-*``."""
    kind, star, _ = ask.partition("-*")
    short, _, stem = kind.partition("/")
    if not star:
        return ask
    known = built_in(short)
    oldest = sorted(objects, key=lambda o: str(o["metadata"].get("creationTimestamp")))
    names = [name_of(o) for o in oldest if o["kind"] != "Log" and resource_of(o["apiVersion"], o["kind"]) == known.resource]
    return f"{short}/{next(n for n in names if n.startswith(f'{stem}-'))}"


def _write(area: str, cases: list[dict[str, object]], texts: list[str]) -> None:
    lines = [
        f"# Written by `python -m tests.explain.produce {area}`. objects: each once, one a line; cases: what is asked about which",
        "# of them, and the right answer.",
        "cases:",
    ]
    for case in cases:
        lines.append(f"- name: {json.dumps(case['name'])}")
        lines += [f"  {key}: {json.dumps(case[key])}" for key in case if key != "name"]
    lines += ["objects:", *(f"- {text}" for text in texts)]
    (FOLDER / f"{area}.yaml").write_text("\n".join(lines) + "\n")


main(sys.argv[1:])

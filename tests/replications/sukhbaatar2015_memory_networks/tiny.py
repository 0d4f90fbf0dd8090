"""A few questions of two tasks, and every kind of network, for a few epochs."""

import json
from pathlib import Path

from common.data.stories import made_up
from common.data.stories.corpus import Stories, load
from replications.sukhbaatar2015_memory_networks.config import Config

NETWORKS = {
    "pe_ls_rn": {"linear_epochs": 1, "max_epochs": 1},
    "bow": {},
    "joint_rn": {"tying": "layerwise", "mask": True, "linear_epochs": 0},
    "no_time": {"encoding": "printed", "linear_epochs": 0},
    "lstm": {"model": "lstm", "linear_epochs": 0},
}
NAMES = list(NETWORKS)


def written(folder: Path, questions: int = 150) -> str:
    """The name of a corpus: questions of the suite's own second task, in two files."""
    names = [folder / "own.train", folder / "own.test"]
    for path, seed in zip(names, (1, 2), strict=True):
        lines = []
        for one in made_up.generate(2, questions, seed):
            lines += [f"{number} {' '.join(words)}." for number, words in enumerate(one.story, 1)]
            facts = " ".join(str(fact + 1) for fact in one.facts)
            lines.append(f"{len(one.story) + 1} {' '.join(one.question)}?\t{one.answer}\t{facts}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"stories:{names[0]},{names[1]}"


def settings(corpus: str, **changes) -> list[str]:
    values = {"corpus": corpus, "hidden": 6, "max_epochs": 2, "halve_every": 1, "seeds": [1, 2]} | changes
    return [f"{key}={json.dumps(value)}" for key, value in values.items()]


def runs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    name = written(folder)
    rows = {name: "pe_ls_rn" if name == "lstm" else name for name in NAMES}
    return {case: (row, settings(name, noise=0.0, **NETWORKS[case])) for case, row in rows.items()}


def stub(config: Config) -> Stories:
    return load("stories", [2])

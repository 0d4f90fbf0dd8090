"""What a trained tagger makes of a sentence, with a picture of the probability of each tag; its F1 by type of span."""

from pathlib import Path
from statistics import mean

import torch
from matplotlib.figure import Figure
from torch import Tensor

from common.data.tagged.corpus import Sentence
from common.metrics.span_f1 import Counts
from common.reporting.pages.figures import save, style
from common.training.tagging import Tagging

SHOWN = 0.05  # tags that are never more probable are not drawn


def tagged(module: Tagging, text: str, picture: Path) -> str:
    """A line for each word of ``text`` (its tag and the probability of that), the intent, and where the picture lies.

    A network that was asked for intents only says nothing of the words.
    """
    words = tuple(text.split())
    sentence = Sentence(words, ("O",) * len(words))
    answer, probabilities = module.tag([sentence]), module.probabilities(sentence)
    lines, target = [], module.corpus.target
    if answer.tags:
        width = max(map(len, words))
        lines = [
            f"{word:{width}}  {tag}  {chances[target.ids[tag]]:.2f}"
            for word, tag, chances in zip(words, answer.tags[0], probabilities, strict=True)
        ]
    corpus = module.corpus
    if unknown := [word for word in words if corpus.normalise(word) not in corpus.vocabulary]:
        lines.append(f"words that it has not learnt: {', '.join(unknown)}")
    lines += [f"intent: {intent}" for intent in answer.intents]
    if answer.tags:
        with style():
            save(drawn(words, target.words, probabilities), picture)
        lines.append(f"drawn in {picture}")
    return "\n".join(lines)


def drawn(words: tuple[str, ...], tags: tuple[str, ...], probabilities: Tensor) -> Figure:
    """Probabilities ``[T, K]`` in shades, a row for each tag that is ever probable."""
    rows = torch.nonzero(probabilities.amax(0) > SHOWN).flatten().tolist()
    figure = Figure(figsize=(1.5 + 0.6 * len(words), 1 + 0.3 * len(rows)))
    axes = figure.add_subplot()
    axes.imshow(probabilities[:, rows].t(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(words)), words, rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), [tags[row] for row in rows])
    axes.grid(visible=False)
    return figure


def by_type(runs: dict[str, dict], most: int = 12) -> Figure:
    """F1 on the test text, mean over seeds, of the types of span that it has most of: a row each, a dot for a run."""
    types = {name: run["figures"]["types"] for name, run in runs.items()}
    gold = {kind: gold for kind, (_, _, gold) in next(iter(next(iter(types.values())).values())).items()}
    kinds = sorted(gold, key=lambda kind: (-gold[kind], kind))[:most]
    figure = Figure(figsize=(6.4, 0.3 * len(kinds) + 1.2))
    axes = figure.add_subplot()
    for name, seeds in types.items():
        f1 = [mean(Counts(*seed.get(kind, (0, 0, 0))).f1 for seed in seeds.values()) for kind in kinds]
        axes.plot(f1, range(len(kinds)), "o", alpha=0.8, label=name)
    axes.set_yticks(range(len(kinds)), [f"{kind} ({gold[kind]})" for kind in kinds])
    axes.invert_yaxis()
    axes.set(xlabel="F1")
    axes.legend(loc="lower left")
    return figure

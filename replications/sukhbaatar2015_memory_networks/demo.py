"""Use a trained network: your own story and question, the answer, and where each hop looked."""

import re
from pathlib import Path

from common.data.stories.readers import Question, words
from common.errors import UserError
from common.training.trained import kept
from replications.sukhbaatar2015_memory_networks.config import Config
from replications.sukhbaatar2015_memory_networks.data import problems
from replications.sukhbaatar2015_memory_networks.experiment import load_data, look
from replications.sukhbaatar2015_memory_networks.module import Answering

DEFAULT_EXPERIMENT = "joint_rn"
STORY = "Mary took the milk. John went to the garden. Mary went to the office. Where is the milk?"
ENDS = re.compile(r"(?<=[.?!。？])\s*")


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """The answer to the last sentence of ``text``, and the weight in each hop of the sentences before it.

    Raises:
        UserError: no story before the question, words or sentences that no network of the file can read, or a network
            that was trained on another corpus.
    """
    *story, question = [found for part in ENDS.split(text or STORY) if (found := words(part))] or [()]
    if not story:
        raise UserError(f"{text!r}: give a story and a question, such as 'Mary is in the office. Where is Mary?'")
    saved, config = kept(path, Config)
    corpus = load_data(config)
    if saved.get("data") != corpus.fingerprint:
        raise UserError(f"{path}: was trained on other stories than {config.corpus} has now; train it anew")
    said, most = {word for one in (*story, question) for word in one}, max(map(len, (*story, question)))
    found = problems(config, corpus)
    best = min(found, key=lambda problem: (len(said.difference(problem.words)), problem.longest < most))
    if unknown := said.difference(best.words):
        raise UserError(f"not learnt: {', '.join(sorted(unknown))}; known:{' '.join(sorted(best.words))}")
    if most > best.longest:
        raise UserError(f"a sentence of {most} words; the longest that it can read has {best.longest}")
    module = Answering(config, best, [seed]).eval()
    module.network.load_state_dict(
        {name: saved["weights"][f"{best.name}/{name}"] for name in module.network.state_dict()}
    )
    answer, sure, hops = look(best, module, Question(tuple(story), question, best.words[-1], ()))
    shown = [" ".join(one) for one in story[-hops.shape[-1] :]]
    width = max(map(len, shown))
    rows = zip(shown, hops.T, strict=True) if len(hops) else ()
    lines = [f"{sentence:{width}}  {'  '.join(f'{weight:.2f}' for weight in weights)}" for sentence, weights in rows]
    return "\n".join([f"{answer} ({sure:.2f})", *lines])

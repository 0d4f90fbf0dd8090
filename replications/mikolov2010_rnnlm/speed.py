"""How fast the network learns with few classes, with many, and with one softmax (ICASSP 2011, section 4).

Speeds of one machine at one time: those of whole trainings come from different machines, busy with different things.
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from common.data.order import Loader
from common.data.text.windows import windows
from common.training.run import Run
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.module import LanguageModel

CLASSES = (30, 100, 400, 1000, 4000, None)
WORDS = 9600  # of the training text, in a round


def learner(config: Config, counts: np.ndarray, text: Loader, device: str = "cpu") -> Callable[[], int]:
    """A new network for counts ``[V]`` and its optimiser: each call learns the text once, in a bare loop.

    A call returns the number of words that were read.
    """
    module = LanguageModel(config, counts).to(device)
    optimiser = module.configure_optimizers()

    def learn() -> int:
        state, read, update = module.network.initial(config.streams), 0, 0
        for words, next_words in text:
            words, next_words = words.to(device), next_words.to(device)
            with torch.autocast(device, torch.bfloat16, enabled=config.precision != "32-true"):
                nll, state = module.nats_to_learn(words, next_words, state, update)
            optimiser.zero_grad()
            loss = nll.sum()
            loss.backward()
            optimiser.step()
            read, update, _ = read + words.numel(), update + 1, loss.item()  # waits for the device, as training does
        return read

    return learn


def measure(run: Run) -> None:
    """Words per second for each number of classes, all in turn; a seed is a round."""
    corpus, config = run.corpus, run.config
    text = windows(corpus.train[:WORDS], corpus.eos, config.streams, config.block)
    learners = {}
    for count in CLASSES:
        chosen = config.model_copy(update={"model": "rnn", "classes": count})
        learners[count] = learner(chosen, np.asarray(corpus.vocabulary.counts), text, run.accelerator)
        learners[count]()  # the first time is slower: memory is asked for, and code compiled
    for seed in config.seeds:
        with run.seed(seed):
            for count, learn in learners.items():
                began = time.perf_counter()
                read = learn()
                run.record(f"words_per_second/{count or 'full'}", seed, read / (time.perf_counter() - began))

"""What a trained network does with single words: for the figures."""

import numpy as np
import torch
from torch.nn import functional as F

from common.data.text.corpora import Corpus
from common.text.characters import spell
from common.text.vocabulary import EOS, UNK, Vocabulary
from replications.jozefowicz2016_big_lstm.module import CharacterPredictor, WordPredictor

FREQUENCY_BOUNDS = (10, 100, 1000, 10000)  # occurrences in the training text
UNSEEN = ("mal{}", "un{}", "re{}", "{}s", "{}ly", "{}-like", "ve{}")  # how words are made that may be new


def loss_by_frequency(found: np.ndarray, corpus: Corpus) -> list[dict]:
    """Mean nats per word of the test text, for rare and frequent words; ``<unk>`` is left out."""
    bucket = np.digitize(np.asarray(corpus.vocabulary.counts)[corpus.test], FREQUENCY_BOUNDS)
    bucket[corpus.test == corpus.vocabulary.unk] = -1
    nats = -np.log(found)
    return [
        {
            "below": (*FREQUENCY_BOUNDS, None)[i],
            "words": int((bucket == i).sum()),
            "nats": float(nats[bucket == i].mean()),
        }
        for i in range(len(FREQUENCY_BOUNDS) + 1)
        if (bucket == i).any()
    ]


@torch.no_grad()
def sample(
    module: WordPredictor, vocabulary: Vocabulary, start: tuple[str, ...] = (), length: int = 60, seed: int = 1
) -> str:
    """``start`` and ``length`` more words, each drawn from the network's distribution; a line per sentence.

    A network with a character LSTM spells its words, and may invent some; it then reads them as ``<unk>``.
    """
    generator = torch.Generator().manual_seed(seed)
    state, written = module.network.initial(1), list(start)
    read = vocabulary.encode([EOS, *start])
    for _ in range(length):
        hidden, state = module.network(torch.from_numpy(read.astype(np.int64)).unsqueeze(1), state)
        if isinstance(module, CharacterPredictor):
            word = module.characters.write(hidden[-1, 0], generator).decode(errors="replace")
        else:
            chosen = module.network.output.log_probabilities(hidden[-1]).exp()
            word = vocabulary.words[int(torch.multinomial(chosen[0], 1, generator=generator))]
        written.append(word)
        read = vocabulary.encode([word])
    return " ".join("\n" if word == EOS else word for word in written).replace(" \n ", "\n").strip()


@torch.no_grad()
def neighbours(module: WordPredictor, vocabulary: Vocabulary, words: int = 8, near: int = 4) -> list[dict]:
    """For words that the training text does not have, the known words whose input vectors are nearest (cosine)."""
    frequent = [word for word in vocabulary.words if len(word) > 4 and word.isalpha() and word not in (EOS, UNK)]
    made = [UNSEEN[i % len(UNSEEN)].format(word) for i, word in enumerate(frequent[5:400:7])]
    unseen = [word for word in made if word not in vocabulary][:words]
    cnn, spelling = module.network.inputs.cnn, module.network.inputs.spelling
    known = F.normalize(torch.cat([cnn(part) for part in spelling.split(4096)]), dim=1)
    similar = F.normalize(cnn(spell(unseen, spelling.shape[1])), dim=1) @ known.t()
    return [
        {"word": word, "near": [vocabulary.words[i] for i in row.topk(near).indices.tolist()]}
        for word, row in zip(unseen, similar, strict=True)
    ]

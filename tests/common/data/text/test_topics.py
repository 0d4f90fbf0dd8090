import numpy as np
import pytest

from common.data.text import topics
from common.data.text.probabilistic_grammar import Parser


def test_the_topic_is_known_from_the_ends_of_earlier_sentences_only():
    made = topics.generate(1, 3000, 100, 100)
    parser = Parser(topics.GRAMMAR)
    nats = [[parser.read(word) for word in [*line.split(), "</s>"]] for line in made.train]
    assert -sum(map(sum, nats)) / sum(map(len, nats)) == pytest.approx(made.entropy_rate, rel=0.05)
    ends = [line.split()[-1] for line in made.train]
    topic = [next(n for n, words in enumerate(topics.TOPICS) if end in words.split()) for end in ends]
    assert np.mean(np.diff(topic) == 0) == pytest.approx(topics.KEEP_TOPIC, abs=0.03)

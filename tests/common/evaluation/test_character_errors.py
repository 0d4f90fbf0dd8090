import re
from collections import Counter

import numpy as np
import pytest

from common.data.text import rows
from common.evaluation import character_errors


def test_errors_are_peeled_in_order_and_add_up(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes(b"common words again " * 250 + b"rare thing again " * 16)
    text = rows.load(f"text:{path}", 1)
    whole = bytes(text.symbols[n] for n in text.rows[0]).decode()
    words = [(word.start(), word.group()) for word in re.finditer("[a-z]+", whole)]
    seen = Counter(word for start, word in words if start < text.ends[0])
    rare = sum(len(word) for start, word in words if seen[word] <= 5 and start >= text.ends[1])
    size = text.ends[2] - text.ends[1]
    chances, oracle = np.full((1, size), 0.4), np.zeros((1, 1, size))
    oracle[0, 0, 0] = 0.5  # within a common word
    found = character_errors.errors(chances, oracle, text)
    shares = [found[f"errors/{kind}"] for kind in ("ngram", "rare", "opening", "rest")]
    assert found["errors/all"] == 1 and sum(shares) == pytest.approx(1) and 0 < rare < size / 2
    assert shares[:2] == pytest.approx([1 / size, rare / size])


def test_ends_are_where_quotes_brackets_and_lines_end(tmp_path):
    path = tmp_path / "marks.txt"
    path.write_bytes(b'a "b" (c)\n' * 120)
    text = rows.load(f"text:{path}", 1)
    test = bytes(text.symbols[n] for n in text.part("test")[0])
    chances = np.array([[{'"': 0.5, ")": 0.25, "\n": 0.125}.get(chr(byte), 1.0) for byte in test]])
    found = character_errors.nats(chances, text)
    assert found == pytest.approx(
        {"test/nll": found["test/nll"], "ends/quote": np.log(2), "ends/bracket": np.log(4), "ends/line": np.log(8)}
    )
    assert found["test/nll"] == pytest.approx(-np.log(chances).mean())

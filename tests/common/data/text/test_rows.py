"""The text in rows, what its characters lie in, and the made-up one."""

import numpy as np
import pytest

from common.data.text import passages, rows
from common.data.text.spans import followed
from common.errors import UserError


def test_each_row_gives_its_first_part_to_train(tmp_path):
    path = tmp_path / "own.txt"
    path.write_bytes(bytes(range(97, 107)) * 250 + "é\r\n".encode())  # the last three characters fill no block
    text = rows.load(f"text:{path}", 2)
    assert text.rows.shape == (2, 1200) and text.ends == (900, 1000, 1200) and text.symbols == b"abcdefghij"
    joined = np.concatenate([text.part(split) for split in rows.SPLITS], axis=1)
    assert (joined == np.arange(2400).reshape(2, 1200) % 10).all()
    assert text.vocabulary.words[2:] == tuple(f"{byte:02x}" for byte in range(97, 107))
    assert rows.load(f"text:{path}", 1).fingerprint != text.fingerprint
    with pytest.raises(UserError, match="25 rows are 1 blocks of 100 each, and 10 are needed"):
        rows.load(f"text:{path}", 25)
    with pytest.raises(UserError, match="cannot be read"):
        rows.load(f"text:{tmp_path}/none", 2)


def test_quotes_lines_and_brackets_are_followed_and_end_with_a_paragraph():
    text = b'a "b(c(\r\nd)\n\r\n)e"'
    found = followed(text)
    assert found["quote"].tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1]
    assert found["bracket"].tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 1, 1, 1, 0, 0, 0, 0]
    assert found["column"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 0, 1, 0, 1, 2, 3]


def test_the_made_up_text_has_something_for_each_to_follow():
    text = passages.generate(1, 20_000)
    assert text == passages.generate(1, 20_000) and len(text) == 20_000
    assert {len(line) for line in text.split(b"\n")[:-1]} == {passages.LINE}
    found = followed(text)
    assert 0.1 < found["quote"].mean() < 0.5 and found["bracket"].max() == passages.DEPTH
    assert followed(text.replace(b"\n", b""))["bracket"][-1] >= 0

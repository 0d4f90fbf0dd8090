import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.data.text import sentences
from common.data.text.sentences import read_lines, read_sentences
from common.errors import UserError


def write(tmp_path, content: bytes):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"a b\nc\n",
        b"a b\nc",  # no newline at the end
        b" a  b \n\n \t\nc\n",  # blank lines are no sentences
        b"\xef\xbb\xbfa b\r\nc\r\n",  # byte-order mark and Windows line ends
        b"a b\rc\r",  # old Macintosh line ends
    ],
)
def test_the_same_sentences_however_the_lines_are_written(tmp_path, content):
    assert list(read_sentences(write(tmp_path, content))) == [["a", "b"], ["c"]]


def test_words_beyond_ascii_and_line_separators_within_a_line(tmp_path):
    path = write(tmp_path, "café 日本\u2028über\n".encode())
    assert list(read_sentences(path)) == [["café", "日本", "über"]]


def test_a_bare_carriage_return_ends_no_line(tmp_path):
    assert list(read_sentences(write(tmp_path, b"a b\rc\nd\n"))) == [["a", "b", "c"], ["d"]]
    assert list(read_lines(write(tmp_path, b"a\rb\r\nc\x0bd\r\n"))) == [(1, "a\rb"), (2, "c\x0bd")]


LINES = st.lists(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n\r\0\ufeff"), min_size=1), min_size=1
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans())
def test_lines_come_back_as_they_were_written(tmp_path_factory, lines, end, closed, packed):
    path = tmp_path_factory.getbasetemp() / ("lines.gz" if packed else "lines.txt")
    content = (end.join(lines) + end * closed).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    assert [line for _, line in read_lines(path)] == lines


def test_a_packed_file_that_breaks_off(tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"a b c d e f\n" * 9)[:-12])
    with pytest.raises(UserError, match="text.gz: the packed file breaks off"):
        list(read_lines(path))


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"a b\ncaf\xe9\n", 2, r"not UTF-8 \(byte 0xe9\); convert"),
        (b"\xff\xfea\x00b\x00\n\x00", 1, r"not UTF-8 \(byte 0xff\)"),  # UTF-16
        (b"good\n\xed\xa0\x80\n", 2, "not UTF-8"),  # an encoded surrogate
        (b"a\nb\x00c\n", 2, "a NUL byte"),
        (b"", 1, "the file is empty; it needs text, one sentence per line"),
        (b"\n \n\r\n", 1, "the file is empty"),
        (b"a\n" + b"x" * 1_000_001, 2, "put one sentence on each line"),
        (b"a\n" + b"x " * 100_001, 2, "put one sentence on each line"),
        (b"a\nb </s>\n", 2, "contains </s>.* remove it"),
    ],
)
def test_bad_text_is_refused_with_its_line(tmp_path, content, line, reason):
    path = write(tmp_path, content)
    with pytest.raises(UserError, match=reason) as error:
        list(read_sentences(path))
    assert str(error.value).startswith(f"{path}:{line}: ")


def test_a_long_line_that_is_just_short_enough_is_read(tmp_path):
    many_tokens, many_characters = b"x " * sentences.MAX_TOKENS, b"y" * (sentences.MAX_CHARACTERS - 1)
    path = write(tmp_path, many_tokens + b"\n" + many_characters + b"\n")
    assert [len(sentence) for sentence in read_sentences(path)] == [sentences.MAX_TOKENS, 1]


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(UserError, match=r"cannot be read \((No such file|Is a directory)") as error:
            list(read_sentences(path))
        assert str(error.value).startswith(f"{path}: ")

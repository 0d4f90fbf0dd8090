import shutil

import pytest

from common.errors import UserError
from common.reporting.pages import readme
from common.reporting.pages.content import read


def test_fill_writes_the_tables_and_nothing_else(suite):
    path = suite.folder / "README.md"
    assert not readme.is_current(suite.name)
    assert readme.fill(suite.name)
    text = path.read_text()
    assert text.startswith("# Nets\n\n<!-- generated: results -->\n")
    assert text.endswith("<!-- end -->\n\nThe end.\n")
    assert "| **124.5** perplexity |" in text and "**✓ direction holds**" in text
    assert readme.is_current(suite.name)
    assert not readme.fill(suite.name) and path.read_text() == text


def test_a_number_changed_by_hand_is_noticed(suite):
    readme.fill(suite.name)
    path = suite.folder / "README.md"
    path.write_text(path.read_text().replace("124.5", "120.5"))
    assert not readme.is_current(suite.name)


def test_a_new_record_makes_it_stale_and_a_quick_run_does_not(suite):
    readme.fill(suite.name)
    shutil.rmtree(suite.folder / "runs")
    assert readme.is_current(suite.name)
    suite.record("net", "scaled", metrics={"test/perplexity": {"1": 120.0, "2": 121.0, "3": 122.0}})
    assert not readme.is_current(suite.name)


def test_nothing_recorded(suite):
    shutil.rmtree(suite.folder / "records")
    assert readme.generated(read(suite.name, quick=None)) == "No result has been recorded yet.\n"


def test_a_number_in_a_sentence_comes_from_a_record(suite):
    path = suite.folder / "README.md"
    sentence = "The net has <!-- n: net test/perplexity scaled -->{}<!-- /n --> there.\n\n"
    path.write_text(sentence.format("99") + path.read_text())
    assert not readme.is_current(suite.name) and readme.fill(suite.name)
    assert path.read_text().startswith(sentence.format("124.5"))
    path.write_text(path.read_text().replace("-->124.5<", "-->124.4<"))
    assert not readme.is_current(suite.name)
    path.write_text("\n" + path.read_text().replace("test/perplexity scaled", "test/perplexity paper"))
    with pytest.raises(UserError, match=r"README.md:2: no record has net test/perplexity paper; name an experiment"):
        readme.fill(suite.name)


@pytest.mark.parametrize("text", ["# Nets\n", "<!-- end -->\n<!-- generated: results -->\n"])
def test_markers_that_are_not_there(suite, text):
    path = suite.folder / "README.md"
    path.write_text(text)
    with pytest.raises(UserError, match=r"README.md: no '<!-- generated: results -->' followed by"):
        readme.fill(suite.name)
    assert path.read_text() == text
    path.unlink()
    with pytest.raises(UserError, match=r"README.md: not found"):
        readme.is_current(suite.name)

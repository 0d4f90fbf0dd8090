import copy

import pytest

from common.errors import UserError
from common.reporting.evidence.published import Paper, load_paper
from common.reporting.evidence.rules import terms


def test_a_good_paper_loads(suite):
    paper = load_paper(suite.name)
    assert paper.byline == "A. Author, B. Author"
    assert [row.label for _, row in paper.rows()] == ["Counts", "Net", "Average", "Ours | big"]
    assert [(one.experiment, one.metric) for one in terms(paper.claims[0].rule)] == [
        ("net", "test/perplexity"),
        ("plain", "test/perplexity"),
    ]


def test_the_longest_prefix_gives_the_unit(suite):
    units = {"test/": "nats", "test/perplexity": "perplexity"}
    paper = Paper.model_validate(suite.published | {"units": units})
    assert paper.unit("test/perplexity+kn5") == "perplexity"
    assert paper.unit("test/loss") == "nats"
    assert paper.unit("seconds") == paper.unit("seconds/kn5") == "s"
    assert paper.unit("valid/loss") is None


@pytest.mark.parametrize(
    "change, words, line",
    [
        (lambda c: c.update(sumary="x"), ["unknown key 'sumary'", "did you mean 'summary'"], "sumary:"),
        (lambda c: c["claims"][0].update(falsified_if="x"), ["unknown key 'falsified_if'"], "falsified_if:"),
        (lambda c: c["tables"][0]["rows"][1].update(publishd=1), ["did you mean 'published'"], "publishd:"),
        (lambda c: c["claims"][0]["rule"].update(expects="lower"), ["did you mean 'expect'"], "expects:"),
        (lambda c: c["claims"][0]["rule"].update(expect="smaller"), ["expect", "'lower' or 'higher'"],
         "expect: smaller"),
        (lambda c: c["claims"][0]["rule"].pop("compare"), ["compare, order, ratio, value, all"], "rule:"),
        (lambda c: c["claims"][0].update(rule={"ratio": ["net", "plain"], "metric": "test/perplexity"}),
         ["exactly one of at_most and at_least"], "rule:"),
        (lambda c: c["claims"][1].update(control="net-beat-plain"), ["did you mean 'net-beats-plain'"], "counts-exact"),
        (lambda c: c["claims"][1].update(retired={"scald": "x"}), ["did you mean 'scaled'"], "counts-exact"),
        (lambda c: c.update(counted=["count"]), ["did you mean 'counts'"], "- count"),
        (lambda c: c["units"].update({"test/perplexity": "probability"}), ["p-values have no interval"], ""),
        (lambda c: c["claims"][1]["rule"]["value"].update(experiment="count"), ["did you mean 'counts'"],
         "experiment: count"),
        (lambda c: c["claims"][2]["rule"].update(compare=["bigg", "net"]), ["did you mean 'big'"], "bigg"),
        (lambda c: c["tables"][0]["rows"][0].update(metric="test/bleu"), ["no unit", "units:"], "test/bleu"),
        (lambda c: c["claims"][0]["rule"].pop("metric"), ["names no metric"], ""),
        (lambda c: c["claims"][2].update(id="counts-exact"), ["two claims", "counts-exact"], ""),
        (lambda c: c["tables"][0]["rows"].append(c["tables"][0]["rows"][0]), ["two rows", "Counts"], ""),
        (lambda c: c.pop("title"), ["title: Field required"], ""),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_file_line_and_remedy(suite, change, words, line):
    content = copy.deepcopy(suite.published)
    change(content)
    suite.write("paper.yaml", content)
    with pytest.raises(UserError) as error:
        load_paper(suite.name)
    message = str(error.value)
    path = suite.folder / "paper.yaml"
    assert message.startswith(f"{path}:")
    number = int(message.removeprefix(f"{path}:").partition(":")[0])
    assert line in path.read_text().splitlines()[number - 1]
    for word in words:
        assert word in message


SOLVED = {"experiment": "net", "metric": "solved"}


def trials(suite, rule, published=0.97):
    """The paper with a claim and a row about success rates."""
    content = copy.deepcopy(suite.published)
    content["units"] |= {"solved": "success", "sequences": "sequences"}
    content["medians"] = ["sequences"]
    content["claims"][0]["rule"] = rule
    content["tables"][0]["rows"].append(
        {"experiment": "net", "metric": "solved", "published": published, "label": "Trials"}
    )
    suite.write("paper.yaml", content)


def test_what_a_metric_is_decides_its_statistics(suite):
    trials(suite, {"metric": "solved", "compare": ["net", "plain"], "expect": "higher", "paired_by": "none"})
    paper = load_paper(suite.name)
    assert paper.is_rate("solved") and not paper.is_skewed("solved")
    assert paper.is_skewed("sequences/st1") and not paper.is_skewed("test/perplexity")
    assert paper.run_of_a_seed == "trial"


@pytest.mark.parametrize(
    "rule, published, words",
    [
        ({"metric": "solved", "compare": ["net", "plain"], "expect": "higher"}, 0.97,
         "net-beats-plain: the trials of solved are independent; write 'paired_by: none'"),
        ({"all": [{"metric": "solved", "order": ["net", "plain"], "expect": "higher"}]}, 0.97, "paired_by: none"),
        ({"metric": "solved", "ratio": ["net", "plain"], "at_least": 2}, 0.97, "no ratio of success rates"),
        ({"value": SOLVED, "at_least": 0.5}, 97, "write 0.97 for 97 %"),
        ({"value": SOLVED, "at_least": 0.5, "at_most": 1}, 0.97, "exactly one of"),
        ({"value": SOLVED, "published": 0.5}, 0.97, "needs a tolerance"),
        ({"value": SOLVED, "at_least": 0.5, "tolerance": 0.1}, 0.97, "a bound has none"),
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_of_success_rates(suite, rule, published, words):
    trials(suite, rule, published)
    with pytest.raises(UserError, match=r"paper.yaml:\d+: ") as error:
        load_paper(suite.name)
    assert words in str(error.value)


def test_medians_of_nothing(suite):
    suite.write("paper.yaml", suite.published | {"medians": ["sequnces"]})
    with pytest.raises(UserError, match=r"paper.yaml:\d+: no unit for 'sequnces' of 'medians:'"):
        load_paper(suite.name)


def test_files_that_cannot_be_read(suite):
    path = suite.folder / "paper.yaml"
    path.write_text("title: [unclosed\n")
    with pytest.raises(UserError, match="paper.yaml:2"):
        load_paper(suite.name)
    path.write_text("")
    with pytest.raises(UserError, match="paper.yaml"):
        load_paper(suite.name)
    path.unlink()
    with pytest.raises(UserError, match="paper.yaml"):
        load_paper(suite.name)

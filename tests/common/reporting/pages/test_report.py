import copy
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from dataclasses import fields
from html.parser import HTMLParser

import pytest

from common import config
from common.errors import UserError
from common.reporting.pages.environment import TEMPLATES
from common.reporting.pages.report import report
from common.reporting.pages.summary import Result
from common.reporting.verdicts.claims import VERDICTS

RESULT_KEYS = {
    "paper", "experiment", "scale", "metric", "unit", "published", "published_source", "values", "mean",
    "low", "high", "parameters", "seconds", "throughput",
}  # fmt: skip
OPTIONAL = {"published", "published_source", "unit", "mean", "low", "high", "parameters", "seconds", "throughput"}
CLAIM_KEYS = {
    "paper", "claim", "says", "scale", "verdict", "evidence", "falsified_if", "registered", "looks", "unlike",
    "reduced", "decidable",
}  # fmt: skip


def rows(suite, **wanted):
    summary = json.loads(suite.pages()["summary.json"])
    found = [dict.fromkeys(row.name for row in fields(Result)) | row for row in summary["results"]]
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


def test_everything_is_there(finished):
    assert set(finished.pages()) == {
        "index.html", "README.md", "summary.json", "fake2001_nets.html", "fake2001_nets.md",
        *(f"figures/fake2001_nets/seeds-{scale}.svg" for scale in ("quick", "scaled")),
        *(f"figures/fake2001_nets/curves-{scale}-perplexity.svg" for scale in ("quick", "scaled")),
    }  # fmt: skip


def test_the_same_runs_give_the_same_bytes(suite):
    report()
    before = suite.pages()
    report([suite.name])
    assert suite.pages() == before


def test_pages_say_nothing_about_where_and_when(finished):
    for name, content in finished.pages().items():
        assert str(finished.root).encode() not in content, name
        assert b"Date" not in content and b"dc:date" not in content, name


def test_an_error_leaves_the_previous_report(suite):
    report()
    before = suite.pages()
    (suite.folder / "runs" / "quick" / "net" / "results.json").unlink()
    with pytest.raises(UserError):
        report()
    assert suite.pages() == before
    assert not list(suite.root.glob(".reports-*"))


def test_a_page_of_a_former_paper_goes_away(suite):
    report()
    (suite.root / "reports" / "old.html").write_text("x")
    report()
    assert "old.html" not in suite.pages()


def test_a_report_of_one_paper_keeps_the_pages_of_the_others(suite, monkeypatch):
    report()
    kept = {"other1999_net.html": b"x", "figures/other1999_net/a.svg": b"y", "index.html": b"of all"}
    for name, content in kept.items():
        (suite.root / "reports" / name).parent.mkdir(parents=True, exist_ok=True)
        (suite.root / "reports" / name).write_bytes(content)
    monkeypatch.setattr(config, "papers", lambda: [suite.name, "other1999_net"])
    shutil.copytree(suite.folder, suite.folder.with_name("other1999_net"), ignore=shutil.ignore_patterns("r*"))
    report([suite.name])
    assert b'<a href="other1999_net.html">' in suite.pages()[f"{suite.name}.html"]
    assert suite.pages().items() >= kept.items() and b"fake2001_nets" in suite.pages()[f"{suite.name}.html"]


def test_which_papers(suite):
    with pytest.raises(UserError, match="did you mean 'fake2001_nets'"):
        report(["fake2001_net"])


def test_summary_has_a_row_per_published_row_and_scale(finished):
    summary = json.loads(finished.pages()["summary.json"])
    assert all(RESULT_KEYS - OPTIONAL <= set(row) for row in summary["results"])
    assert all(RESULT_KEYS <= set(row) for row in summary["results"] if row.get("published") == 124.7 and row["values"])
    assert not any(value in (None, "", []) for row in summary["results"] for value in row.values())
    assert all(CLAIM_KEYS <= set(claim) for claim in summary["claims"])
    assert len(rows(finished, published=124.7)) == 3
    assert [(c["claim"], c["scale"]) for c in summary["claims"]][:3] == [
        ("net-beats-plain", "quick"),
        ("net-beats-plain", "scaled"),
        ("net-beats-plain", "paper"),
    ]
    assert {c["verdict"] for c in summary["claims"]} <= {
        "reproduced", "within reach", "direction holds", "not reproduced", "inconclusive", "not attempted"
    }  # fmt: skip


def test_summary_holds_the_numbers(finished):
    (net,) = rows(finished, experiment="net", metric="test/perplexity", scale="scaled")
    assert net["values"] == {"1": 124.0, "2": 125.0, "3": 124.6}
    assert net["mean"] == pytest.approx(373.6 / 3)
    assert net["low"] < 124.0 < 125.0 < net["high"]
    assert (net["published"], net["published_source"], net["unit"]) == (124.7, "Table 1", "perplexity")
    assert (net["parameters"], net["seconds"], net["throughput"]) == (4_040_000, 120.0, 22_000.0)
    assert net["confidence"] == "unverified" and net["comparable"]
    (counts,) = rows(finished, experiment="counts", scale="scaled")
    assert (counts["mean"], counts["low"], counts["high"]) == (141.1, None, None)
    (average,) = rows(finished, metric="test/perplexity/average", scale="scaled")
    assert average["values"] == {"1+2+3": 110.0}


def test_summary_shows_what_is_absent_and_what_is_beside_the_tables(finished):
    (absent,) = rows(finished, experiment="net", metric="test/perplexity", scale="paper")
    assert absent["mean"] is None and absent["values"] == {}
    assert absent["reason"] == "no record of net at scale paper"
    (beside,) = rows(finished, metric="valid/perplexity", scale="scaled")
    assert beside["published"] is None and beside["experiment"] == "net"
    assert not rows(finished, experiment="net", metric="test/perplexity", scale="quick")[0]["comparable"]


class Page(HTMLParser):
    """Collects a page's tags and text, and refuses tags that are not closed in order."""

    VOID = {"meta", "link", "img", "br"}

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.open, self.links, self.ids, self.text = [], [], set(), ""
        self.feed(content.decode())
        assert not self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[key] for key in ("href", "src") if key in attrs]
        self.ids |= {attrs["id"]} if "id" in attrs else set()
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass  # the shapes of an inline SVG

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += f"{data} "


def test_pages_are_well_formed_and_every_link_leads_somewhere(finished):
    pages = finished.pages()
    html = {name: Page(content) for name, content in pages.items() if name.endswith(".html")}
    for name, page in html.items():
        for link in page.links:
            if link.startswith("../"):  # beside the reports of a checkout
                path, _, line = link.partition("#L")
                assert (finished.root / "reports" / path).is_file(), link
            elif link != "data:,":
                target, _, anchor = link.partition("#")
                assert (target or name) in pages, link
                assert not anchor or anchor in html[target or name].ids, link


def test_pages_need_no_network_and_no_script(finished):
    for name, content in finished.pages().items():
        if name.endswith(".html"):
            assert b"<script" not in content and b"@import" not in content and b"url(" not in content
            assert not re.search(rb'(src|href)="(https?:)?//', content), name


def test_names_and_titles_cannot_break_a_page(finished):
    pages = finished.pages()
    assert b"Nets &amp; &lt;counts&gt;" in pages["index.html"]
    assert b"<counts>" not in pages["index.html"] + pages["fake2001_nets.html"]
    assert b"Every &lt;seed&gt; (Table 1)." in pages["fake2001_nets.html"]
    assert rb"Ours \| big" in pages["fake2001_nets.md"]


def test_the_paper_page_says_it_all(finished):
    text = " ".join(Page(finished.pages()["fake2001_nets.html"]).text.split())
    for words in (
        "Falsified if the 95 % interval of net − plain (test/perplexity) lies above 0.",
        "net − plain (test/perplexity) = −12.1 perplexity",
        "Whether the rule is older than the runs was not recorded.",
        "not attempted: no record of big at scale scaled",
        "124.7 ?",  # unverified
        "quoted from memory",
        "0123456789 + changes",
        "A CPU, 2 threads, Python 3.11.9, torch 2.14.1",
        "4.04 M",
        "22 k words/s",
        "812 MiB",
        "corpus real made all",
        "hidden 200 50 all",
        "they are shown, not compared",
        "word net ⟲ P(next)",  # the boxes of the model
    ):
        assert words in text.replace("\u00a0", " "), words


def test_the_failed_are_as_loud_as_the_held(suite):
    content = copy.deepcopy(suite.published)
    content["claims"][0]["rule"]["expect"] = "higher"
    suite.write("paper.yaml", content)
    report()
    pages = suite.pages()
    assert '<span class="mark not">[¬Re]</span>' in pages["index.html"].decode()
    assert 'class="chip not-reproduced"' in pages["index.html"].decode()
    assert "**✕ not reproduced**" in pages["README.md"].decode()
    assert "[¬Re]" in pages["fake2001_nets.md"].decode()


def test_published_numbers_about_other_data_are_not_compared(finished):
    """At scale quick the corpus is our own: no tick, no difference, the number in parentheses."""
    markdown = finished.pages()["fake2001_nets.md"].decode()
    scaled, quick = markdown.split("### Scale quick")[0], markdown.split("### Scale quick")[1]
    assert "| 141.2 | **141.1** perplexity | −0.1 |" in scaled
    assert "| (141.2) | **141.1** perplexity | – |" in quick


def test_figures_are_svg_that_follow_the_page(finished):
    for name, content in finished.pages().items():
        if name.endswith(".svg"):
            ElementTree.fromstring(content)
            assert b"prefers-color-scheme: dark" in content
    curves = finished.pages()["figures/fake2001_nets/curves-scaled-perplexity.svg"].decode()
    assert "124.7" in curves and "141.2" not in curves  # counting has no curve
    assert "124.7" not in finished.pages()["figures/fake2001_nets/curves-quick-perplexity.svg"].decode()


def test_a_paper_without_records_figures_or_claims(suite):
    content = copy.deepcopy(suite.published) | {"claims": [], "tables": []}
    suite.write("paper.yaml", content)
    for path in (suite.folder / "records" / "scaled").iterdir():
        path.unlink()
    report()
    summary = json.loads(suite.pages()["summary.json"])
    assert summary["claims"] == [] and {row["scale"] for row in summary["results"]} == {"quick"}


def test_what_has_to_be_known_stands_beside_the_verdict(suite):
    """Looks, unlike arms and a rule changed after its run, in all three forms of the report."""
    settings = suite.result("net", "scaled")["config"]
    made = suite.result("net", "scaled")["provenance"] | {"rules": {"net-beats-plain": "another"}}
    suite.record(
        "net",
        "scaled",
        provenance=made | {"precision": "bf16-mixed"},
        earlier=[
            {
                "git_commit": "a",
                "config": settings,
                "metrics": {"test/perplexity": {"1": 126.0, "2": 126.0, "3": 126.0}},
            }
        ],
    )
    suite.record("plain", "scaled", provenance=made | {"precision": "32-true"})
    report()
    pages = suite.pages()
    (claim,) = [
        one
        for one in json.loads(pages["summary.json"])["claims"]
        if one["claim"] == "net-beats-plain" and one["scale"] == "scaled"
    ]
    assert claim["registered"] == "changed 0123456789abcdef" and claim["looks"] == 2 and claim["decidable"] is True
    assert claim["unlike"] == ["precision of net and plain (bf16-mixed, 32-true)"]
    for name in ("fake2001_nets.html", "fake2001_nets.md"):
        shown = pages[name].decode().replace("\u00a0", " ")
        for words in (
            "The rule was changed after the runs (they are of commit 0123456789)",
            "The test text was evaluated 2 times",
            "The arms also differ in precision of net and plain",
        ):
            assert words in shown, (name, words)
        assert "2 looks: 124.5, 126.0" in shown


def test_p_values_are_shown_without_a_mean(suite):
    content = copy.deepcopy(suite.published)
    content["units"]["bootstrap/p"] = "probability"
    suite.write("paper.yaml", content)
    measured = json.loads(suite.record("net", "scaled").read_text())["metrics"]
    suite.record("net", "scaled", metrics=measured | {"bootstrap/p": {"1": 0.001, "2": 0.012, "3": 0.007}})
    report()
    (row,) = rows(suite, metric="bootstrap/p", scale="scaled")
    assert (row["mean"], row["low"], row["high"]) == (None, None, None)
    assert row["values"] == {"1": 0.001, "2": 0.012, "3": 0.007}
    assert "0.001, 0.012, 0.007: p-values, which have no mean" in suite.pages()["fake2001_nets.html"].decode()


def test_what_git_keeps_does_not_depend_on_the_runs_of_this_machine(suite):
    kept = report(kept=True)
    before = {path.name: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    results = suite.folder / "runs" / "quick" / "net" / "results.json"
    found = json.loads(results.read_text())
    found["metrics"] = {
        metric: {seed: value * 1.1 for seed, value in values.items()} for metric, values in found["metrics"].items()
    }
    here = (report() / "summary.json").read_text()
    results.write_text(json.dumps(found))
    assert (report() / "summary.json").read_text() != here
    assert {path.name: path.read_bytes() for path in report(kept=True).rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("paper", config.papers())
def test_what_a_page_leads_to_is_in_every_folder(paper):
    assert all((config.params_file(paper).parent / name).is_file() for name in ("README.md", "model.py"))


def test_a_mark_for_every_claim(finished):
    page = finished.pages()["index.html"].decode()
    marks = re.findall(r'<a class="dot ([a-z-]+)" href="fake2001_nets.html#([\w-]+)" title="([^"]+)"', page)
    claims = [row["claim"] for row in json.loads(finished.pages()["summary.json"])["claims"]]
    assert [claim for _, claim, _ in marks] == list(dict.fromkeys(claims))
    assert page.count('class="dot') == len(marks) == sum(map(int, re.findall(r"</span> <b>(\d+)</b>", page)))
    (row,) = re.findall(r"\| \[Re\] \[Nets .*\]\(fake2001_nets.md\) \|(.*)\|", finished.pages()["README.md"].decode())
    assert sum(int(count) for count in row.split("|") if count.strip()) == len(marks)
    assert all(title.endswith(": " + verdict.replace("-", " ")) for verdict, _, title in marks)


def test_every_scale_and_every_verdict_is_explained():
    words = config.read_yaml(TEMPLATES / "words.yaml")
    assert list(words["scale_meaning"]) == list(config.SCALES)
    assert list(words["verdict_meaning"]) == list(VERDICTS)


def test_links_to_code_name_its_lines(finished):
    """The class of an equation, and the rule of a claim."""
    settings = (finished.folder / "paper.yaml").read_text().splitlines()
    for page in ("fake2001_nets.html", "fake2001_nets.md"):
        text = finished.pages()[page].decode()
        assert "../replications/fake2001_nets/model.py#L4" in text and "Equation 1." in text
        rules = [int(line) for line in re.findall(r"fake2001_nets/paper\.yaml#L(\d+)", text)]
        assert [settings[line - 1] for line in rules] == [
            f"- id: {claim['id']}" for claim in finished.published["claims"]
        ]


def test_a_figure_stands_beside_the_table_that_it_names(finished):
    text = finished.pages()["fake2001_nets.html"].decode()
    places = [
        text.index(part)
        for part in (
            "<th>Table 1",
            "seeds-scaled.svg",
            "measurements without",
            "curves-scaled-perplexity.svg",
            "seeds-quick.svg",
        )
    ]
    assert places == sorted(places)


def test_sample_outputs_of_several_networks_stand_side_by_side(suite):
    suite.record(
        "net",
        "scaled",
        figures={
            "examples": [
                {"source": "a | <b>", "reference": "one", "ours": "two"},
                {"source": "c", "reference": "d", "ours": ["e", "f"]},
            ]
        },
    )
    suite.record(
        "plain", "scaled", figures={"examples": [{"source": "c", "reference": "d", "ours": "g"}, {"word": "h"}]}
    )
    report()
    markdown = suite.pages()["fake2001_nets.md"].decode()
    assert (
        "| source | reference | net | plain |\n| --- | --- | --- | --- |\n"
        "| a \\| <b> | one | two | – |\n| c | d | e, f | g |\n\n"
    ) in markdown
    html = suite.pages()["fake2001_nets.html"].decode()
    assert "<tr><td>a | &lt;b&gt;</td><td>one</td><td>two</td><td>–</td></tr>" in html

import pytest

from common.reporting.evidence.published import Claim, Paper
from common.reporting.verdicts.claims import FAILED, HOLDS
from common.reporting.verdicts.falsifiers import falsified_if
from tests.common.reporting.verdicts.test_claims import run

UNITS = {"units": {"m": "points", "solved": "success"}}
A, B = ({"experiment": name, "metric": "m"} for name in ("net", "plain"))


@pytest.mark.parametrize(
    "rule, words",
    [
        ({"compare": [A, B], "expect": "lower"}, "the 95 % interval of net − plain (m) lies above 0"),
        ({"ratio": [A, B], "at_least": 2}, "the 95 % interval of net / plain (m) lies below 2"),
        ({"value": A, "at_most": 25000}, "the 95 % interval of net (m) lies above 25 000"),
        ({"value": A, "published": 141.2, "tolerance": 0.3, "better": "lower"},
         "the 95 % interval of net (m) lies above 141.5"),
        ({"value": A, "published": 141.2, "tolerance": 0.3},
         "the 95 % interval of net (m) lies below 140.9 or above 141.5"),
        ({"value": {"experiment": "net", "metric": "solved"}, "published": 0.62, "tolerance": 0.1, "better": "higher"},
         "the 95 % interval of net (solved) lies below 52 %"),
        ({"all": [{"compare": [A, B], "expect": "lower"}, {"value": A, "at_most": 2}]},
         "a 95 % interval lies on the wrong side: net − plain (m) above 0; net (m) above 2"),
        ({"compare": [{"experiment": "counts", "metric": m} for m in ("m", "m/2")], "expect": "lower"},
         "the 95 % interval of counts (m) − counts (m/2) lies above 0 or is 0"),
    ],
)  # fmt: skip
def test_the_text_is_made_from_the_rule(suite, rule, words):
    paper = Paper.model_validate(suite.published | UNITS)
    assert falsified_if(paper, Claim(id="c", says="s", where="w", rule=rule)) == words


@pytest.mark.parametrize("middle, verdict", [(-1.0, HOLDS), (0.0, ()), (1.0, (FAILED,))])
def test_an_interval_that_includes_no_effect_falsifies_nothing(judged, middle, verdict):
    """The text names one side of 0, and the verdict is a failure on that side only."""
    ours = {str(n): 10 + middle + shift for n, shift in enumerate((-0.1, 0.0, 0.1))}
    runs = {"net": run(ours), "plain": run(dict.fromkeys(ours, 10.0))}
    found = judged(UNITS, {"compare": [A, B], "expect": "lower"}, "scaled", runs)
    assert (found.verdict in verdict) if verdict else found.verdict == "inconclusive"
    assert found.falsified_if == "the 95 % interval of net − plain (m) lies above 0"

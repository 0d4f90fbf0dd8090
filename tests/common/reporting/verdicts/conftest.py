import copy

import pytest

from common.reporting.evidence.published import Claim, Paper
from common.reporting.verdicts.claims import judge


@pytest.fixture
def judged(suite):
    """``judged(units, rule, scale, runs, ...)``: the verdict on a claim with this rule, its experiments declared."""

    def judged(paper, rule, scale, runs, hashes=None, **claim):
        params = copy.deepcopy(suite.params)
        params["experiments"] |= {name: {} for name in runs if name not in params["experiments"]}
        suite.write("params.yaml", params)
        runs = {name: one.model_copy(update={"experiment": name}) for name, one in runs.items()}
        paper = Paper.model_validate(suite.published | paper)
        claim = Claim(id="c", says="s", where="w", rule=rule, **claim)
        return judge(suite.name, paper, claim, scale, runs, hashes=hashes or {"c": "now"})

    return judged

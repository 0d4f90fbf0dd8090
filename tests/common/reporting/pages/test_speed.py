import json
import re

from common.reporting.pages.report import report


def test_speeds_that_were_kept_are_on_the_page(suite):
    assert b'id="speed"' not in suite.pages().get("fake2001_nets.html", b"")
    case = {"per_second": 2050.3, "unit": "words", "ratio": 1.27, "ratio_range": [1.2, 1.31]}
    speed = {
        "machine": {
            "device": "a processor",
            "threads": 1,
            "versions": {"torch": "2"},
            "git_commit": "0123456789ab",
            "git_dirty": True,
        },
        "cases": {"plain": case | {"ratio": 1}, "ours": case, "a rival": {"missing": "package"}},
        "tasks": {"counting": {"seconds": 3.2, "range": [3, 4]}},
    }
    (suite.folder / "records" / "speed.json").write_text(json.dumps(speed))
    report()
    for name in ("fake2001_nets.html", "fake2001_nets.md"):
        text = " ".join(re.sub(r"<[^>]*>|\|", " ", suite.pages()[name].decode()).split())
        assert "ours 2 050 words 1.270 1.200 to 1.310" in text and "counting 3.200 s 3.000 to 4.000 s" in text
        assert (
            "a rival not measured: no package was installed" in text
            and "a processor, 1 thread, torch 2; commit" in text
            and "+ changes" in text
        )

from typing import Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from common import config, paths
from common.errors import UserError

TOY = "toy1999_net"


def error(match, *arguments, **keywords):
    with pytest.raises(UserError, match=match):
        config.resolve(*arguments, **keywords)


def test_later_settings_win(toy):
    assert config.resolve(TOY, "net", "paper") == {
        "corpus": "large",
        "hidden": 200,
        "lr": 0.1,
        "precision": "32-true",
        "seeds": [1, 2],
    }
    assert config.resolve(TOY, "net", "quick")["hidden"] == 8  # scale over defaults
    assert config.resolve(TOY, "wide", "scaled")["hidden"] == 400  # experiment over scale
    assert config.resolve(TOY, "wide", "quick")["hidden"] == 16  # experiment at this scale over experiment
    assert config.resolve(TOY, "wide", "quick", ["hidden=3", "lr=1e-2", "seeds=[0]"]) == {
        "corpus": "made",
        "hidden": 3,
        "lr": 0.01,
        "precision": "32-true",
        "seeds": [0],
    }


def test_overrides_may_hold_equals_signs_and_colons(toy):
    assert config.resolve(TOY, "net", "quick", ["corpus=text:/a=b/c.txt"])["corpus"] == "text:/a=b/c.txt"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_a_path_is_a_path_whatever_yaml_thinks_of_it(path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "load_params", lambda paper: {"defaults": {}, "scales": {}, "experiments": {"net": {}}})
        patch.setattr(config, "_typed", lambda paper: Read)
        patch.setattr(config, "params_file", lambda paper: "params.yaml")
        wanted = ["seeds=[1]", f"corpus=text:{path}"]
        assert config.resolve("any", "net", "quick", wanted)["corpus"] == f"text:{path}"


class Read(config.Settings):
    links: str | None = None
    many: tuple[str, ...] = ()
    kind: Literal["no", "yes"] = "yes"
    size: int | None = 3


def test_texts_stand_as_they_are_and_all_else_is_yaml(monkeypatch):
    monkeypatch.setattr(
        config,
        "load_params",
        lambda paper: {
            "defaults": {"corpus": "a", "seeds": [1], "links": "x"},
            "scales": {},
            "experiments": {"net": {}},
        },
    )
    monkeypatch.setattr(config, "_typed", lambda paper: Read)
    monkeypatch.setattr(config, "params_file", lambda paper: "params.yaml")
    for text, value in (
        ("links=null", None),
        ("links='null'", "null"),
        ("links=my #1: a", "my #1: a"),
        ("kind=no", "no"),
        ("size=null", None),
        ("size=4", 4),
        ("many=[a, b]", ["a", "b"]),
    ):
        assert config.resolve("any", "net", "quick", [text])[text.partition("=")[0]] == value


def test_seeds_as_people_type_them(toy):
    assert config.parse_seeds(["1,2", "3", "4, 5 6", "8-10"]) == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    for wrong in ("1,x", "3-1", "1-2-3", "-1", "1-9999999999"):
        with pytest.raises(UserError, match=f"--seeds {wrong}: give whole numbers, such as 1,2,3 or 1-3"):
            config.parse_seeds([wrong])
    assert config.resolve(TOY, "net", "quick", ["seeds=1001-1003"])["seeds"] == [1001, 1002, 1003]
    with pytest.raises(UserError, match="a seed stands there twice; name each once"):
        config.resolve(TOY, "net", "quick", ["seeds=1-3,2"])


def test_experiments_of_a_scale(toy):
    assert config.experiments(TOY, "quick") == ["net", "wide"]
    assert config.experiments(TOY, "paper") == ["net", "wide", "late"]
    error("toy1999_net: experiment 'late' has no scale 'quick'", TOY, "late", "quick")


def test_unknown_names_come_with_the_nearest_known_one(toy):
    error("unknown paper 'toy1999_nets'; did you mean 'toy1999_net'?", "toy1999_nets", "net", "quick")
    error("toy1999_net: unknown experiment 'wild'; did you mean 'wide'?", TOY, "wild", "quick")
    error("unknown scale 'quik'; did you mean 'quick'?", TOY, "net", "quik")
    error("--set hiden=3: unknown key 'hiden'; did you mean 'hidden'?", TOY, "net", "quick", ["lr=1", "hiden=3"])
    error("unknown key 'zzz'; known: corpus, hidden, lr, precision, seeds", TOY, "net", "quick", ["zzz=3"])


def test_values_that_do_not_fit(toy):
    error("--set hidden: write key=value", TOY, "net", "quick", ["hidden"])
    error(r"--set hidden=\[1: the value is not valid YAML", TOY, "net", "quick", ["hidden=[1"])
    error("hidden = 'many': Input should be a valid integer", TOY, "net", "quick", ["hidden=many"])
    error("precision = 'double': Input should be '32-true' or 'bf16-mixed'", TOY, "net", "quick", ["precision=double"])
    error(r"seeds = \[\]", TOY, "net", "quick", ["seeds=[]"])
    error("seeds.0 = -1: Input should be greater than or equal to 0", TOY, "net", "quick", ["seeds=[-1]"])


@pytest.mark.parametrize(
    "content, message",
    [
        ("defaults: {}\nscales: {}\n", "section 'experiments' is missing"),
        ("- 1\n", "section 'defaults' is missing"),
        ("defaults: {}\nscales: [1\n", r"params.yaml:3: not valid YAML"),
        ("defaults: {lr: 1}\nscales: {}\nexperiments: {a: {lr: 2,\n lr: 3}}", r"params.yaml:4: .*'lr' stands twice"),
        ("defaults: &d {lr: 1}\nscales: {}\nexperiments: {a: {<<: *d, <<: *d}}", r"params.yaml:3: .*'<<' stands twice"),
        ("defaults: {}\nscales: {quik: {}}\nexperiments: {}", "unknown scale 'quik'; did you mean 'quick'"),
        ("defaults: {}\nscales: {}\nexperiments: {net: [1]}", "experiments.net: settings are lines of 'key: value'"),
        (
            "defaults: {}\nscales: {}\nexperiments: {net: {quick: 3}}",
            "experiments.net: settings are lines of 'key: value'",
        ),
        (
            "defaults: {}\nscales: {}\nexperiments: {net: {scales: quick}}",
            r"net.scales: write a list, such as \[scaled",
        ),
        (
            "defaults: {}\nscales: {}\nexperiments: {net: {scales: [scald]}}",
            "experiments.net.scales: unknown scale 'scald'; did you mean 'scaled'?",
        ),
    ],
)
def test_broken_params(toy, content, message):
    config.params_file(TOY).write_text(content)
    error(message, TOY, "net", "quick")


def test_a_missing_setting_is_named(toy):
    params = config.load_params(TOY)
    del params["defaults"]["lr"]
    config.params_file(TOY).write_text(yaml.safe_dump(params))
    error("params.yaml: lr = .*Field required", TOY, "net", "quick")


def test_settings_do_not_change(toy):
    settings = config.validate(TOY, config.resolve(TOY, "net", "quick"), "here")
    with pytest.raises(ValueError, match="frozen"):
        settings.hidden = 3


def test_the_papers_setting_is_known_where_an_experiment_is_not_declared_at_its_scale(toy):
    assert config.paper_setting(TOY, "late")["hidden"] == config.paper_setting(TOY)["hidden"] == 200
    assert config.paper_setting(TOY, "wide")["hidden"] == 400 and config.paper_setting(TOY, "wide")["lr"] == 0.1


# --- the papers of this checkout


def test_every_folder_with_parameters_is_a_paper():
    assert "mikolov2010_rnnlm" in config.papers()
    assert all((paths.REPLICATIONS / paper / "experiment.py").exists() for paper in config.papers())


@pytest.mark.parametrize("paper", config.papers())
@pytest.mark.parametrize("scale", config.SCALES)
def test_every_experiment_resolves_at_every_scale(paper, scale):
    names = config.experiments(paper, scale)
    assert names or scale == "scaled"  # synthetic tasks need no reduced one
    for name in names:
        assert config.resolve(paper, name, scale)["seeds"] and config.paper_setting(paper, name)["seeds"]

from types import SimpleNamespace

from common.reporting.pages.curves import POINTS, apart, curves_of, learning_curves, thinned


def test_few_points_stay_as_they_are():
    curves = {"a": {"1": [(1.0, 5.0), (2.0, 4.0)]}, "b": {"1": [(1.0, 3.0)]}}
    assert thinned(curves) == curves


def test_of_too_many_points_the_first_and_the_last_stay():
    line = [(float(epoch), 1.0 / epoch) for epoch in range(1, 1001)]
    curves = thinned({f"e{n}": {str(seed): line for seed in range(10)} for n in range(10)})
    points = [points for seeds in curves.values() for points in seeds.values()]
    assert len(points) == 100 and sum(map(len, points)) <= POINTS + len(points)
    assert all(one[0] == line[0] and one[-1] == line[-1] and len(one) > 100 for one in points)


def test_long_curves_of_one_experiment_stand_apart():
    long, short = [(float(step), 0.5) for step in range(200)], [(1.0, 0.5), (2.0, 0.4)]
    curves, published = apart({"a": {"1": long, "2": short}}, {"a": 0.1})
    assert curves == {"a, seed 1": {"1": long}, "a, seed 2": {"2": short}}
    assert published == {"a, seed 1": 0.1, "a, seed 2": 0.1}
    for together in (
        {"a": {"1": long}, "b": {"1": long}},
        {"a": {"1": short, "2": short}},
        {"a": {str(seed): long for seed in range(10)}},
    ):
        assert apart(together, {"a": 0.1}) == (together, {"a": 0.1})


def test_learning_without_epochs_is_drawn_by_its_steps():
    rows = [["1", 0, step, "train/error", 1 / step] for step in (10, 100, 100_000)] + [["1", 2, 7, "valid/nll", 1.0]]
    runs = {"a": SimpleNamespace(history=rows)}
    assert curves_of(runs, "train/error") == {"a": {"1": [(10, 0.1), (100, 0.01), (100_000, 1e-5)]}}
    paper = SimpleNamespace(unit=lambda metric: "error", steps="sequences")
    ((name, caption, figure),) = learning_curves(paper, "paper", runs, [])
    axes = figure.axes[0]
    assert name == "curves-paper-error" and "against sequences" in caption
    assert axes.get_xlabel() == "sequences" and axes.get_xscale() == "log"


def test_counts_from_nothing_to_thousands_are_seen_on_one_axis():
    paper = SimpleNamespace(unit=lambda metric: "symbols (CNTO: sequences) before the first mistake", steps="sequences")
    runs = {"a": SimpleNamespace(history=[["1", 0, step, "valid/length", step - 1.0] for step in (1, 10, 2000)])}
    ((_, _, figure),) = learning_curves(paper, "paper", runs, [])
    assert figure.axes[0].get_yscale() == "symlog" and "\n" in figure.axes[0].get_ylabel()


def test_a_curve_is_not_drawn_again_as_its_logarithm():
    paper = SimpleNamespace(unit=lambda metric: "", steps="")

    def names(*metrics):
        runs = {"a": SimpleNamespace(history=[["1", epoch, 0, metric, 2.0] for metric in metrics for epoch in (1, 2)])}
        return [name for name, _, _ in learning_curves(paper, "quick", runs, [])]

    assert names("valid/nll", "valid/perplexity") == ["curves-quick-perplexity"]
    assert names("valid/nll") == ["curves-quick-nll"]

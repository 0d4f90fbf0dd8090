from replications.mikolov2010_rnnlm.figures import draw


def test_classes_stand_in_the_order_of_their_number_and_a_missing_one_is_left_out():
    speeds = {f"words_per_second/{count}": {"1": 10.0, "2": 30.0} for count in (30, 100, 4000, "full")}
    trained = {"classes_30": (30, 133.0), "rnn": (None, 120.0)}
    runs = {
        name: {"metrics": {"test/perplexity": {"1": value}}, "config": {"classes": count}}
        for name, (count, value) in trained.items()
    }
    runs["rnn"]["figures"] = {"gain_by_frequency": [{"below": None, "words": 1, "bits": 0.1}]}
    ((*_, figure),) = (one for one in draw(runs | {"speed": {"metrics": speeds}}) if one[0] == "classes")
    left, right = figure.axes
    assert [label.get_text() for label in left.get_xticklabels()] == ["30", "100", "4000", "full"]
    assert left.lines[0].get_xydata().tolist() == [[0, 133], [3, 120]]
    assert list(right.lines[0].get_ydata()) == [20.0] * 4
    assert "classes" not in {name for name, *_ in draw(runs)}

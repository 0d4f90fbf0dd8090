from matplotlib.colors import to_rgb

from common.reporting.coloured_text import WIDTH, coloured
from common.reporting.pages import figures as look


def test_every_character_stands_on_its_colour(tmp_path):
    text = "é$\r\n\x07" + "a" * WIDTH
    figure = coloured({"a cell": (text, [1.0, -1.0, 0.0, 0.0, 0.0, *[0.5] * WIDTH]), "another": ("b", [0.0])})
    first, second = figure.axes
    assert [shown.get_text() for shown in first.texts[:6]] == ["é", r"\$", "", "¶", "?", "a"]
    blue, red = (to_rgb(patch.get_facecolor()) for patch in first.patches[:2])
    assert blue[2] > blue[0] and red[0] > red[2] and len(second.patches) == 1
    assert first.texts[0].get_color() == "white" and first.texts[2].get_color() == "black"
    assert first.texts[WIDTH].get_position()[1] == first.texts[0].get_position()[1] - 1  # the next line
    look.save(figure, tmp_path / "cells.svg")

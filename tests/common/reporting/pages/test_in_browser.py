"""The pages in a browser, at the width of a desk and of a hand; where there is a Chromium."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTHS = (1280, 390)
MEASURE = """<script>addEventListener("load", () => {
  document.body.dataset.sizes = [...document.querySelectorAll("iframe")].map(one => {
    const root = one.contentDocument.documentElement
    one.contentWindow.scrollTo(0, 600)
    const nav = one.contentDocument.querySelector("nav")
    return [one.width, root.scrollWidth, root.scrollHeight, nav ? nav.getBoundingClientRect().top : 0].join(" ")
  }).join(";")
})</script>"""


def sizes_of(pages: dict[str, bytes], folder: Path) -> dict[str, list[list[float]]]:
    """Page -> for each width: the width of its window, its own width and height, where its contents are after
    scrolling."""
    frames = "".join(
        f'<iframe src="{page}" width="{width}" height="900"></iframe>' for page in pages for width in WIDTHS
    )
    for page, content in pages.items():
        (folder / page).write_bytes(content)
    (folder / "frames.html").write_text(f"<body>{frames}{MEASURE}</body>")
    found = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--allow-file-access-from-files",
            "--dump-dom",
            f"--user-data-dir={folder / 'user'}",
            f"file://{folder / 'frames.html'}",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    lines = re.search(r'data-sizes="([^"]+)"', found)[1].split(";")
    measured = [[float(number) for number in line.split()] for line in lines]
    return {page: measured[len(WIDTHS) * n : len(WIDTHS) * (n + 1)] for n, page in enumerate(pages)}


@pytest.fixture(scope="module")
def sizes(finished, tmp_path_factory) -> dict[str, list[list[float]]]:
    pages = ("index.html", "fake2001_nets.html")
    return sizes_of({page: finished.pages()[page] for page in pages}, tmp_path_factory.mktemp("browser"))


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_no_page_is_wider_than_its_window(sizes):
    for page, found in sizes.items():
        assert [width for width, *_ in found] == list(WIDTHS)
        assert all(own <= width for width, own, *_ in found), page


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_the_contents_stay_in_sight(sizes):
    assert all(height > 1500 and top == 0 for _, _, height, top in sizes["fake2001_nets.html"])

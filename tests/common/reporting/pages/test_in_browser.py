"""The pages in a browser, at the width of a desk and of a hand; where there is a Chromium."""

import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MEASURE = "<script>document.body.dataset.size = document.documentElement.scrollWidth</script></body>"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
@pytest.mark.parametrize("width", [1280, 500])
@pytest.mark.parametrize("page", ["index.html", "fake2001_nets.html"])
def test_no_page_is_wider_than_its_window(finished, tmp_path, page, width):
    text = finished.pages()[page].decode()
    (tmp_path / page).write_text(text.replace("</body>", MEASURE))
    found = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
         "--dump-dom", f"--user-data-dir={tmp_path / 'user'}", f"--window-size={width},900",
         f"file://{tmp_path / page}"],
        capture_output=True, text=True, timeout=60, check=True).stdout
    assert int(re.search(r'data-size="(\d+)"', found)[1]) <= width

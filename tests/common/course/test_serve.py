"""The page of ``replicate serve``, asked as a browser asks it."""

import http.client
import shutil
import threading

import pytest

from common import config, demos, paths
from common.course import annotated, serve
from common.errors import UserError
from common.training.execute import execute
from tests.common.reporting.pages.test_in_browser import CHROMIUM, WIDTHS, sizes_of
from tests.replications.elman1990_structure_in_time import tiny

ELMAN = "elman1990_structure_in_time"


@pytest.fixture
def running():
    with serve.server(0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def ask(running):
    """Sends a form, or asks for the page: (status, page)."""

    def ask(paper=None, text=None, file=None, method="POST", path="/", **headers):
        boundary, parts = "----x", {"paper": paper, "text": text}
        body = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in parts.items()
            if value is not None
        ).encode()
        if file:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file[0]}"\r\n\r\n'
            body += head.encode() + file[1] + b"\r\n"
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"} if method == "POST" else {}
        connection = http.client.HTTPConnection("127.0.0.1", running.server_port, timeout=60)
        connection.request(method, path, body + f"--{boundary}--\r\n".encode() if kind else None, kind | headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    return ask


def test_every_paper_with_something_to_try_is_offered(ask):
    status, page = ask(method="GET")
    offered = [name for name in config.papers() if demos.has_demo(name)]
    assert status == 200 and len(offered) >= 10
    assert all(f'name="paper" value="{name}"' in page for name in offered)
    assert 'accept="audio/*"' in page and 'accept="image/*"' in page and "src=" not in page and "http-equiv" not in page


def test_a_network_answers_and_nothing_is_kept(ask, tmp_path, monkeypatch):
    (tmp_path / "replications" / ELMAN).mkdir(parents=True)
    for name in ("params.yaml", "paper.yaml"):
        shutil.copy(paths.REPLICATIONS / ELMAN / name, tmp_path / "replications" / ELMAN)
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path / "replications")
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    own = execute(ELMAN, "words", overrides=tiny.settings(), name="words")
    shutil.copytree(own, paths.runs(ELMAN) / "quick" / "words")
    before = sorted(tmp_path.rglob("*"))

    status, page = ask(ELMAN, "a boy")
    assert status == 200 and '<textarea name="text" aria-label="text">a boy</textarea>' in page and "█" in page
    status, page = ask(ELMAN, "boé <script>")
    assert status == 400 and "unknown letter &#39;é&#39;" in page and "boé &lt;script&gt;</textarea>" in page
    assert sorted(tmp_path.rglob("*")) == before


def test_pictures_are_shown_and_files_are_gone_afterwards(ask, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    seen = []

    def tried(paper, text):
        seen.append(text)
        picture = tmp_path / "try.svg"
        picture.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
        return f"heard {open(text, 'rb').read()!r}\ndrawn in {picture}"

    monkeypatch.setattr(demos, "tried", tried)
    status, page = ask("graves2006_ctc", file=("où.wav", b"RIFF\r\n\x00\xff"))
    assert status == 200 and "heard b&#39;RIFF\\r\\n\\x00\\xff&#39;" in page and "drawn in" not in page
    assert '<img src="data:image/svg+xml;base64,' in page
    assert seen[0].endswith(".wav") and not (tmp_path / "try.svg").exists() and list(tmp_path.iterdir()) == []


def test_a_path_that_somebody_typed_is_no_picture(ask, tmp_path, monkeypatch):
    (tmp_path / "build").mkdir()
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    (mine := tmp_path / "mine.png").write_bytes(b"mine")
    monkeypatch.setattr(demos, "tried", lambda paper, text: f"and so on {text}")
    status, page = ask(ELMAN, str(mine))
    assert status == 200 and "<img" not in page and mine.read_bytes() == b"mine"


def test_faults_are_told_on_the_page(ask, monkeypatch, capfd):
    def tried(paper, text):
        if text == "bug":
            raise KeyError("x")
        raise UserError(f"{text}: not a picture; give another")

    monkeypatch.setattr(demos, "tried", tried)
    status, page = ask("vinyals2015_show_and_tell", file=("cat.txt", b"?"))
    assert status == 400 and "cat.txt: not a picture; give another" in page
    status, page = ask(ELMAN, "bug")
    assert status == 400 and "a fault of the program (KeyError)" in page and "Traceback" in capfd.readouterr().err


def test_what_is_no_form_of_this_page(ask):
    assert ask("mikolof2010", "x")[0] == 400 and "unknown paper" in ask("mikolof2010", "x")[1]
    assert "not a form of this page" in ask(**{"Content-Type": "text/plain"})[1]
    assert "more than 50 MB" in ask(ELMAN, **{"Content-Length": "50000001"})[1]
    assert ask(method="GET", path="/etc/passwd")[0] == 400


@pytest.mark.parametrize("headers", [{"Host": "elsewhere.example"}, {"Origin": "https://elsewhere.example"}])
def test_other_sites_are_refused(ask, headers):
    assert ask(method="GET", **headers)[0] == 403 and ask(ELMAN, "a boy", **headers)[0] == 403


def test_only_on_this_machine_and_a_port_of_its_own(running, replicate):
    assert running.server_address[0] == "127.0.0.1"
    code, _, error = replicate("serve", "--port", str(running.server_port))
    assert code == 2 and "choose another with --port" in error


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_pages_fit_a_desk_and_a_hand(ask, tmp_path):
    pages = {
        "serve.html": ask(method="GET")[1],
        **{f"{name}.html": annotated.page(name) for name in annotated.papers()},
    }
    for page, found in sizes_of({name: text.encode() for name, text in pages.items()}, tmp_path).items():
        assert [width for width, *_ in found] == list(WIDTHS)
        assert all(own <= width for width, own, *_ in found), page

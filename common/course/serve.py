"""One page in a browser of this machine that offers what ``replicate try`` does. Nothing that it is given is kept."""

import base64
import mimetypes
import re
import tempfile
import threading
import traceback
from email.parser import BytesParser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from common import config, demos, paths
from common.course.annotated import TEMPLATES
from common.errors import UserError, explained
from common.reporting.evidence.published import load_paper
from common.reporting.pages.render import environment

LARGEST = 50_000_000  # bytes of a request
HERE = ("127.0.0.1", "localhost")
PICTURE = re.compile(r"(?:^|\s)(/.+\.(?:svg|png))$")  # where the last line of a demo says that its picture lies


class Answer(NamedTuple):
    """To what was asked of ``paper``."""

    paper: str
    text: str = ""  # as it was given
    says: str = ""
    picture: str = ""  # as a data URL
    fault: str = ""


def offers() -> list[dict[str, str]]:
    """Every paper that can be tried: its title, what its demo does, and which files it takes."""
    papers = [name for name in config.papers() if demos.has_demo(name)]
    found = {name: demos.program(name) for name in papers}
    return [
        {
            "name": name,
            "title": load_paper(name).title,
            "does": (program.__doc__ or "").partition("\n")[0].rpartition(": ")[2],
            "accepts": getattr(program, "ACCEPTS", ""),
        }
        for name, program in found.items()
    ]


def page(answer: Answer | None = None) -> str:
    env = environment()
    env.loader.searchpath.append(str(TEMPLATES))
    return env.get_template("serve.html.j2").render(offers=offers(), answer=answer)


def ask(paper: str, text: str, file: tuple[str, bytes] | None) -> Answer:
    """What the network says of a text, or of a file (name, content), which lies on disk as long as that takes."""
    with tempfile.TemporaryDirectory() as folder:
        given = text
        if file:
            path = Path(folder) / f"file{Path(file[0]).suffix}"
            path.write_bytes(file[1])
            given = str(path)
        try:
            says = demos.tried(paper, given)
        except Exception as error:
            if not (fault := explained(error)):
                traceback.print_exc()
                fault = f"this is a fault of the program ({type(error).__name__}); the terminal says more"
            return Answer(paper, text, fault=fault.replace(given, file[0]) if file else fault)
    *lines, last = says.splitlines() or [""]
    drawn = PICTURE.search(last)
    if not drawn or not (picture := Path(drawn[1]).resolve()).is_relative_to(paths.BUILD.resolve()):
        return Answer(paper, text, says)
    url = f"data:{mimetypes.guess_type(picture)[0]};base64,{base64.b64encode(picture.read_bytes()).decode()}"
    picture.unlink()
    return Answer(paper, text, "\n".join(lines).strip(), url)


def form(kind: str, body: bytes) -> tuple[str, str, tuple[str, bytes] | None]:
    """Paper, text and file of a form that was sent as ``multipart/form-data``.

    Raises:
        UserError: it is something else.
    """
    message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    parts = message.get_payload() if message.is_multipart() else []
    fields, file = {}, None
    for part in parts:
        content, name = part.get_payload(decode=True) or b"", part.get_param("name", header="content-disposition")
        if part.get_filename() and content:
            file = part.get_filename(), content
        elif not part.get_filename():
            fields[name] = content.decode("utf-8", errors="replace")
    if "paper" not in fields:
        raise UserError("not a form of this page; go back to it and try again")
    return fields["paper"], fields.get("text", ""), file


class Handler(BaseHTTPRequestHandler):
    """GET: the page. POST: the page with an answer. Only for this machine, and only from its own page."""

    one_at_a_time = threading.Lock()  # demos draw into the same files

    def do_GET(self) -> None:
        if self._is_from_here():
            self._send(
                page() if self.path == "/" else page(Answer("", fault="there is only one page")), self.path == "/"
            )

    def do_POST(self) -> None:
        if not self._is_from_here():
            return
        length = int(self.headers.get("Content-Length") or 0)
        try:
            if length > LARGEST:
                raise UserError(f"more than {LARGEST // 1_000_000} MB; give less")
            paper, text, file = form(self.headers.get("Content-Type", ""), self.rfile.read(length))
            config.require_paper(paper)
        except UserError as error:
            self.close_connection = True
            return self._send(page(Answer("", fault=str(error))), False)
        with self.one_at_a_time:
            answer = ask(paper, text, file)
        return self._send(page(answer), not answer.fault)

    def _is_from_here(self) -> bool:
        """Refuses pages of other sites, which a browser of this machine may have open."""
        own = [f"{name}:{self.server.server_port}" for name in HERE]
        origin = self.headers.get("Origin")
        if self.headers.get("Host") in own and (origin is None or origin in [f"http://{one}" for one in own]):
            return True
        self.send_error(HTTPStatus.FORBIDDEN, "only for this machine")
        return False

    def _send(self, text: str, good: bool) -> None:
        content = text.encode()
        self.send_response(HTTPStatus.OK if good else HTTPStatus.BAD_REQUEST)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing of what is asked."""


def server(port: int) -> ThreadingHTTPServer:
    """On the loopback alone; port 0 is any that is free.

    Raises:
        UserError: somebody else has the port.
    """
    try:
        return ThreadingHTTPServer((HERE[0], port), Handler)
    except OSError as error:
        raise UserError(f"port {port}: {error.strerror}; choose another with --port") from None

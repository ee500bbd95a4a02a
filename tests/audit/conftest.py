"""A corpus with a study in it, and registers of publications that answer from recordings on this machine."""

from __future__ import annotations

import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from kbot.audit.crossref import Crossref
from kbot.audit.pages import Pages
from kbot.audit.pubmed import PubMed
from kbot.audit.registers import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse

RECORDINGS = Path(__file__).parent.parent / "fixtures" / "registers"
CONTACT = "keeper@clinic.example"
CITED = (
    "Byron, A., Li, B., & Ångström, C. D. (2020). Warm tea and sleep: A randomised trial. Journal of Quiet Nights, "
    "12(3), 480-485. https://doi.org/10.5555/tea.2020.1"
)
STUDY = f"""---
id: tea
title: "Warm tea and sleep: A randomised trial"
kind: summary of a study
url: https://doi.org/10.5555/tea.2020.1
authors: [Byron, Li, Ångström]
journal: Journal of Quiet Nights
year: 2020
volume: "12(3)"
pages: 480-485
doi: 10.5555/tea.2020.1
pmid: 12345678
cited_as: "{CITED}"
---

# Warm tea and sleep

Of 40 people, 25% slept better after a cup of tea.
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus of one study, cited as it should be."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "tea.md").write_text(STUDY, encoding="utf-8")
    return folder


class Recorded:
    """A web server on loopback: a table of paths and their recorded answers, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str, bytes]] = {}
        self.asked: list[str] = []
        self.agents: list[str] = []
        recorded = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                recorded.asked.append(self.path)
                recorded.agents.append(self.headers.get("User-Agent", ""))
                status, kind, body = recorded.answers.get(
                    urlsplit(self.path).path, (404, "text/plain", b"Resource not found.")
                )
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the base class
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, kind: str, body: str, status: int = 200) -> None:
        self.answers[path] = (status, kind, body.encode())

    def play(self, path: str, kind: str, recording: str) -> None:
        self.answers[path] = (200, kind, (RECORDINGS / recording).read_bytes())

    def query(self, path: str) -> dict[str, list[str]]:
        """Return the query of the only request to a path."""
        (request,) = (each for each in self.asked if urlsplit(each).path == path)
        return parse_qs(urlsplit(request).query)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _ToLoopback(urllib.request.BaseHandler):
    """Leads every https request of urllib, which Biopython uses, to the recordings."""

    handler_order = 100  # before urllib's own

    def __init__(self, url: str) -> None:
        self._url = url

    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        assert request.host == "eutils.ncbi.nlm.nih.gov"
        answer: HTTPResponse = self.parent.open(self._url + request.selector, timeout=request.timeout)
        return answer


@pytest.fixture
def web() -> Iterator[Recorded]:
    """Everything on the web that the audit asks, on loopback; nothing else can be reached through it."""
    recorded = Recorded()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _ToLoopback(recorded.url))
    urllib.request.install_opener(opener)
    yield recorded
    urllib.request.install_opener(None)  # as it is before the first request
    recorded.close()


@pytest.fixture
def pubmed(web: Recorded) -> PubMed:
    """PubMed, from the recordings."""
    web.play("/entrez/eutils/efetch.fcgi", "text/plain; charset=UTF-8", "pubmed_tea.txt")
    web.play("/entrez/eutils/esearch.fcgi", "text/xml; charset=UTF-8", "pubmed_search.xml")
    web.play("/entrez/eutils/elink.fcgi", "text/xml; charset=UTF-8", "pubmed_link.xml")
    return PubMed(CONTACT)


@pytest.fixture
def crossref(web: Recorded) -> Crossref:
    """Crossref, from the recordings."""
    web.play("/works/10.5555/tea.2020.1", "application/json", "crossref_tea.json")
    web.play("/works", "application/json", "crossref_search.json")
    return Crossref(CONTACT, url=web.url, pace=Pace(0))


@pytest.fixture
def pages() -> Pages:
    """Pages on the web, read without a pause."""
    return Pages(CONTACT, pace=Pace(0))

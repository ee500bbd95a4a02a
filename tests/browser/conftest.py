"""A real Chromium, kbot served on a free port of this machine, and websites of others on other ports."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from kbot.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page
    from tests.conftest import ScriptedService

    from kbot.service import Service

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"  # Debian's: Playwright's own download isn't needed
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
TIMEOUT_MS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Last: Playwright keeps an event loop running in this thread, in which others could run none of their own.
    items.sort(key=lambda item: "tests/browser/" in item.path.as_posix())
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker("browser")


@contextlib.contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve a service in a thread; the address while it does."""
    ready = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        root = service.settings.root_path
        server = Server(uvicorn.Config(create_app(service), log_level="critical", access_log=False, root_path=root))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        assert ready.wait(30), "the server did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


class Website(ThreadingHTTPServer):
    """Pages by their paths; a path that isn't there is a 404 page."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, str] = {}
        self.policy = "default-src 'none'"

    @property
    def address(self) -> str:
        """Return where it is, without a last slash."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Website

    def do_GET(self) -> None:
        html = self.server.pages.get(self.path.partition("?")[0])
        body = (html or "nothing here").encode()
        self.send_response(404 if html is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        del format, args


@contextlib.contextmanager
def website() -> Iterator[Website]:
    """Serve a website in a thread."""
    with Website() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(30)


@pytest.fixture(scope="session")
def serve() -> Callable[[Service], contextlib.AbstractContextManager[str]]:
    """What serves a service of a test's own."""
    return serving


@pytest.fixture(scope="session")
def open_website() -> Callable[[], contextlib.AbstractContextManager[Website]]:
    """What serves a website of somebody else."""
    return website


@pytest.fixture(scope="session")
def address(scripted: ScriptedService) -> Iterator[str]:
    """The web app over the scripted service."""
    with serving(scripted) as where:
        yield where


@pytest.fixture(scope="session")
def real_address(service: Service) -> Iterator[str]:
    """The web app over the real service."""
    with serving(service) as where:
        yield where


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A desktop page in a profile of its own. A word on its console fails the test: errors, CSP, missing files."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(TIMEOUT_MS)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    assert said == []


def find_violations(page: Page) -> list[str]:
    """Return what axe-core finds on the page, with every rule on; "incomplete" checks are for people."""
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: run `make setup`, or `npm ci --prefix tests/browser`")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = page.evaluate("Object.fromEntries(axe.getRules().map(rule => [rule.ruleId, {enabled: true}]))")
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {rules, resultTypes: ['violations']})", rules)
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']}: {node['html'][:160]}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.fixture(scope="session")
def violations() -> Callable[[Page], list[str]]:
    """What axe-core finds on a page."""
    return find_violations

"""Under a path behind Debian's nginx, with the configuration that docs/deploy.md gives."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page
    from tests.browser.conftest import Website
    from tests.conftest import ScriptedService

    from kbot.service import Service

DEPLOY = Path(__file__).parent.parent.parent / "docs" / "deploy.md"
MAIN = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; {locations} }}
}}
"""


def documented(kbot: str, folder: Path) -> str:
    """Return the configuration of the page, with the test's port of kbot and a log of its own."""
    (locations,) = re.findall(r"```nginx\n(.*?)```", DEPLOY.read_text(encoding="utf-8"), re.DOTALL)
    assert "http://127.0.0.1:7860/" in locations
    assert "/var/log/nginx/kbot.log" in locations
    moved = locations.replace("http://127.0.0.1:7860/", f"{kbot}/")
    return str(moved.replace("/var/log/nginx/kbot.log", str(folder / "kbot.log")))


@pytest.fixture(scope="module")
def site(open_website: Callable[[], AbstractContextManager[Website]]) -> Iterator[Website]:
    with open_website() as site:
        yield site


@pytest.fixture(scope="module")
def proxied(
    scripted: ScriptedService,
    site: Website,
    serve: Callable[[Service], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Return the address of kbot behind nginx, without the last slash."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.fail("nginx is not installed: run `make test`, or install Debian's nginx-light")
    folder = tmp_path_factory.mktemp("nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    service = type(scripted)(replace(scripted.settings, root_path="/help", allowed_origins=site.address))
    with serve(service) as kbot:
        file = folder / "nginx.conf"
        file.write_text(MAIN.format(folder=folder, port=port, locations=documented(kbot, folder)), encoding="utf-8")
        nginx = subprocess.Popen([program, "-e", "stderr", "-p", str(folder), "-c", str(file)])
        try:
            wait_until_listening(nginx, port)
            yield f"http://127.0.0.1:{port}/help"
        finally:
            nginx.terminate()
            nginx.wait(30)


def wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once the port answers.

    Raises:
        AssertionError: the process ended instead.
    """
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            try:
                code = process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"nginx ended with {code}") from None
        else:
            return
    raise AssertionError("nginx does not listen")


def test_the_chat_and_its_pages_work_under_the_path(page: Page, proxied: str) -> None:
    paths: set[str] = set()
    page.context.on("request", lambda request: paths.add(urlsplit(request.url).path))
    page.goto(proxied)  # without the last slash: nginx leads on
    assert page.url == f"{proxied}/"
    box = page.get_by_role("textbox", name="Your question")
    box.fill("side effects")
    box.press("Enter")
    expect(page.locator(".kb-passage")).to_have_count(1)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Read it in the source").click()
    expect(opened.value.locator(":target")).to_be_in_viewport()
    opened.value.get_by_role("link", name="Ask a question").first.click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Your questions about ketamine treatment")

    assert {path for path in paths if not path.startswith("/help")} == set()


def test_the_button_finds_the_chat_under_the_path(page: Page, proxied: str, site: Website) -> None:
    origin = proxied.removesuffix("/help")
    site.policy = f"default-src 'none'; script-src {origin}; frame-src {origin}; img-src data:"
    site.pages["/"] = (
        '<!doctype html><html lang="en"><head><title>A clinic</title><link rel="icon" href="data:,">'
        f'<script src="{proxied}/embed.js" defer></script></head><body></body></html>'
    )
    page.goto(site.address)
    page.get_by_role("button", name="Ask a question").click()

    expect(page.frame_locator("iframe").get_by_role("textbox", name="Your question")).to_be_visible()


def test_headers_arrive_once(proxied: str) -> None:
    response = httpx.get(f"{proxied}/", headers={"accept-encoding": "gzip"})

    assert response.headers["content-encoding"] == "gzip"
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"):
        assert len(response.headers.get_list(name)) == 1


def test_a_body_that_is_too_large_is_refused(proxied: str) -> None:
    assert httpx.post(f"{proxied}/api/ask", content=b" " * 2_000_000).status_code == 413


def test_the_rest_interface_answers_under_the_path(proxied: str) -> None:
    answer = httpx.post(f"{proxied}/api/ask", json={"turns": ["side effects"]}).json()

    assert answer["outcome"] == "answer"

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from kbot.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import ScriptedService

CLOSED = [
    "/gradio_api/upload", "/gradio_api/file=/etc/passwd", "/gradio_api/runs", "/gradio_api/queue/join",
    "/gradio_api/heartbeat/x", "/gradio_api/deep_link", "/gradio_api/mcp/sse", "/monitoring", "/monitoring/summary",
    "/manifest.json", "/login", "/docs", "/redoc", "/proxy=https://example.org", "/nothing",
]  # fmt: skip


@pytest.mark.parametrize("address", ["/", "/source/faq", "/source/nothing", "/healthz", "/ui/site.css", "/nothing"])
def test_every_response_carries_the_headers(client: TestClient, address: str) -> None:
    headers = client.get(address).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "'unsafe-eval'" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in headers["permissions-policy"]
    assert "set-cookie" not in headers


def test_scripts_run_by_a_nonce_that_is_never_used_again(client: TestClient) -> None:
    def nonce() -> str:
        response = client.get("/")
        (found,) = re.findall(r"script-src 'self' 'nonce-([\w-]{22})';", response.headers["content-security-policy"])
        scripts = re.findall(r"<script\b[^>]*>", response.text)
        assert all(f'nonce="{found}"' in script or 'src="/ui/' in script for script in scripts)
        assert len(scripts) == 5
        return str(found)

    assert nonce() != nonce()


def test_source_pages_run_no_scripts(client: TestClient) -> None:
    response = client.get("/source/faq")

    assert "script-src 'none'" in response.headers["content-security-policy"]
    assert "<script" not in response.text
    assert not re.search(r"\son\w+=", response.text)


@pytest.mark.parametrize("address", CLOSED)
def test_what_the_page_does_not_use_is_closed(client: TestClient, address: str) -> None:
    assert [client.get(address).status_code, client.post(address, content=b"{}").status_code] == [404, 404]


def test_an_address_that_is_not_there_leads_a_reader_on(client: TestClient) -> None:
    response = client.get("/nothing", headers={"accept": "text/html,*/*"})

    assert response.status_code == 404
    assert 'href="tel:+19497633440"' in response.text


def test_the_page_names_no_other_host(client: TestClient) -> None:
    hosts = set(re.findall(r"https?://([\w.-]+)", client.get("/").text))

    assert hosts <= {"testserver", "988lifeline.org"}


def test_under_a_path_of_a_proxy_every_address_begins_with_it(scripted: ScriptedService) -> None:
    client = TestClient(create_app(scripted), root_path="/help")

    page = client.get("/help/")
    source = client.get("/help/source/faq")

    for html in (page.text, source.text):
        own = re.findall(r'(?:href|src)="(/[^"]*)"', html)
        assert own
        assert [address for address in own if not address.startswith("/help/")] == []
    assert '"root":"http://testserver/help"' in page.text
    assert "script-src 'none'" in source.headers["content-security-policy"]
    assert client.get("/help/gradio_api/upload").status_code == 404

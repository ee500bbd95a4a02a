from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from kbot.web.app import create_app
from kbot.web.wording import EMBED

if TYPE_CHECKING:
    from httpx2 import Response
    from tests.conftest import ScriptedService

LIMIT = 10 * 1024  # bytes, before compression


@pytest.fixture(scope="module")
def script(client: TestClient) -> Response:
    return client.get("/embed.js")


def test_the_button_is_one_small_script_that_any_website_may_load(script: Response) -> None:
    assert script.status_code == 200
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(script.content) < LIMIT


def test_the_button_carries_the_clinics_name_and_colour(script: Response) -> None:
    assert "__KBOT__" not in script.text
    assert '"title": "Ask Asana Recovery"' in script.text
    assert "#0f5c63" in script.text


def test_the_button_needs_nothing_that_a_strict_policy_forbids(script: Response) -> None:
    assert re.findall(r"innerHTML|outerHTML|eval\(|new Function|\.style\b|insertAdjacent|import\b", script.text) == []
    # The name space of SVG is a name, not an address that is loaded.
    assert set(re.findall(r"https?://[\w.]+", script.text)) == {"http://www.w3.org", "https://kbot.example.org"}


def test_the_button_says_the_same_things_in_both_languages() -> None:
    assert EMBED["en"].keys() == EMBED["es"].keys()


def test_the_websites_with_the_button_stand_in_the_policy(scripted: ScriptedService) -> None:
    settings = replace(scripted.settings, allowed_origins="https://www.a.example https://b.example")
    headers = TestClient(create_app(type(scripted)(settings))).get("/").headers

    assert headers["content-security-policy"].endswith(
        "frame-ancestors 'self' https://www.a.example https://b.example"
    )
    assert "x-frame-options" not in headers


def test_nobody_may_frame_the_chat_where_the_setting_says_so(scripted: ScriptedService) -> None:
    settings = replace(scripted.settings, frame_ancestors="'none'")
    headers = TestClient(create_app(type(scripted)(settings))).get("/").headers

    assert headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert headers["x-frame-options"] == "DENY"

"""Every address of the two apps, and who may call it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Mount

from kbot.accounts.access import Admitted, StaffAccess
from kbot.accounts.file import AccountsFile
from kbot.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradio import Blocks
    from httpx2 import Response
    from starlette.routing import BaseRoute
    from tests.conftest import ScriptedService

ORIGIN = "https://clinic.example"
PASSWORD = "four lamps on a hill"  # noqa: S105  of a test
# Whoever knows the address of the chat may call these. Each x stands for a name.
VISITORS = {
    "GET /", "HEAD /", "GET /api/ask", "POST /api/ask", "POST /api/feedback", "GET /assets/x", "GET /config",
    "GET /embed.js",
    "GET /favicon.ico", "GET /gradio_api/info", "POST /gradio_api/run/x", "POST /gradio_api/run/x/", "GET /healthz",
    "GET /metrics", "GET /openapi.json", "HEAD /openapi.json", "GET /readyz", "GET /robots.txt", "GET /source/x",
    "GET /static/x", "GET /theme.css", "GET /ui/x",
}  # fmt: skip
# These need no session: the form, and how it looks.
FORM = {"GET /staff/sign-in", "POST /staff/sign-in"}
# These need one.
MEMBERS = {
    "GET /staff/", "HEAD /staff/", "GET /staff/assets/x", "GET /staff/config", "GET /staff/download/drafts.yaml",
    "GET /staff/download/questions.csv", "GET /staff/gradio_api/info", "POST /staff/gradio_api/run/x",
    "POST /staff/gradio_api/run/x/", "POST /staff/sign-out", "GET /staff/static/x", "GET /staff/theme.css",
    "GET /staff/ui/x",
}  # fmt: skip
NOTHING_HERE = {"error": "there is nothing at this address"}


class Apps(NamedTuple):
    """The visitors' app, the staff's app behind its door, and a cookie of somebody signed in."""

    visitors: FastAPI
    staff: FastAPI
    cookie: str


@pytest.fixture(scope="module")
def apps(scripted: ScriptedService, tmp_path_factory: pytest.TempPathFactory) -> Apps:
    folder = tmp_path_factory.mktemp("staff")
    settings = replace(scripted.settings, staff=str(folder), journal="off")
    AccountsFile(folder).add("ada", PasswordHasher(1, 8, 1).hash(PASSWORD), now=1.0)
    admitted = StaffAccess.open(settings).sign_in("ada", PASSWORD, "192.0.2.1")
    assert isinstance(admitted, Admitted)
    app = create_app(type(scripted)(settings))
    (staff,) = (m.kwargs["staff"] for m in app.user_middleware if getattr(m.cls, "__name__", "") == "StaffDoor")
    assert isinstance(staff, FastAPI)
    return Apps(app, staff, admitted.cookie)


def client(apps: Apps, *, signed_in: bool = False) -> TestClient:
    made = TestClient(
        apps.visitors,
        base_url=ORIGIN,
        headers={"origin": ORIGIN},
        follow_redirects=False,
        raise_server_exceptions=False,
    )
    if signed_in:
        made.headers["cookie"] = f"kbot_staff={apps.cookie}"
    return made


def addresses(routes: Iterable[BaseRoute], under: str = "") -> Iterator[str]:
    """Return "METHOD /address" of every route, with x for what an address leaves open."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from addresses(included.routes, under)
        elif isinstance(route, Mount):
            yield from addresses(route.routes, under + route.path)
        else:
            path = re.sub(r"\{[^}]*\}", "x", under + getattr(route, "path", ""))
            yield from (f"{method} {path}" for method in getattr(route, "methods", None) or ())


def send(browser: TestClient, address: str, **headers: str) -> Response:
    method, _, path = address.partition(" ")
    body = {"content": b"{}"} if method == "POST" else {}
    return browser.request(method, ORIGIN + path, headers=headers, **body)  # type: ignore[arg-type]


def is_closed(response: Response) -> bool:
    return response.status_code == 404 and (not response.content or response.json() == NOTHING_HERE)


def blocks_of(app: FastAPI) -> Blocks:
    """Return the Gradio part that an app has mounted."""
    (mounted,) = (route.app for route in app.routes if isinstance(route, Mount) and hasattr(route.app, "get_blocks"))
    return mounted.get_blocks()


def test_what_visitors_may_call_is_listed_here_and_the_rest_is_closed(apps: Apps) -> None:
    browser, found = client(apps), set(addresses(apps.visitors.routes))

    assert len(found) > 80
    closed = {address for address in found if address not in VISITORS and not is_closed(send(browser, address))}
    assert closed == set()
    assert found >= VISITORS
    assert not any(path.partition(" ")[2].startswith("/staff") for path in found)


def test_without_a_session_nothing_of_the_staffs_answers_but_the_form(apps: Apps) -> None:
    browser, found = client(apps), set(addresses(apps.staff.routes))

    assert len(found) > 80
    assert all(address.partition(" ")[2].startswith("/staff/") for address in found)
    assert found >= MEMBERS | FORM
    answers = {address: send(browser, address).status_code for address in found - FORM}
    assert {address: status for address, status in answers.items() if status != 401} == {}
    pages = {address: send(browser, address, accept="text/html") for address in found - FORM if address[0] in "GH"}
    assert {page.headers.get("location") for page in pages.values()} == {"/staff/sign-in"}
    assert {page.status_code for page in pages.values()} == {303}


def test_with_a_session_only_what_the_staff_page_uses_answers(apps: Apps) -> None:
    browser = client(apps, signed_in=True)
    found = set(addresses(apps.staff.routes)) - {"POST /staff/sign-out"}
    answers = {address: send(browser, address) for address in found}

    asked_to_sign_in = {address for address, answer in answers.items() if answer.status_code in {401, 303}}
    assert asked_to_sign_in == {"GET /staff/sign-in"}  # which leads to the page: they are in already
    still_open = {address for address, answer in answers.items() if not is_closed(answer)}
    assert still_open - FORM <= MEMBERS
    for address in ("GET /staff/", "GET /staff/config", "GET /staff/gradio_api/info", "GET /staff/theme.css"):
        assert answers[address].status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "GET //staff/", "GET /STAFF/", "GET /staff//", "GET /staff/../staff/", "GET /staff/%2e%2e/staff/config",
        "GET /%73taff/", "GET /staff/./config", "GET /staff/sign-in/../config", "GET /staff/sign-in/", "GET /staff;/",
        "GET /staff/ui/staff.css/../../config", "GET /x/staff/", "POST /staff/sign-in/x", "OPTIONS /staff/",
        "PUT /staff/config", "DELETE /staff/", "TRACE /staff/",
    ],
)  # fmt: skip
def test_no_other_way_of_writing_an_address_gets_past_the_gate(apps: Apps, address: str) -> None:
    answer = send(client(apps), address)

    assert answer.status_code in {401, 404, 405}
    assert "gradio_config" not in answer.text


def test_visitors_functions_and_staffs_functions_have_nothing_in_common(apps: Apps) -> None:
    visitor, member = client(apps), client(apps, signed_in=True)
    theirs = {int(each["id"]) for each in visitor.get("/config").json()["dependencies"]}
    ours = member.get("/staff/config").json()["dependencies"]
    assert len(ours) > 5

    for each in ours:
        for name in {str(each["api_name"] or each["id"]), str(each["id"])}:
            body = {"data": [None] * len(each["inputs"]), "fn_index": each["id"], "session_hash": "x"}
            called = visitor.post(f"/gradio_api/run/{name}", json=body)
            # An id that both have is the visitors' own function; any other is not there.
            assert int(each["id"]) in theirs or called.status_code >= 400
            assert visitor.post(f"/staff/gradio_api/run/{name}", json=body).status_code == 401
    modules = {
        name: {called.fn.__module__ for called in blocks_of(app).fns.values() if called.fn is not None}
        for name, app in (("visitors", apps.visitors), ("staff", apps.staff))
    }
    assert modules["visitors"] == {"kbot.web.chat"}
    assert {module for module in modules["staff"] if not module.startswith("kbot.web.staff.pages.")} == set()

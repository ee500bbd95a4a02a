"""Who may enter /staff, tried with plain HTTP calls."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import gradio as gr
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from itsdangerous import Signer
from starlette.websockets import WebSocketDisconnect

from kbot.accounts.file import AccountsFile
from kbot.accounts.trail import Trail
from kbot.web.app import create_app
from kbot.web.staff.context import StaffContext, signed_in_name
from kbot.web.staff.desk import BusyError, Desk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi import FastAPI
    from httpx2 import Response
    from tests.conftest import ScriptedService

    from kbot.accounts.access import StaffAccess

ORIGIN = "https://clinic.example"
PASSWORD = "four lamps on a hill"  # noqa: S105  of a test
PAGE = {"accept": "text/html"}
CALLED: list[str] = []


def build_small(context: StaffContext) -> gr.Blocks:
    """Return a staff page with one function, which says who called it."""

    def whoami(request: gr.Request) -> str:
        name = signed_in_name(request)
        CALLED.append(name)
        context.trail.record(name, "exported", "a test")
        return name

    with gr.Blocks(analytics_enabled=False) as blocks:
        shown = gr.Textbox()
        blocks.load(whoami, None, shown, queue=False, api_name="whoami")
    return blocks


class Staff:
    """The web app over a folder of accounts, in which Ada has one."""

    def __init__(self, scripted: ScriptedService, folder: Path) -> None:
        self.folder = folder
        self.settings = replace(scripted.settings, staff=str(folder), journal="off")
        self.accounts = AccountsFile(folder)
        self.accounts.add("ada", PasswordHasher(1, 8, 1).hash(PASSWORD), now=1.0)
        self._scripted = type(scripted)
        self._app: FastAPI | None = None

    def client(
        self, *, peer: str = "192.0.2.1", origin: str = ORIGIN, path: str = "", **settings: object
    ) -> TestClient:
        """Return a browser of its own, at the same server unless there are settings."""
        app = self._app if self._app and not settings else self._create(settings)
        if not settings:
            self._app = app
        return TestClient(
            app,
            base_url=origin,
            headers={"origin": origin},
            client=(peer, 1),
            follow_redirects=False,
            root_path=path,
        )

    def _create(self, settings: dict[str, object]) -> FastAPI:
        return create_app(self._scripted(replace(self.settings, **settings)))  # type: ignore[arg-type]

    def events(self) -> list[tuple[str, str, str]]:
        return [(line.who, line.event, line.detail) for line in Trail(self.folder).lines()]


@pytest.fixture
def staff(scripted: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Staff:
    monkeypatch.setattr("kbot.web.staff.app.build_staff", build_small)
    CALLED.clear()
    return Staff(scripted, tmp_path / "staff")


def token(client: TestClient, path: str = "") -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get(f"{path}/staff/sign-in").text)
    assert found is not None
    return found[1]


def sign_in(client: TestClient, name: str = "ada", password: str = PASSWORD, *, path: str = "") -> Response:
    form = {"name": name, "password": password, "token": token(client, path)}
    return client.post(f"{path}/staff/sign-in", data=form)


def call(client: TestClient, path: str = "") -> Response:
    body = {"data": [], "fn_index": 0, "session_hash": "x"}
    return client.post(f"{path}/staff/gradio_api/run/whoami", json=body)


def is_in(client: TestClient) -> bool:
    page, called = client.get("/staff/", headers=PAGE), call(client)
    assert (page.status_code, called.status_code) in {(200, 200), (303, 401)}
    return page.status_code == 200


def test_a_name_and_its_password_open_the_page_and_its_functions(staff: Staff) -> None:
    client = staff.client()
    assert not is_in(client)
    admitted = sign_in(client, " Ada ")
    assert (admitted.status_code, admitted.headers["location"]) == (303, "/staff/")
    assert is_in(client)
    page = client.get("/staff/", headers=PAGE).text
    assert "Signed in as <strong>ada</strong>" in page
    assert call(client).json()["data"] == ["ada"]
    assert client.get("/staff/sign-in").headers["location"] == "/staff/"
    assert client.get("/staff", headers=PAGE).headers["location"] == "/staff/"
    assert ("ada", "exported", "a test") in staff.events()

    out = client.post("/staff/sign-out")
    assert (out.status_code, out.headers["location"]) == (303, "/staff/sign-in?why=out")
    assert not is_in(client)
    assert staff.events()[0] == ("ada", "signed in", "from 192.0.2.1")
    assert staff.events()[-1] == ("ada", "signed out", "")


def test_a_wrong_password_and_an_unknown_name_get_the_same_page(staff: Staff) -> None:
    client = staff.client()
    wrong = (("ada", "wrong"), ("nobody", PASSWORD), ("", ""), ("é", "\u017f"))
    answers = [sign_in(client, *pair) for pair in wrong]
    texts = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}

    assert [answer.status_code for answer in answers] == [403] * 4
    assert len(texts) == 1
    assert 'role="alert"' in texts.pop()
    assert CALLED == []
    assert not is_in(client)


def test_without_any_account_the_form_looks_the_same(staff: Staff) -> None:
    client = staff.client()
    with_account = client.get("/staff/sign-in").text
    staff.accounts.path.unlink()
    without = client.get("/staff/sign-in").text

    assert "kbot staff add NAME" in without
    assert re.sub(r'value="[^"]*"', "", without) == re.sub(r'value="[^"]*"', "", with_account)
    assert sign_in(client).status_code == 403


def test_after_repeated_failures_the_wait_is_named(staff: Staff) -> None:
    client = staff.client()
    for _ in range(6):
        assert sign_in(client, password="wrong").status_code == 403  # noqa: S106
    waiting = sign_in(client)

    assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "30")
    assert "Please wait 1 minute, then try again." in waiting.text
    assert sign_in(staff.client(peer="192.0.2.2")).status_code == 303


def test_the_session_cookie_is_out_of_reach_of_scripts_other_sites_and_the_visitors_page(staff: Staff) -> None:
    client = staff.client()
    cookies = sign_in(client).headers.get_list("set-cookie")
    (session,) = (cookie for cookie in cookies if cookie.startswith("kbot_staff="))
    assert session.split("; ")[1:] == ["Path=/staff", "HttpOnly", "SameSite=Strict", "Secure"]
    assert "set-cookie" not in client.get("/").headers

    plain = staff.client(origin="http://127.0.0.1:7860")
    (local,) = (c for c in sign_in(plain).headers.get_list("set-cookie") if c.startswith("kbot_staff="))
    assert local.split("; ")[1:] == ["Path=/staff", "HttpOnly", "SameSite=Strict"]


def test_under_a_path_of_a_proxy_cookie_links_and_redirects_have_it(staff: Staff) -> None:
    client = staff.client(path="/help")
    refused = client.get("/help/staff/", headers=PAGE)
    assert refused.headers["location"] == "/help/staff/sign-in"
    admitted = sign_in(client, path="/help")
    assert admitted.headers["location"] == "/help/staff/"
    assert "Path=/help/staff;" in "".join(admitted.headers.get_list("set-cookie"))
    page = client.get("/help/staff/", headers=PAGE).text
    assert '"root":"https://clinic.example/help/staff"' in page
    own = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
    assert own
    assert [address for address in own if not address.startswith("/help/")] == []
    assert call(client, "/help").json()["data"] == ["ada"]


def test_a_cookie_from_before_the_sign_in_is_worth_nothing_after_it(staff: Staff) -> None:
    client = staff.client()
    client.cookies.set("kbot_staff", "planted", domain="clinic.example", path="/staff")
    sign_in(client)
    first = client.cookies.get("kbot_staff", domain="clinic.example", path="/staff")
    assert first != "planted"
    other = staff.client()
    other.cookies.set("kbot_staff", str(first), domain="clinic.example", path="/staff")
    assert is_in(other)
    # Signing in once more in the same browser gives another id, and ends the one that it came with.
    form_client = staff.client()
    page = form_client.get("/staff/sign-in").text
    (form_token,) = re.findall(r'name="token" value="([^"]+)"', page)
    form_client.cookies.set("kbot_staff", str(first), domain="clinic.example", path="/staff")
    form = {"name": "ada", "password": PASSWORD, "token": form_token}
    assert form_client.post("/staff/sign-in", data=form).status_code == 303
    assert not is_in(other)
    assert is_in(form_client)


@pytest.mark.parametrize("made_up", ["x", "x.y", "", "a" * 5000])
def test_a_forged_cookie_opens_nothing(staff: Staff, made_up: str) -> None:
    client = staff.client()
    client.headers["cookie"] = f"kbot_staff={made_up}"
    assert not is_in(client)
    assert CALLED == []


def test_a_cookie_signed_with_another_key_or_of_another_session_opens_nothing(staff: Staff) -> None:
    client = staff.client()
    sign_in(client)
    cookie = str(client.cookies.get("kbot_staff"))
    identity = cookie.rpartition(".")[0]
    for key in (b"", b"another", staff.settings.staff.encode()):
        forged = staff.client()
        forged.headers["cookie"] = f"kbot_staff={Signer(key, salt='kbot staff session').sign(identity).decode()}"
        assert not is_in(forged)
    copied = staff.client()
    copied.headers["cookie"] = f"kbot_staff={cookie}"
    assert is_in(copied)
    client.post("/staff/sign-out")
    assert not is_in(copied)


def test_a_session_ends_with_its_time_and_with_its_accounts_password(staff: Staff) -> None:
    client = staff.client()
    for column, seconds in (("seen", 30 * 60 + 1), ("began", 8 * 3600 + 1)):
        sign_in(client)
        assert is_in(client)
        with contextlib.closing(sqlite3.connect(staff.folder / "sign-in.db")) as state, state:
            state.execute(f"UPDATE session SET {column} = {column} - ?", (seconds,))  # noqa: S608
        assert not is_in(client)
    sign_in(client)
    staff.accounts.set_password("ada", PasswordHasher(1, 8, 1).hash(PASSWORD), now=time.time())
    assert not is_in(client)


def test_who_was_signed_in_is_told_that_the_session_has_ended(staff: Staff) -> None:
    client = staff.client()
    sign_in(client)
    staff.accounts.remove("ada")
    assert client.get("/staff/", headers=PAGE).headers["location"] == "/staff/sign-in?why=ended"
    assert "your session has ended" in client.get("/staff/sign-in?why=ended").text
    assert "<script" not in client.get("/staff/sign-in?why=<script>").text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://clinic.example.evil.example"},
        {"origin": "https://clinic.example:8443"},
        {"origin": "https://clinic.example", "sec-fetch-site": "cross-site"},
        {"origin": "https://clinic.example", "sec-fetch-site": "same-site"},
        {"origin": ""},
        {},
    ],
)
def test_another_sites_page_can_send_nothing(staff: Staff, headers: dict[str, str]) -> None:
    client = staff.client()
    form_token = token(client)
    signed_in = staff.client()
    sign_in(signed_in)
    for each in (client, signed_in):
        del each.headers["origin"]
        each.headers.update(headers)
    form = {"name": "ada", "password": PASSWORD, "token": form_token}
    assert client.post("/staff/sign-in", data=form).status_code == 403
    assert call(signed_in).status_code == 403
    assert signed_in.post("/staff/sign-out").status_code == 403
    assert CALLED == []
    assert signed_in.get("/staff/", headers=PAGE).status_code == 200


def test_a_form_that_is_not_ours_signs_nobody_in(staff: Staff) -> None:
    client, other = staff.client(), staff.client()
    foreign = token(other)
    token(client)
    for wrong in ("", "x", foreign, foreign[:-1]):
        answer = client.post("/staff/sign-in", data={"name": "ada", "password": PASSWORD, "token": wrong})
        assert (answer.status_code, "open for too long" in answer.text) == (403, True)
    assert staff.events() == []
    for body, kind in ((b"\xff=\xfe", "application/x-www-form-urlencoded"), (b"{}", "application/json"), (b"", "")):
        assert client.post("/staff/sign-in", content=body, headers={"content-type": kind}).status_code == 403
    huge = client.post("/staff/sign-in", content=b"name=" + b"x" * 2_000_000)
    assert huge.status_code == 413
    chunks = client.post("/staff/sign-in", content=(b"x" * 100_000 for _ in range(20)))
    assert "content-length" not in chunks.request.headers
    assert chunks.status_code == 413


def test_a_damaged_file_of_accounts_refuses_staff_and_not_visitors(
    staff: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    client = staff.client()
    sign_in(client)
    cookies = f"kbot_staff={client.cookies.get('kbot_staff')}"
    staff.accounts.path.write_text("{", encoding="utf-8")
    staff.accounts.path.chmod(0o600)

    page = client.get("/staff/", headers={**PAGE, "cookie": cookies})
    assert page.status_code == 503
    assert "Nobody can sign in at present" in client.get("/staff/sign-in").text
    assert str(staff.folder) not in page.text
    assert "accounts.json is damaged" in caplog.text
    assert client.post("/api/ask", json={"turns": ["side effects"]}).json()["outcome"] == "answer"
    assert client.get("/").status_code == 200


def test_the_proxys_header_is_ignored_unless_configured_and_sent_by_a_trusted_proxy(staff: Staff) -> None:
    for peer, settings in (
        ("10.0.0.1", {}),
        ("10.0.0.1", {"trusted_proxies": "10.0.0.0/8"}),
        ("10.0.0.1", {"staff_header": "X-Remote-User"}),
        ("192.0.2.1", {"staff_header": "X-Remote-User", "trusted_proxies": "10.0.0.0/8"}),
    ):
        client = staff.client(peer=peer, **settings)
        client.headers["x-remote-user"] = "ada"
        client.headers["x-forwarded-for"] = "10.0.0.1"
        assert not is_in(client)
    assert CALLED == []


def test_a_trusted_proxys_header_signs_in_whom_it_names_if_there_is_such_an_account(staff: Staff) -> None:
    staff.accounts.add("grace", None, now=1.0)
    proxied = {"peer": "10.0.0.1", "staff_header": "X-Remote-User", "trusted_proxies": "10.0.0.0/8"}
    client = staff.client(**proxied)
    client.headers["x-forwarded-for"] = "203.0.113.9"
    client.headers["x-remote-user"] = "Grace"
    assert is_in(client)
    page = client.get("/staff/", headers=PAGE).text
    assert "Signed in as <strong>grace</strong> by the clinic’s network" in page
    assert "Sign out" not in page
    assert staff.events()[0] == ("grace", "signed in", "by the reverse proxy, from 203.0.113.9")
    assert [event for _, event, _ in staff.events()].count("signed in") == 1

    client.headers["x-remote-user"] = "ada"
    assert call(client).json()["data"] == ["ada"]
    client.headers["x-remote-user"] = "mallory"
    assert client.get("/staff/", headers=PAGE).status_code == 403
    assert call(client).status_code == 401
    twice = staff.client(**proxied)
    headers = [("x-remote-user", "mallory"), ("x-remote-user", "ada"), ("accept", "text/html")]
    assert twice.get("/staff/", headers=headers).status_code == 303


def test_an_account_without_a_password_can_not_use_the_form(staff: Staff) -> None:
    staff.accounts.add("grace", None, now=1.0)
    for password in ("", "None", "null"):
        assert sign_in(staff.client(), "grace", password).status_code == 403


@pytest.mark.parametrize("address", ["/staff", "/staff/", "/staff/queue/join", "/staff/gradio_api/queue/data"])
def test_websockets_are_refused_with_and_without_a_session(staff: Staff, address: str) -> None:
    stranger, member = staff.client(), staff.client()
    sign_in(member)
    for client in (stranger, member):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(address):
            pass


def test_pages_are_framed_by_nobody_and_kept_by_nobody(staff: Staff) -> None:
    client = staff.client(allowed_origins="https://www.clinic.example")
    form = client.get("/staff/sign-in").headers
    sign_in(client)
    board = client.get("/staff/", headers=PAGE)
    for headers in (form, board.headers, call(client).headers, client.get("/staff/nothing").headers):
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "unsafe-eval" not in headers["content-security-policy"]
    assert "script-src 'none'" in form["content-security-policy"]
    (nonce,) = re.findall(r"script-src 'self' 'nonce-([\w-]{22})';", board.headers["content-security-policy"])
    scripts = re.findall(r"<script\b[^>]*>", board.text)
    assert all(f'nonce="{nonce}"' in script or 'src="/staff/ui/' in script for script in scripts)
    assert 'name="referrer"' not in board.text


def test_a_staff_page_that_is_off_is_not_there(staff: Staff) -> None:
    client = staff.client(staff="off")
    for address in ("/staff", "/staff/", "/staff/sign-in"):
        assert client.get(address).status_code == 404


def test_a_visitors_request_opens_no_file_of_the_staffs(scripted: ScriptedService, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "made"
    client = TestClient(create_app(type(scripted)(replace(scripted.settings, staff=str(folder), journal="off"))))
    client.get("/")
    client.post("/api/ask", json={"turns": ["side effects"]})
    assert not folder.parent.exists()


def test_more_sign_ins_than_can_wait_are_turned_away(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(desk: Desk, task: Callable[[StaffAccess], object]) -> None:
        del desk, task
        raise BusyError

    monkeypatch.setattr(Desk, "check", busy)
    answer = sign_in(staff.client())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")

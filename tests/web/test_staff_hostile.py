"""Members of staff, or who has taken one's session, who send by hand what the staff page never sends."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.traces import TYPED, fine

from kbot.accounts.access import Admitted, StaffAccess
from kbot.accounts.file import AccountsFile
from kbot.journal.entries import JournalEntry
from kbot.journal.store import Journal
from kbot.records import Document, Kind, Outcome, Reason
from kbot.service import Service
from kbot.settings import Settings
from kbot.web.app import create_app
from kbot.web.function_guard import FunctionGuard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx2 import Response
    from starlette.types import Receive, Scope, Send

ORIGIN = "https://clinic.example"
PASSWORD = "four lamps on a hill"  # noqa: S105  of a test
PAGE = "# FAQ\n\n## How long does it take?\n\nA session takes forty minutes.\n"
TOPICS = {"length": (["how long does it take"], ["A session takes forty minutes."])}
RUN = "/staff/gradio_api/run"
JSON = {"content-type": "application/json"}
pytestmark = pytest.mark.usefixtures("leaves_no_trace")
few = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


class Office(NamedTuple):
    """A browser that is signed in to a staff page over a journal of two questions."""

    browser: TestClient
    functions: list[dict[str, Any]]  # as Gradio tells the page of them
    folder: Path

    def call(self, function: dict[str, Any], data: object, **more: object) -> Response:
        body = {"data": data, "fn_index": function["id"], "session_hash": "s"} | more
        return self.browser.post(f"{RUN}/predict", content=json.dumps(body).encode(), headers=JSON)

    @property
    def cached(self) -> list[str]:
        """What Gradio has copied: the names of the files in its cache."""
        return [name for _, _, names in os.walk(self.folder / "cache") for name in names]


@pytest.fixture(scope="module")
def office(handmade: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    AccountsFile(folder / "staff").add("ada", PasswordHasher(1, 8, 1).hash(PASSWORD), now=1.0)
    own = Settings(corpus=folder, journal=str(folder / "journal.db"), staff=str(folder / "staff"))
    answered = JournalEntry(
        0, datetime.datetime.now(tz=datetime.UTC), "chat", "how long?", Outcome.ANSWER, None, (), (), 0.9, "b", 5.0
    )
    open_one = dataclasses.replace(
        answered, question="parking?", outcome=Outcome.CLINICIAN, reason=Reason.NOT_COVERED, missing=("parking",)
    )
    journal = Journal.open(own.journal)
    journal.fill([answered, open_one], [])
    journal.close()
    admitted = StaffAccess.open(own).sign_in("ada", PASSWORD, "192.0.2.1")
    assert isinstance(admitted, Admitted)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GRADIO_TEMP_DIR", str(folder / "cache"))
        index = handmade(Document("faq", "FAQ", Kind.CLINIC_FAQ, PAGE, 0, "faq.md"), topics=TOPICS)
        app = create_app(Service(own, index))
        headers = {"origin": ORIGIN, "cookie": f"kbot_staff={admitted.cookie}"}
        browser = TestClient(
            app, base_url=ORIGIN, headers=headers, follow_redirects=False, raise_server_exceptions=False
        )
        functions = browser.get("/staff/config").json()["dependencies"]
        yield Office(browser, [each for each in functions if each["backend_fn"]], folder)


def secret_file(folder: Path) -> dict[str, object]:
    """Return what Gradio takes for a file that was uploaded: one of this machine that is none of the page's."""
    path = folder / "secret.txt"
    path.write_text(TYPED, encoding="utf-8")
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def test_what_a_member_sends_as_a_file_is_neither_read_nor_copied(office: Office) -> None:
    file = secret_file(office.folder)
    assert len(office.functions) > 20

    for function in office.functions:
        count = len(function["inputs"])
        for data in ([file] * count, [[file]] * count, [{"value": file}] * count):
            answer = fine(office.call(function, data, event_data={"value": file}, trigger_id=1), 200)
            assert str(file["path"]) not in answer.text

    assert office.cached == []


def test_without_the_guard_gradio_would_copy_that_file(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pass_on(guard: FunctionGuard, scope: Scope, receive: Receive, send: Send) -> None:
        await guard._app(scope, receive, send)  # noqa: SLF001  the guard is what is taken away

    monkeypatch.setattr(FunctionGuard, "__call__", pass_on)
    file = secret_file(office.folder)
    # Of the filter by time: it gives back what it is given, to the other filters.
    echo = next(each for each in office.functions if len(each["inputs"]) == 3 and len(each["outputs"]) == 16)

    office.call(echo, [file, "", ""])

    assert office.cached == ["secret.txt"]
    (copy,) = office.folder.glob("cache/*/secret.txt")
    copy.unlink()


odd_text = st.text(alphabet=st.characters(), max_size=40) | st.sampled_from(
    [
        "\ud800", "\0", "[" * 9_000, '[["x", 1]]', "[[Infinity, true]]", "[[1e400, true]]",
        "[[99999999999999999999]]",
        '[["99999999999999999999", true]]', "9" * 5_000, "0001-01-01", "9999-12-31", "dates", "-1", "?entries=1",
        "entries=" + "1," * 900, "shown=%00", "view=unanswered&reason=off_topic", "%", "_", "<script>", TYPED,
    ]
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | odd_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3),
    max_leaves=5,
)


@settings(few, max_examples=3)  # each calls every function
@given(values=st.lists(odd_text | anything, min_size=12, max_size=12))
@example(values=["dates", "0001-01-01", "9999-12-31"] * 4)
@example(values=["[[Infinity, true]]"] * 12)
@example(values=["[[99999999999999999999, true]]"] * 12)
@example(values=["[" * 9_000] * 12)
@example(values=[TYPED] * 12)
def test_any_values_are_taken_by_every_function_of_the_page(office: Office, values: list[object]) -> None:
    for function in office.functions:
        fine(office.call(function, values[: len(function["inputs"])]), 200)


@few
@given(body=anything | st.fixed_dictionaries({"data": anything, "fn_index": anything}))
def test_a_call_that_the_page_does_not_make_is_refused(office: Office, body: object) -> None:
    sent = json.dumps(body).encode()

    fine(office.browser.post(f"{RUN}/predict", content=sent), 200, 400)
    fine(office.browser.post(f"{RUN}/no-such-function", content=sent), 400)


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[" * 400_000, b'{"data": ' + b"[" * 990 + b"]" * 990 + b"}"])
def test_bytes_that_are_no_call_are_refused(office: Office, body: bytes) -> None:
    assert fine(office.browser.post(f"{RUN}/predict", content=body), 400).json() == {
        "error": "this is not what the staff page sends"
    }


def test_a_function_is_called_with_post_alone(office: Office) -> None:
    assert office.browser.get(f"{RUN}/predict").status_code == 405


@few
@given(
    query=st.dictionaries(
        st.sampled_from(
            ["since", "until", "view", "entries", "shown", "text", "gap", "handled", "outcome", TYPED[:4]]
        ),
        odd_text,
        max_size=6,
    )
)
@example(query={"gap": "9" * 5_000})
@example(query={"gap": "\u0663"})
@example(query={"since": "0001-01-01", "until": "9999-12-31"})
@example(query={"text": "\r\nContent-Type: text/html\r\n\r\n<script>"})
def test_any_query_of_a_download_gives_the_file_or_a_message(office: Office, query: dict[str, str]) -> None:
    written = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    for name, kind in (("questions.csv", "text/csv"), ("drafts.yaml", "application/yaml")):
        answer = fine(office.browser.get(f"/staff/download/{name}", params=written), 200, 400)
        expected = kind if answer.status_code == 200 else "text/plain"
        assert answer.headers["content-type"] == f"{expected}; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        if answer.status_code == 200:
            assert answer.headers["content-disposition"] == f'attachment; filename="made-up-{name}"'


@few
@given(
    body=st.binary(max_size=100)
    | st.builds(lambda text: f"name={text}&password={text}".encode("utf-8", "replace"), odd_text)
)
def test_any_form_signs_nobody_in_without_a_token(office: Office, body: bytes) -> None:
    stranger = TestClient(
        office.browser.app, base_url=ORIGIN, headers={"origin": ORIGIN}, follow_redirects=False,
        raise_server_exceptions=False,
    )  # fmt: skip
    for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data"):
        answer = fine(stranger.post("/staff/sign-in", content=body, headers={"content-type": kind}), 403)
        assert "kbot_staff=" not in ";".join(answer.headers.get_list("set-cookie"))

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.traces import TYPED, fine

from kbot.contract import MAX_TURN_LENGTH, MAX_TURNS
from kbot.web.app import create_app
from kbot.web.schema import ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kbot.service import Service

# Seconds of processor time, in this process, that the costliest question may take on one ordinary core.
LONGEST = 20.0
pytestmark = pytest.mark.usefixtures("leaves_no_trace")
few = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def app(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        yield client


def is_answer(data: dict[str, Any]) -> bool:
    """Return True for the object of the contract."""
    return set(data) == set(ANSWER["required"]) and isinstance(data["message"], str) and data["message"] != ""


odd_text = st.text(alphabet=st.characters(), max_size=60) | st.sampled_from(
    [
        "\ud800",
        "\0",
        "\u202e" * 40,
        "a\u0301" * 300,
        "\ufdfa" * 300,
        "🧨" * 200,
        "' OR 1=1 --",
        "{{7*7}}",
        "${7*7}",
        "%s%n",
        "<script>",
        "../../etc/passwd",
        "\r\nSet-Cookie: a=b",
        "=cmd|'/c calc'!A0",
        "NaN",
        "-1",
        "1e999",
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | odd_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=4),
    max_leaves=8,
)
bodies = st.one_of(
    st.fixed_dictionaries({"turns": st.lists(odd_text, min_size=1, max_size=3)}, optional={"id": anything}),
    st.fixed_dictionaries({"turns": anything}, optional={"id": anything}),
    anything,
)


@few
@given(body=bodies)
def test_any_json_is_answered_or_refused_in_the_contracts_shape(app: TestClient, body: object) -> None:
    data = fine(app.post("/api/ask", content=json.dumps(body).encode()), 200, 400).json()

    assert is_answer(data) or set(data) == {"error"}


@few
@given(body=st.binary(max_size=200))
def test_any_bytes_are_refused_or_answered(app: TestClient, body: bytes) -> None:
    for route in ("/api/ask", "/api/feedback", "/gradio_api/run/predict"):
        fine(app.post(route, content=body), 200, 400)


@pytest.mark.parametrize("depth", [100, 900, 960, 990, 5_000, 400_000])
@pytest.mark.parametrize("where", ['{"id": %s, "turns": ["x"]}', '{"turns": %s}', "%s"])
def test_json_however_deep_is_refused_or_answered(app: TestClient, where: str, depth: int) -> None:
    body = (where % ("[" * depth + "]" * depth)).encode()

    for route in ("/api/ask", "/api/feedback", "/gradio_api/run/predict"):
        fine(app.post(route, content=body), 200, 400)


@few
@given(data=st.lists(anything, max_size=4) | anything, function=st.integers(-1, 5) | anything, event=anything)
def test_the_chats_functions_take_what_the_page_sends_and_refuse_the_rest(
    app: TestClient, data: object, function: object, event: object
) -> None:
    body = {"data": data, "fn_index": function, "event_data": event, "session_hash": "a", "trigger_id": 5}

    fine(app.post("/gradio_api/run/predict", content=json.dumps(body).encode()), 200, 400)


@few
@given(question=anything, memory=anything | st.just("[" * 9_000), history=anything)
def test_any_question_memory_and_history_get_a_card(
    app: TestClient, question: object, memory: object, history: object
) -> None:
    body = {"data": [question, memory, history], "fn_index": 0, "session_hash": "a"}

    data = fine(app.post("/gradio_api/run/predict", content=json.dumps(body).encode()), 200).json()
    assert "kb-answer" in json.dumps(data["data"][2][-1])


@pytest.mark.parametrize(
    "place",
    [
        lambda file: [file, "", []],
        lambda file: ["x", file, []],
        lambda file: ["x", "", [{"role": "user", "content": file}]],
        lambda file: ["x", "", [{"role": "user", "content": [{"type": "file", "file": file}]}]],
        lambda file: ["x", "", [{"role": "assistant", "content": [{"type": "component", "value": file}]}]],
    ],
)
def test_what_looks_like_a_file_is_neither_read_nor_copied(
    app: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Any
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(TYPED, encoding="utf-8")
    copied: list[object] = []
    monkeypatch.setattr("gradio.processing_utils.save_file_to_cache", lambda *given, **_: copied.append(given))
    file = {"path": str(secret), "url": f"file://{secret}", "meta": {"_type": "gradio.FileData"}}

    data = fine(app.post("/gradio_api/run/predict", json={"data": place(file), "fn_index": 0}), 200).json()

    assert copied == []
    assert str(secret) not in json.dumps(data)


def test_a_shape_that_the_chat_does_not_send_is_refused_without_a_word_in_the_log(app: TestClient) -> None:
    history = [{"role": "user", "content": {"text": TYPED}}, TYPED, [TYPED]]
    for body in ({"data": [TYPED], "fn_index": 0}, {"data": ["x", "", history], "fn_index": 0}, {"data": TYPED}):
        fine(app.post("/gradio_api/run/predict", json=body), 200, 400)


@few
@given(ticket=anything, helpful=anything, reason=anything)
def test_any_feedback_is_taken_or_refused(app: TestClient, ticket: object, helpful: object, reason: object) -> None:
    body = {"ticket": ticket, "helpful": helpful, "reason": reason}

    fine(app.post("/api/feedback", content=json.dumps(body).encode()), 200, 400)


ODD_HEADERS = {
    "host": ["", "[::", "a b", "x:99999999", "evil.example", "a" * 5_000, "\xff"],
    "x-forwarded-host": ["evil.example", "[", '"><script>', "\\"],
    "x-forwarded-proto": ["javascript", "https,http", "\xff", ""],
    "x-forwarded-for": ["9" * 5_000, "::1", "1.2.3.4, evil", "%00", "\xff"],
    "x-gradio-server": ["http://evil.example"],
    "accept-language": ["a" * 9_000, ";q=,,;q=x", "es;q=1e999,en;q=nan", "es-" * 2_000, "\xff"],
    "accept": ["a/" * 4_000, "\xff", "text/html;q=nan"],
    "range": ["bytes=0-0,5-", "bytes=-1-1", "bytes=" + "0-1," * 2_000],
    "cookie": ["a=" * 2_000, ";=;", "\xff"],
    "content-type": ["multipart/form-data", "application/json; charset=utf-99", "\xff"],
    "content-length": ["-1", "1e3", "9" * 30],
    "origin": ["null", "http://evil.example", "["],
    "referer": ["http://[", "javascript:alert(1)"],
    "if-none-match": ["*", '"' * 500],
    "if-modified-since": ["yesterday", "\xff"],
    "x-http-method-override": ["DELETE"],
}


@pytest.mark.parametrize("name", ODD_HEADERS)
def test_odd_headers_fail_nothing_and_lead_nowhere_else(client: TestClient, name: str) -> None:
    for value in ODD_HEADERS[name]:
        headers = [(name.encode(), value.encode("latin-1"))]
        for page in ("/", "/source/faq", "/config", "/ui/site.css", "/nothing"):
            response = client.get(page, headers=headers)
            assert response.status_code < 500
            assert "Traceback" not in response.text
            assert "location" not in response.headers
            if name != "host" and not name.startswith("x-forwarded"):
                assert "evil.example" not in response.text
        response = client.post("/api/ask", headers=headers, content=b'{"turns": ["hello"]}')
        assert response.status_code < 500


ODD_PATHS = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "..%252f..%252fetc%252fpasswd",
    "..\\..\\etc\\passwd",
    "..%5c..%5cetc",
    "%2e%2e/%2e%2e/etc/passwd",
    "．．/．．/etc/passwd",
    "‥/etc/passwd",
    "faq%00",
    "faq%00.md",
    "%00",
    "faq%0d%0aSet-Cookie:%20a=b",
    "faq%0d%0aLocation:%20http://evil.example",
    "//evil.example",
    "/%2f/evil.example",
    "faq/",
    "faq/..",
    "faq.md",
    "FAQ",
    "faq%20",
    "%ff%fe",
    "%c0%ae%c0%ae/",
    "%uff0e",
    "faq;a=b",
    "~root",
    "C:%5cwindows",
    "file:///etc/passwd",
    "http://evil.example/",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "a" * 5_000,
    "%25%32%65",
    "faq%E2%80%AE",
    "{{7*7}}",
    "*",
]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_no_way_of_writing_an_address_leads_to_another_file_or_place(client: TestClient, path: str) -> None:
    response = client.get(f"/source/{path}", follow_redirects=False)

    assert response.status_code in {404, 405}, response.headers
    assert "root:" not in response.text
    assert "<script>alert" not in response.text
    assert {"location", "set-cookie", "content-disposition"} & set(response.headers) == set()


@few
@given(path=st.text(max_size=40).filter(lambda path: not path.strip("./").isascii() or "faq" not in path))
def test_any_other_name_of_a_document_is_not_there(client: TestClient, path: str) -> None:
    written = quote(path.encode("utf-8", "surrogatepass"), safe="")
    response = client.get(f"/source/{written}", follow_redirects=False)

    assert response.status_code == 404


COSTLY = {
    "one word": "a " * 10_000,
    "a beginning of danger": "i want to " * 2_000,
    "another beginning": "my friend wants to try and " * 740,
    "words glued together": "abcD" * 5_000,
    "signs inside": "a1" * 10_000,
    "stars": "k" + "*" * 19_999,
    "signs that stand for eighteen letters": "\ufdfa" * 20_000,
    "accents": "a" + "\u0301" * 19_999,
    "words nobody knows": " ".join(f"w{n}" for n in range(3_500)),
    "no letters": "'" * 20_000,
}


@pytest.mark.parametrize("what", COSTLY)
def test_the_longest_question_costs_a_bounded_time(service: Service, what: str) -> None:
    start = time.process_time()
    service.ask([COSTLY[what][:MAX_TURN_LENGTH]])
    assert time.process_time() - start < LONGEST


def test_the_longest_conversation_costs_no_more_than_its_last_turns(service: Service) -> None:
    turns = [" ".join(f"parking{n} place {k}" for k in range(1_500))[:MAX_TURN_LENGTH] for n in range(MAX_TURNS - 1)]

    start = time.process_time()
    service.ask([*turns, "How long does a session take?"])
    assert time.process_time() - start < LONGEST


def test_a_crisis_after_the_longest_harmless_start_is_still_seen(service: Service) -> None:
    for padding in ("The parking lot was full. " * 700, "\ufdfa" * 15_000, "z " * 9_000):
        asked = service.ask([(padding + " I want to kill myself tonight.")[-MAX_TURN_LENGTH:]])
        assert asked.answer.outcome.value == "crisis"  # type: ignore[union-attr]

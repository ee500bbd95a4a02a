from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.journal.redact import Redactor, read_own_texts
from kbot.journal.spans import Detail

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).parents[2]
GOLDEN = [json.loads(line) for line in (REPOSITORY / "tests/golden/pii.jsonl").read_text("utf-8").splitlines()]
QUESTIONS = [
    turn
    for line in (REPOSITORY / "tests/golden/questions.jsonl").read_text("utf-8").splitlines()
    for turn in json.loads(line)["turns"]
]
# What the makers of the evaluation data call a detail, where it differs from our name for it.
KINDS = {"CREDIT_CARD": "CARD", "IBAN": "ACCOUNT", "DRIVER_LICENSE": "LICENCE"}


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    """A redactor that knows the repository's corpus."""
    return Redactor(read_own_texts(REPOSITORY / "corpus"))


def recall(redactor: Redactor, rows: Sequence[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return for each kind of detail how many are wholly covered, of how many."""
    covered: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for row in rows:
        gone = {at for place in redactor.find(row["text"]) for at in range(place.start, place.end)}
        for span in row["spans"]:
            kind = KINDS.get(span["type"], span["type"])
            letters = {at for at in range(span["start"], span["end"]) if row["text"][at].isalnum()}
            total[kind] += 1
            covered[kind] += letters <= gone
    return {kind: (covered[kind], total[kind]) for kind in total}


# The floors of the acceptance criteria, on texts that were written for this test.


def test_the_golden_texts_are_whole() -> None:
    assert len(GOLDEN) >= 150
    assert len({row["text"] for row in GOLDEN}) == len(GOLDEN)
    for row in GOLDEN:
        for span in row["spans"]:
            assert span["type"] in set(Detail)
            assert row["text"][span["start"] : span["end"]].strip()


def test_details_of_the_golden_texts_are_found(redactor: Redactor) -> None:
    found = recall(redactor, GOLDEN)
    for kind in ("PHONE", "EMAIL", "SSN", "MEMBER_ID", "MRN", "DOB", "CARD", "ACCOUNT"):
        covered, total = found[kind]
        assert covered >= 0.95 * total, kind
    for kind in ("NAME", "ADDRESS"):
        covered, total = found[kind]
        assert covered >= 0.85 * total, kind


def test_golden_texts_without_details_stay_as_they_are(redactor: Redactor) -> None:
    clean = [row["text"] for row in GOLDEN if not row["spans"]]
    assert len(clean) >= 20
    assert [redactor.redact(text) for text in clean] == clean


def test_no_ordinary_question_is_altered(redactor: Redactor) -> None:
    altered = [question for question in QUESTIONS if redactor.redact(question) != question]
    assert altered == []


def test_hardly_a_question_is_altered_without_the_corpus_either() -> None:
    knows_nothing = Redactor()
    altered = [question for question in QUESTIONS if knows_nothing.redact(question) != question]
    assert len(altered) <= 0.02 * len(QUESTIONS)


EVALUATION = REPOSITORY.parent / "shared" / "eval"


@pytest.mark.skipif(not EVALUATION.is_dir(), reason="the evaluation data isn't part of the repository")
def test_details_of_the_evaluation_data_are_found(redactor: Redactor) -> None:
    rows = [json.loads(line) for line in (EVALUATION / "pii_dev.jsonl").read_text("utf-8").splitlines()]
    found = recall(redactor, rows)
    for kind in ("PHONE", "EMAIL", "SSN", "MEMBER_ID", "MRN"):
        covered, total = found[kind]
        assert covered >= 0.95 * total, kind
    for kind in ("NAME", "ADDRESS"):
        covered, total = found[kind]
        assert covered >= 0.85 * total, kind
    clean = [row["text"] for row in rows if not row["spans"]]
    assert sum(redactor.redact(text) != text for text in clean) <= 0.02 * len(clean)


@pytest.mark.skipif(not EVALUATION.is_dir(), reason="the evaluation data isn't part of the repository")
def test_no_question_of_the_evaluation_data_is_altered(redactor: Redactor) -> None:
    lines = (EVALUATION / "questions_dev.jsonl").read_text("utf-8").splitlines()
    questions = [turn for line in lines for turn in json.loads(line)["turns"]]
    assert [redactor.redact(question) for question in questions] == questions


# One kind after the other.


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("I'm Ingrid Solheim and I'm scared", "I'm [NAME] and I'm scared"),
        ("MRN: 00448213, 619-555-0147", "MRN: [MRN], [PHONE]"),
        ("my ssn is 219-09-4432.", "my ssn is [SSN]."),
        ("MRN 219-09-4432", "MRN [MRN]"),  # the word before decides what a number is
        ("born 3/17/1984, seen 3/17/2024", "born [DOB], seen [DATE]"),
        ("Dr. Ingrid S.'s patient", "[NAME]'s patient"),
        ("I live at 12 Elm St, Apt 4, Boston, MA 02110. Is it far?", "I live at [ADDRESS]. Is it far?"),
        ("write to Ingrid@Solheim.example, please", "write to [EMAIL], please"),
        ("see https://portal.example/u/77?t=1.", "see [URL]."),
        ("five five five, oh one, two three", "[PHONE]"),
        ("cell ５５５-０１４７", "cell [PHONE]"),  # full-width digits
        ("619\u200b-555\u200b-0147", "[PHONE]"),  # hidden characters
        ("619‑555‑0147", "[PHONE]"),  # hyphens that don't break
        ("MY NAME IS INGRID SOLHEIM", "MY NAME IS [NAME]"),
        ("her name is Key", "her name is [NAME]"),  # a word of the clinic's texts, but it was introduced
    ],
)
def test_a_detail_is_replaced_by_its_kind(redactor: Redactor, text: str, redacted: str) -> None:
    assert redactor.redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "Does Asana Recovery take Aetna, Cigna or Kaiser Permanente?",
        "What did Zarate find in 2006, and Wilkinson in 2018?",
        "Is Barrett's esophagus or a high Gleason score a problem?",
        "Do you know the Beck Depression Inventory and the Hamilton scale?",
        "Can I take Lexapro 20 mg, Wellbutrin XL 300 mg and Xanax?",
        "Was Matthew Perry given ketamine by a doctor?",
        "Does St. John's wort matter?",
        "I was at Johns Hopkins and at St. Mary's Hospital",
        "10-20 mg, 0.5 mg/kg over 40-60 minutes, 2-3 times a week",
        "BP 150/95, PHQ-9 of 21, BMI 34, HR 110",
        "Open 24/7? On July 4? From 9-5?",
        "Trial NCT01945047, doi 10.1176/appi.ajp.2018.17060647, PMID 29112514",
        "Costs 2,500 dollars or $4,200.00 for 6 sessions",
        "call 988 or 911, text 741741",
        "from 2019-2023, in March 2024",
        "an office in Laguna Niguel or Marina del Rey? I have Hashimoto's",
        "NDC 0143-9508-10, CPT 96365, ICD-10 F33.2",
        "will may mark grace hope faith joy rose",
        "Will May be better than June? Hope so",
        "is asanarecovery.com your site?",
        "",
        "   ",
        "?!",
        "ñandú 🙂 ¿qué?",
    ],
)
def test_what_is_nobodys_detail_stays(redactor: Redactor, text: str) -> None:
    assert redactor.redact(text) == text


def test_a_details_surroundings_stay_byte_for_byte(redactor: Redactor) -> None:
    text = " \u200bIs it  ５ mg,\t{}’s dose? 🙂\n"
    assert redactor.redact(text.format("Ingrid Solheim")) == text.format("[NAME]")


def test_the_clinics_own_names_stay() -> None:
    text = "Is Ingrid Solheim in today?"
    assert "Ingrid" not in Redactor().redact(text)
    assert Redactor(["Ask for Ingrid Solheim at the desk."]).redact(text) == text


def test_places_are_in_order_and_apart(redactor: Redactor) -> None:
    text = "Ingrid Solheim, 12 Elm St, Boston, MA 02110, 619-555-0147, ingrid@solheim.example"
    places = redactor.find(text)
    assert [place.detail for place in places] == [Detail.NAME, Detail.ADDRESS, Detail.PHONE, Detail.EMAIL]
    assert all(one.end <= other.start for one, other in itertools.pairwise(places))


def test_a_long_text_is_read_in_parts_and_to_its_end(redactor: Redactor) -> None:
    text = "is it safe for me? " * 1000 + "619-555-0147"
    assert redactor.redact(text) == "is it safe for me? " * 1000 + "[PHONE]"


# Whatever a number is put together from.

WORDS = st.sampled_from(
    ["Is ketamine safe?", "please", "what about", "and", "how much is it", "ok", "I feel sad", "doctor"]
)
DIGITS = st.text("0123456789", min_size=4, max_size=4)
AREA = st.integers(201, 989).map(str).filter(lambda area: area[1:] != "11")
PHONES = st.builds(
    lambda area, exchange, line, shape: shape.format(area, exchange, line),
    AREA,
    st.integers(200, 999).map(str),
    DIGITS,
    st.sampled_from(
        ["{}-{}-{}", "({}) {}-{}", "{}.{}.{}", "{} {} {}", "+1 {} {} {}", "1-{}-{}-{}", "{}{}{}", "+1{}{}{}"]
    ),
)
SSNS = st.builds(
    lambda area, group, serial, sign: f"{area:03}{sign}{group:02}{sign}{serial:04}",
    st.integers(1, 899),
    st.integers(1, 99),
    st.integers(1, 9999),
    st.sampled_from(["-", " "]),
)
LOCAL = st.from_regex(r"[a-z][a-z0-9._+]{0,15}[a-z0-9]", fullmatch=True)
EMAILS = st.builds(
    lambda local, host, top: f"{local}@{host}.{top}",
    LOCAL,
    st.from_regex(r"[a-z][a-z0-9]{1,12}", fullmatch=True),
    st.sampled_from(["com", "org", "example", "co.uk", "health"]),
)


def left_of(redactor: Redactor, before: str, detail: str, after: str) -> str:
    """Return what the redactor lets through of a detail between two texts, outside of placeholders."""
    redacted = redactor.redact(f"{before} {detail} {after}")
    return re.sub(r"\[[A-Z_]+\]", "", redacted).replace(before, "", 1).removesuffix(after)


@given(WORDS, PHONES, WORDS)
def test_no_phone_number_is_let_through(redactor: Redactor, before: str, phone: str, after: str) -> None:
    assert not re.search(r"\d", left_of(redactor, before, phone, after))


@given(WORDS, SSNS, WORDS)
def test_no_social_security_number_is_let_through(redactor: Redactor, before: str, ssn: str, after: str) -> None:
    assert not re.search(r"\d", left_of(redactor, before, ssn, after))


@given(WORDS, EMAILS, WORDS)
def test_no_email_address_is_let_through(redactor: Redactor, before: str, email: str, after: str) -> None:
    left = left_of(redactor, before, email, after)
    assert "@" not in left
    assert not left.strip()


@given(
    st.sampled_from(["MRN", "MRN:", "medical record number", "member id", "policy #", "chart no."]),
    st.integers(10**5, 10**10),
)
def test_no_announced_number_is_let_through(redactor: Redactor, word: str, number: int) -> None:
    assert str(number) not in redactor.redact(f"{word} {number}, what now?")


PIECES = st.one_of(
    WORDS, PHONES, SSNS, EMAILS, st.sampled_from([row["text"] for row in GOLDEN]), st.text(max_size=20)
)


@given(st.lists(PIECES, max_size=5).map(" ".join))
def test_redacting_twice_changes_nothing_more(redactor: Redactor, text: str) -> None:
    once = redactor.redact(text)
    assert redactor.redact(once) == once

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.errors import IndexDamagedError
from kbot.search.index import open_index
from kbot.search.language import Language, count_words
from kbot.text import normalise, words

if TYPE_CHECKING:
    from pathlib import Path

    from kbot.service import Service

OWN = {"ketamine": 90, "infusion": 40, "infusions": 12, "lozenges": 3, "aetna": 2, "massage": 1, "message": 5}
ENGLISH = ["the", "there", "their", "bread", "break", "sister", "because", "treatment", "medicine"]
LANGUAGE = Language(OWN, ENGLISH)


@pytest.fixture(scope="module")
def real(service: Service) -> Language:
    return open_index(service.settings).language


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("ketamin", "ketamine"),  # one letter lost
        ("ketmaine", "ketamine"),  # two letters swapped
        ("ketamines", "ketamine"),  # nine letters: one slip
        ("infusoinns", "infusions"),  # ten letters: two slips
        ("lozengas", "lozenges"),
        ("brread", "bread"),
        ("Ketamin’", "ketamine’"),
    ],
)
def test_a_slip_is_put_right(typed: str, read: str) -> None:
    assert LANGUAGE.read(typed).text == read


@pytest.mark.parametrize(
    "typed",
    [
        "ketmn",  # two slips in a short word
        "kxtxmxne",  # three slips
        "cat",  # shorter than four letters
        "k3tamine",  # not a word of letters
        "Zoloft",  # a name that we don't know, near to nothing
        "ketamine",
        "massage",  # a known word stays, though "message" is used more
        "what",  # closed-class words are known
    ],
)
def test_what_is_no_slip_of_a_known_word_stays(typed: str) -> None:
    assert LANGUAGE.read(typed) == (written := LANGUAGE.read(typed))
    assert (written.text, written.corrections) == (typed, ())


def test_words_of_the_corpus_come_before_those_of_english() -> None:
    # One letter from "message" of the corpus and from no more frequent English word.
    assert Language({"breed": 1}, ENGLISH).read("breod").text == "breed"


def test_among_equal_slips_the_word_with_the_same_first_letter_and_most_use_is_meant() -> None:
    language = Language({"massage": 1, "message": 5, "passage": 9}, [])
    assert language.read("mossage").text == "message"  # also one slip from "massage", used less; "passage" is two
    assert language.read("mussage").text == "message"


def test_corrections_are_told_as_typed_and_as_read() -> None:
    written = LANGUAGE.read("Is ketamin safe, or infussion?")
    assert written.text == "Is ketamine safe, or infusion?"
    assert written.corrections == (("ketamin", "ketamine"), ("infussion", "infusion"))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("wat abt TRD?", "what about treatment-resistant depression?"),
        ("can u get the nose spray w/o a script", "can you get the nasal spray without a prescription"),
        ("bcbs", "BlueCross BlueShield"),
        ("DON'T", "DON'T"),
        ("dont", "don't"),
        ("u'll", "u'll"),  # a whole word only
        ("tribune", "tribune"),
    ],
)
def test_abbreviations_and_lay_words_are_written_out_as_whole_words(typed: str, read: str) -> None:
    assert Language({"tribune": 1}, []).read(typed).text == read


known = st.lists(st.sampled_from([*OWN, *ENGLISH, "how", "what", "isn't"]), max_size=12)


@given(known, st.sampled_from([" ", ", ", "? ", " – "]))
def test_known_words_are_never_changed(asked: list[str], between: str) -> None:
    question = between.join(asked)
    assert LANGUAGE.read(question).text == question


@given(st.text(max_size=80))
def test_no_correction_touches_a_known_word_and_every_one_leads_to_one(question: str) -> None:
    written = LANGUAGE.read(normalise(question))
    for typed, read in written.corrections:
        assert not LANGUAGE.knows(typed.lower())
        assert LANGUAGE.knows(read)


@given(st.text(alphabet="abcdeiknmtu ", max_size=60))
def test_reading_twice_is_reading_once(question: str) -> None:
    once = LANGUAGE.read(question).text
    assert LANGUAGE.read(once).corrections == ()


def test_every_word_of_the_corpus_is_known(service: Service, real: Language) -> None:
    texts = [document.text[document.body :] for document in service.documents.values()]
    assert [word for word in count_words(texts) if not real.knows(word)] == []
    # "SSRIs" of the article is written out as "SSRI antidepressants", and "SSRI" put into the corpus's own form.
    changed = {pair for text in texts for pair in real.read(text).corrections}
    assert {pair for pair in changed if pair != ("SSRI", "ssris")} == set()


@pytest.mark.parametrize(
    "drug", ["esketamine", "spravato", "ketamine", "midazolam", "ssri", "aetna", "magellan", "ozempic", "naltrexone"]
)
def test_drugs_and_insurers_are_never_corrected_away(real: Language, drug: str) -> None:
    assert drug in real.read(f"is it {drug}?").text


@pytest.mark.parametrize(
    ("typed", "read"),
    [("ketamin", "ketamine"), ("spravatto", "spravato"), ("insurence", "insurance"), ("depresion", "depression")],
)
def test_frequent_slips_of_visitors_are_put_right(real: Language, typed: str, read: str) -> None:
    assert real.read(typed).text == read


def test_rarity_rises_with_the_rank_in_english() -> None:
    language = Language({}, [f"word{rank}" for rank in range(1, 20_001)])
    assert language.rarity("word1") == 0.0
    assert language.rarity("word1000") == 0.0
    assert language.rarity("word10000") == pytest.approx(0.5)  # (log10 of 10,000 - 3) / 2
    assert language.rarity("unheard-of") == 1.0


def test_words_that_mean_the_same_share_a_group() -> None:
    assert {"drip", "infus", "iv"} <= LANGUAGE.synonyms("drip")
    assert LANGUAGE.synonyms("zebra") == {"zebra"}


def test_a_language_that_was_saved_reads_the_same(tmp_path: Path) -> None:
    LANGUAGE.save(tmp_path / "language.json")
    again = Language.load(tmp_path / "language.json")
    assert again.read("ketamin lozengas brread") == LANGUAGE.read("ketamin lozengas brread")
    assert again.rarity("bread") == LANGUAGE.rarity("bread")


@pytest.mark.parametrize("data", [None, b"", b"[]", b'{"own": {}}', b'{"own": 1, "english": []}', b"\xff"])
def test_a_damaged_file_of_words_is_refused(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "language.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(IndexDamagedError, match=r"language\.json can't be read .* run `kbot build`"):
        Language.load(path)


def test_words_are_counted_whatever_their_case() -> None:
    assert count_words(["Ketamine, KETAMINE", "it’s"]) == {"ketamine": 2, "it's": 1}
    assert words("it’s") == ["it's"]

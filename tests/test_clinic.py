from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.clinic import Clinic, contrast_on_white, read_clinic
from kbot.errors import CorpusError
from kbot.records import Resource

if TYPE_CHECKING:
    from pathlib import Path

SOUND = """[clinic]
name = "Harbour Clinic"
home_page = "https://harbour.example/"

[contact]
phone = "(555) 010-0100"
phone_dial = "+15550100100"
text = ""
"""


def read(tmp_path: Path, text: str | bytes) -> Clinic:
    path = tmp_path / "clinic.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_clinic(path)


def problems_of(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(CorpusError) as failed:
        read(tmp_path, text)
    return [problem.removeprefix(f"{tmp_path.name}/") for problem in failed.value.problems]


def test_facts_are_read_and_what_is_not_given_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path, SOUND) == Clinic(
        name="Harbour Clinic", phone="(555) 010-0100", phone_dial="+15550100100", home_page="https://harbour.example/"
    )


def test_the_clinic_is_somebody_to_turn_to_with_links_that_a_phone_dials() -> None:
    clinic = Clinic("Harbour", "555", "+1555", text="556", text_dial="+1556", home_page="https://h.example/")
    assert clinic.resource() == Resource(
        "Talk to a clinician at Harbour", "555", "556", "https://h.example/", "tel:+1555", "sms:+1556"
    )


def test_what_is_not_known_is_not_offered() -> None:
    resource = Clinic("Harbour", "555", "+1555").resource()
    assert (resource.text, resource.url, resource.text_link) == (None, None, None)


def test_a_page_with_a_form_goes_before_the_home_page() -> None:
    clinic = Clinic("Harbour", "555", "+1555", contact_url="https://h.example/form", home_page="https://h.example/")
    assert clinic.resource().url == "https://h.example/form"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "Harbour Clinic"', "", "clinic.toml: 'name' is missing: add it"),
        ('phone = "(555) 010-0100"', 'phone = " "', "clinic.toml: 'phone' is missing: add it"),
        ("[contact]", "[contakt]", "clinic.toml: unknown table [contakt]: known are clinic, contact, colours"),
        ("text =", "txt =", "clinic.toml: unknown key 'txt' in [contact]: known are phone, phone_dial, text"),
        ('text = ""', "text = 5", "clinic.toml: 'text' is not text: put the value in quotes"),
        (
            "+15550100100",
            "(555)",
            "clinic.toml: 'phone_dial' is '(555)': write + and digits only, as in +1555",
        ),
        ("https:", "ftp:", "clinic.toml: 'home_page' is 'ftp://harbour.example/': write a web address"),
        ("https:", "javascript:", "clinic.toml: 'home_page' is 'javascript://harbour.example/': write a web address"),
        ('text = ""', 'text = "\n', "clinic.toml: "),
        ("[clinic]", "clinic = 5\n[other]", "clinic.toml: unknown table [clinic]: known are clinic"),
    ],
)
def test_a_mistake_names_the_file_the_key_and_the_remedy(tmp_path: Path, old: str, new: str, problem: str) -> None:
    problems = problems_of(tmp_path, SOUND.replace(old, new))
    assert [found for found in problems if found.startswith(problem)] == problems[:1]


def test_all_mistakes_are_found_at_once(tmp_path: Path) -> None:
    assert len(problems_of(tmp_path, '[clinic]\nnam = "x"\n[colours]\naccent = "red"\n')) == 5


def test_a_file_that_is_missing_or_not_utf8_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="the file is missing: it holds the clinic's name and phone number"):
        read_clinic(tmp_path / "clinic.toml")
    assert problems_of(tmp_path, SOUND.encode().replace(b"Harbour", b"H\xe4fen")) == [
        "clinic.toml:1: the file is not UTF-8: save it with the encoding UTF-8"
    ]


def test_a_folder_of_that_name_is_a_reported_problem(tmp_path: Path) -> None:
    (tmp_path / "clinic.toml").mkdir()
    with pytest.raises(CorpusError, match=r"clinic\.toml"):
        read_clinic(tmp_path / "clinic.toml")


@pytest.mark.parametrize(
    ("colour", "contrast"),
    [("#000000", 21.0), ("#ffffff", 1.0), ("#767676", 4.54), ("#FF0000", 4.0), ("#808080", 3.95)],
)  # black, white, WCAG's lightest grey that passes, red and medium grey, as the W3C's formula has them
def test_contrast_is_that_of_wcag(colour: str, contrast: float) -> None:
    assert contrast_on_white(colour) == pytest.approx(contrast, abs=0.05)


@pytest.mark.parametrize(
    ("accent", "problem"),
    [
        ("red", "'accent' is 'red': write a colour as #rrggbb"),
        ("#0f5c6", "write a colour as #rrggbb"),
        ("#777777", "has a contrast of 4.5:1 on white: choose a darker one, of at least 4.5:1"),
        ("#ffffff", "has a contrast of 1.0:1 on white"),
    ],
)
def test_a_colour_that_cannot_be_read_on_white_is_refused(tmp_path: Path, accent: str, problem: str) -> None:
    (found,) = problems_of(tmp_path, f'{SOUND}[colours]\naccent = "{accent}"\n')
    assert problem in found


@given(st.binary(max_size=80) | st.text(alphabet="[]clinic=\"'\n.{}1-: ", max_size=80).map(str.encode))
def test_random_bytes_are_a_reported_problem(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("clinic")
    assert problems_of(folder, data)

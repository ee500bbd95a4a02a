from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.ingest.frontmatter import parse_front_matter


def test_values_come_with_the_lines_they_stand_on() -> None:
    front = parse_front_matter("---\n# for staff\ntitle: A page\n\nyear: 2021\n---\nBody\n")

    assert front.values == {"title": "A page", "year": 2021}
    assert front.lines == {"title": 3, "year": 5}
    assert front.problems == []


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_body_begins_after_the_closing_line(newline: str) -> None:
    text = newline.join(["---", "title: A page", "---", "First words", "---", "last words"])

    front = parse_front_matter(text)

    assert text[front.body :] == newline.join(["First words", "---", "last words"])
    assert front.values == {"title": "A page"}


def test_a_file_that_ends_with_its_front_matter_has_an_empty_body() -> None:
    text = "---\ntitle: A page\n---"
    assert parse_front_matter(text).body == len(text)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "there is no front matter: begin the file with a line '---'"),
        ("# A page\n", 1, "there is no front matter: begin the file with a line '---'"),
        ("\n---\ntitle: A page\n---\n", 1, "there is no front matter"),
        ("---\ntitle: A page\n", 1, "is not closed: put a line '---' after its last key"),
        ("---\n- title\n- kind\n---\nBody", 2, "is not a list of 'key: value' lines"),
        ("---\ntitle: A page\nkind: a: b\n---\nBody", 3, "put values with ':' or '#' in quotes"),
        ("---\ntitle: A page\nkind: clinic FAQ\ntitle: Another\n---\nBody", 4, "the key 'title' stands twice"),
        ("---\ntitle: A page\nreviewed_on: 2026-02-30\n---\nBody", 3, "the value of 'reviewed_on' can't be read"),
        ("---\ntitle: !!python/name:os.system\n---\nBody", 2, "the value of 'title' can't be read"),
        ("---\ntitle: A page\n? [a, b]\n: c\n---\nBody", 3, "a key of the front matter is not a word"),
        ("---\ntitle: A\x07page\n---\nBody", 2, "save the file as plain UTF-8 text"),
        (f"---\ntitle: {'[' * 600}{']' * 600}\n---\nBody", 2, "nested too deeply"),
    ],
)
def test_a_problem_names_its_line_and_remedy(text: str, line: int, words: str) -> None:
    front = parse_front_matter(text)

    assert len(front.problems) == 1
    found_line, message = front.problems[0]
    assert words in message
    assert found_line == line


def test_a_bomb_of_aliases_is_refused_before_it_unfolds() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    text = "\n".join(["---", "a0: &a0 [boom]", *levels, "---", "Body"])

    front = parse_front_matter(text)

    assert front.values == {}
    assert [line for line, _ in front.problems] == [3]
    assert "YAML alias" in front.problems[0][1]


def test_a_header_longer_than_64_thousand_characters_is_taken_for_one_that_is_not_closed() -> None:
    front = parse_front_matter(f"---\ntitle: {'a' * 70_000}\n---\nBody")
    assert [message.split(":")[0] for _, message in front.problems] == ["the front matter is not closed"]


yaml_like = st.text(alphabet=st.sampled_from("abk:#-[]{}&*!|>'\"?,% \n\t1.~@`") | st.characters(), max_size=80)


@given(yaml_like)
def test_no_header_raises_and_each_problem_points_into_the_file(header: str) -> None:
    text = f"---\n{header}\n---\nBody"

    front = parse_front_matter(text)

    assert 0 <= front.body <= len(text)
    lines = text.count("\n") + 1 + sum(map(text.count, "\r\x85\u2028\u2029"))
    assert all(1 <= line <= lines for line, _ in front.problems)
    assert set(front.lines) == set(front.values)

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from kbot.audit.upkeep import DeadLink, dead_links, duplicate_passages, overdue_reviews
from kbot.ingest.corpus import read_corpus
from kbot.ingest.passages import split_passages

if TYPE_CHECKING:
    from pathlib import Path

    from kbot.records import Document, Passage

TODAY = date(2026, 6, 30)
LONG = "A warm cup of tea before bed helps many people to sleep through the night"


def write(corpus: Path, name: str, body: str, front: str = "") -> None:
    (corpus / f"{name}.md").write_text(
        f"---\ntitle: A page\nkind: clinic FAQ\n{front}---\n\n# A page\n\n{body}\n", encoding="utf-8"
    )


def read(corpus: Path) -> tuple[list[Document], list[Passage]]:
    documents = read_corpus(corpus)
    return documents, [p for document in documents for p in split_passages(document, len, budget=2**31)]


@pytest.mark.parametrize(
    ("reviewed", "days", "overdue"),
    [("2026-06-30", 1, None), ("2026-06-29", 1, None), ("2026-06-28", 1, 2), ("2025-06-30", 365, None)],
)
def test_a_document_is_due_once_its_days_have_passed(
    corpus: Path, reviewed: str, days: int, overdue: int | None
) -> None:
    (corpus / "tea.md").unlink()
    write(corpus, "page", "Words.", f"reviewed_on: {reviewed}\n")
    found = overdue_reviews(*read(corpus), days=days, today=TODAY)
    assert [review.days for review in found] == ([] if overdue is None else [overdue])


def test_the_never_reviewed_come_first_then_the_oldest_each_with_its_passages(corpus: Path) -> None:
    write(corpus, "newer", "One.\n\nTwo.", "reviewed_on: 2025-01-01\n")
    write(corpus, "older", "Words.", "reviewed_on: 2024-01-01\n")
    documents, passages = read(corpus)
    found = overdue_reviews(documents, passages, days=365, today=TODAY)
    assert [(review.document, review.days) for review in found] == [("tea", None), ("older", 911), ("newer", 545)]
    assert found[2].passages == tuple(p.id for p in passages if p.document_id == "newer")


def test_links_to_files_and_documents_that_are_not_there_are_named_with_their_line(corpus: Path) -> None:
    write(
        corpus,
        "page",
        "See [tea](tea.md#sleep), [the web](https://clinic.example/x) and [mail](mailto:a@clinic.example).\n\n"
        "See [gone](gone.md).\n\n![a cup](cup%20of%20tea.png)\n\n[there](/source/tea) [not there](/source/coffee) "
        "[here](#a-page) [root](/faq) [outside](../../../../../../etc/passwd)",
    )
    documents, _ = read(corpus)
    assert dead_links(documents, corpus) == [
        DeadLink("page", 10, "gone.md", "there is no such file in the corpus"),
        DeadLink("page", 12, "cup%20of%20tea.png", "there is no such file in the corpus"),
        DeadLink("page", 14, "/source/coffee", "there is no document 'coffee'"),
        DeadLink("page", 14, "/faq", "it begins with '/': only /source/ pages are served there"),
        DeadLink("page", 14, "../../../../../../etc/passwd", "there is no such file in the corpus"),
    ]


def test_passages_that_say_the_same_are_paired_whatever_case_and_marks(corpus: Path) -> None:
    write(corpus, "one", f"{LONG}.")
    write(corpus, "two", f"**{LONG.upper()}!**")
    (twin,) = duplicate_passages(read(corpus)[1])
    assert twin.likeness == 1
    assert [each.partition("#")[0] for each in twin.passages] == ["one", "two"]


def test_nearly_the_same_is_paired_and_something_else_is_not(corpus: Path) -> None:
    write(corpus, "one", f"{LONG}.")
    write(corpus, "two", f"{LONG}s.")
    write(corpus, "three", "Cold coffee keeps other people awake for hours, and nobody knows for certain why.")
    (twin,) = duplicate_passages(read(corpus)[1])
    # 73 and 74 characters, of which 73 are common: 2 * 73 / 147.
    assert twin.likeness == pytest.approx(0.993, abs=5e-4)


def test_a_phone_number_under_two_headings_is_no_copy(corpus: Path) -> None:
    write(corpus, "one", "(555) 010-0100")
    write(corpus, "two", "(555) 010-0100")
    assert duplicate_passages(read(corpus)[1]) == []

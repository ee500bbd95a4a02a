from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.errors import CorpusError
from kbot.ingest.corpus import corpus_files, corpus_hash, read_corpus, read_document
from kbot.records import Kind

HEAD = "---\ntitle: A page\nkind: clinic FAQ\n"
SOUND = f"{HEAD}---\nWords.\n"


def problems_of(corpus: Path) -> tuple[str, ...]:
    try:
        read_corpus(corpus)
    except CorpusError as error:
        return error.problems
    return ()


def test_a_document_is_its_whole_file_with_what_the_front_matter_says(corpus: Path) -> None:
    text = (
        '---\nid: a-study\ntitle: "Results: one"\nkind: summary of a study\nurl: https://doi.org/10.1/x\n'
        'authors: [Ada Byron, Bo Li]\njournal: A Journal\nyear: 2021\nvolume: "61(5)"\npages: 480-485\ndoi: 10.1/x\n'
        "pmid: 33242561\npmcid: PMC1\nreviewed_on: 2026-01-31\nsearch: false\ntitle_is: description\n"
        "cited_as: B. et al.\n---\n\n# Results\n\nIt helped – “mostly”.\n"
    )
    (corpus / "studies").mkdir()
    (corpus / "studies" / "one.md").write_text(text, encoding="utf-8")

    document = {d.id: d for d in read_corpus(corpus)}["a-study"]

    assert document.text == text
    assert document.text[document.body :] == "\n# Results\n\nIt helped – “mostly”.\n"
    assert (document.title, document.kind, document.path) == ("Results: one", Kind.STUDY_SUMMARY, "studies/one.md")
    assert (document.authors, document.journal, document.year) == (("Ada Byron", "Bo Li"), "A Journal", 2021)
    assert (document.volume, document.pages, document.doi) == ("61(5)", "480-485", "10.1/x")
    assert (document.pmid, document.pmcid, document.cited_as) == ("33242561", "PMC1", "B. et al.")
    assert (document.reviewed_on, document.searchable, document.title_is_description) == ("2026-01-31", False, True)


def test_a_document_without_an_id_is_called_as_its_file(corpus: Path) -> None:
    (document,) = read_corpus(corpus)
    assert (document.id, document.searchable, document.url, document.authors) == ("massage", True, None, ())


def test_line_ends_and_marks_are_kept_byte_for_byte(corpus: Path) -> None:
    data = SOUND.replace("\n", "\r\n").encode() + "a\u00a0b\u200bc\r\n".encode()
    (corpus / "page.md").write_bytes(data)

    document = {d.id: d for d in read_corpus(corpus)}["page"]

    assert document.text.encode() == data


@pytest.mark.parametrize(
    ("text", "line", "what", "remedy"),
    [
        (f"{HEAD}titel: A page\n---\nWords.\n", 4, "unknown key 'titel'", "did you mean 'title'?"),
        (f"{HEAD}colour: red\n---\nWords.\n", 4, "unknown key 'colour'", "known are authors, cited_as, doi"),
        ("---\nkind: clinic FAQ\n---\nWords.\n", 1, "'title' is missing", "add a line 'title: ...'"),
        ("---\ntitle:\nkind: clinic FAQ\n---\nWords.\n", 2, "'title' is missing", "add a line 'title: ...'"),
        ("---\ntitle: A page\n---\nWords.\n", 1, "'kind' is missing", "add a line 'kind: ...'"),
        ("---\ntitle: A page\nkind: blog\n---\nWords.\n", 3, "unknown kind 'blog'", "use one of clinic article"),
        ("---\ntitle: [A, page]\nkind: clinic FAQ\n---\nWords.\n", 2, "'title' is not a line of text", "in quotes"),
        (f"{HEAD}reviewed_on: last week\n---\nWords.\n", 4, "'reviewed_on' is 'last week'", "as 2026-01-31"),
        (f"{HEAD}reviewed_on: 2026-01-31 10:00:00\n---\nWords.\n", 4, "not a date", "as 2026-01-31"),
        (f"{HEAD}reviewed_on:\n---\nWords.\n", 4, "'reviewed_on' is None", "as 2026-01-31"),
        (f"{HEAD}year: 21\n---\nWords.\n", 4, "the year 21 is not a year", "write four digits"),
        (f"{HEAD}year: true\n---\nWords.\n", 4, "the year True is not a year", "write four digits"),
        (f"{HEAD}url: asana.example\n---\nWords.\n", 4, "the url 'asana.example'", "write it as https://"),
        (f"{HEAD}url: 'javascript:alert(1)'\n---\nWords.\n", 4, "is not a web address", "write it as https://"),
        (f"{HEAD}authors: Ada Byron\n---\nWords.\n", 4, "'authors' is not a list", "write [First, Second]"),
        (f"{HEAD}search: perhaps\n---\nWords.\n", 4, "'search' is 'perhaps'", "write true or false"),
        (f"{HEAD}title_is: ours\n---\nWords.\n", 4, "'title_is' is 'ours'", "write official or description"),
        (f"{HEAD}id: A Page\n---\nWords.\n", 4, "the id 'A Page' has other characters", "add a line 'id: ...'"),
        (f"{HEAD}---\n \n\n", 5, "there is no text after the front matter", "add it, or delete the file"),
        (f"{HEAD}---\nWords.\n\n<div onclick='x()'>\n", 7, "HTML is not shown", "write it as Markdown"),
        (f"{HEAD}---\n  <script>x()</script>\n", 5, "HTML is not shown", "write it as Markdown"),
        ("\ufeff" + SOUND, 1, "begins with a byte order mark", "save it as 'UTF-8' rather than"),
        ("Words.\n", 1, "there is no front matter", "begin the file with a line '---'"),
        (f"{HEAD}cited_as: &a [*a]\n---\nWords.\n", 4, "it uses a YAML alias", "in quotes"),
    ],
)
def test_a_mistake_names_file_line_and_remedy(corpus: Path, text: str, line: int, what: str, remedy: str) -> None:
    (corpus / "page.md").write_text(text, encoding="utf-8")

    (problem,) = problems_of(corpus)

    assert problem.startswith(f"corpus/page.md:{line}: ")
    assert what in problem
    assert remedy in problem


def test_bytes_that_are_not_utf8_are_named_with_their_line(corpus: Path) -> None:
    (corpus / "page.md").write_bytes(SOUND.encode() + "Café".encode("latin-1"))

    (problem,) = problems_of(corpus)

    assert problem == (f"corpus/page.md:6: byte {len(SOUND) + 3} is not UTF-8: save the file with the encoding UTF-8")


def test_a_second_document_of_the_same_id_is_named_with_the_first(corpus: Path) -> None:
    (corpus / "other.md").write_text("---\ntitle: A\nid: massage\nkind: clinic FAQ\n---\nWords.\n", encoding="utf-8")

    assert problems_of(corpus) == (
        "corpus/other.md:3: the id 'massage' is already that of corpus/massage.md: give each file an id of its own",
    ) or problems_of(corpus) == (
        "corpus/massage.md:1: the id 'massage' is already that of corpus/other.md: give each file an id of its own",
    )


def test_all_problems_of_all_files_are_found_at_once(corpus: Path) -> None:
    (corpus / "one.md").write_text("---\ntitel: A\nyear: x\n---\n", encoding="utf-8")
    (corpus / "two.md").write_bytes(b"\xff\xfe")
    (corpus / "three.md").write_text("no front matter", encoding="utf-8")

    places = [":".join(problem.split(":")[:2]) for problem in problems_of(corpus)]

    one = [
        "corpus/one.md:2",  # unknown key
        "corpus/one.md:1",  # no title
        "corpus/one.md:1",  # no kind
        "corpus/one.md:5",  # no text, where it should stand
        "corpus/one.md:3",  # year
    ]
    assert sorted(places) == sorted([*one, "corpus/two.md:1", "corpus/three.md:1"])


def test_a_file_of_more_than_five_million_bytes_is_refused(corpus: Path) -> None:
    (corpus / "page.md").write_text(SOUND + "a" * 5_000_000, encoding="utf-8")

    (problem,) = problems_of(corpus)

    assert problem.startswith("corpus/page.md:1: the file has 5,00")
    assert problem.endswith("split it into several")


def test_a_web_address_and_a_comment_at_the_beginning_of_a_line_are_not_html(corpus: Path) -> None:
    text = f"{SOUND}\n<https://example.org/page>\n\n<!-- for staff -->\n\n2 < 3, and <5 minutes.\n"
    (corpus / "page.md").write_text(text, encoding="utf-8")

    assert problems_of(corpus) == ()


def test_read_me_files_and_hidden_folders_are_not_documents(corpus: Path) -> None:
    (corpus / ".drafts").mkdir()
    for name in ("README.md", "ReadMe.md", ".drafts/page.md", ".hidden.md", "notes.txt"):
        (corpus / name).write_text("not a document", encoding="utf-8")
    (corpus / "folder.md").mkdir()

    assert [path.name for path in corpus_files(corpus)] == ["massage.md"]


def test_a_folder_that_is_not_there_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nowhere: no such folder; set KBOT_CORPUS"):
        corpus_files(tmp_path / "nowhere")


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no Markdown file in it; add at least one"):
        corpus_files(tmp_path)


def test_the_hash_changes_with_every_file_that_a_build_reads_and_with_no_other(corpus: Path) -> None:
    hashes = [corpus_hash(corpus)]
    (corpus / "README.md").write_text("for staff", encoding="utf-8")
    assert corpus_hash(corpus) == hashes[0]
    (corpus / "questions").mkdir()
    (corpus / "questions" / "one.yaml").write_text("", encoding="utf-8")
    hashes.append(corpus_hash(corpus))
    (corpus / "questions" / "one.yaml").write_text("# a note", encoding="utf-8")
    hashes.append(corpus_hash(corpus))
    (corpus / "clinic.toml").write_text("# a note", encoding="utf-8")
    hashes.append(corpus_hash(corpus))
    (corpus / "massage.md").rename(corpus / "massages.md")
    hashes.append(corpus_hash(corpus))
    assert len(set(hashes)) == 5


def test_the_hash_tells_a_file_from_the_same_bytes_divided_otherwise(tmp_path: Path) -> None:
    hashes = set()
    for number, (one, two) in enumerate([("ab", "c"), ("a", "bc")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "one.md").write_text(one, encoding="utf-8")
        (folder / "two.md").write_text(two, encoding="utf-8")
        hashes.add(corpus_hash(folder))
    assert len(hashes) == 2


def read_bytes(data: bytes) -> tuple[bool, list[tuple[int, str]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.md"
        path.write_bytes(data)
        document, problems = read_document(path, "page.md")
    return document is not None and not problems, problems


@given(st.binary(max_size=200))
def test_random_bytes_give_problems_with_a_line_and_never_a_traceback(data: bytes) -> None:
    sound, problems = read_bytes(data)
    assert sound != bool(problems)
    assert all(line >= 1 and message for line, message in problems)


values = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["[]", "{}", "~", "1e999", "2026-13-45", "!!binary AA==", "0o7", "{a: {b: [c]}}", "'", '"', "|"]),
)
keys = st.sampled_from(["id", "title", "kind", "url", "authors", "year", "doi", "reviewed_on", "search", "title_is"])


@given(st.dictionaries(keys, values, max_size=10))
def test_random_values_give_problems_with_a_line_and_never_a_traceback(header: dict[str, str]) -> None:
    lines = "".join(f"{key}: {value}\n" for key, value in header.items())
    sound, problems = read_bytes(f"---\n{lines}---\nWords.\n".encode(errors="surrogatepass"))
    assert sound != bool(problems)
    assert all(line >= 1 and message for line, message in problems)

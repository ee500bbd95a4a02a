"""Corpus files to documents. All problems of all files are found in one pass, each with file, line and remedy."""

from __future__ import annotations

import datetime
import difflib
import hashlib
import re
from pathlib import Path

from kbot.errors import CorpusError
from kbot.ingest.frontmatter import FrontMatter, parse_front_matter
from kbot.records import Document, Kind

_KEYS = frozenset(
    [
        "id",
        "title",
        "kind",
        "url",
        "authors",
        "journal",
        "year",
        "volume",
        "pages",
        "doi",
        "pmid",
        "pmcid",
        "reviewed_on",
        "cited_as",
        "search",
        "title_is",
    ]
)
_REQUIRED = ("title", "kind")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_URL = re.compile(r"https?://[^\s<>\"']+")
_FILE_LIMIT = 5_000_000  # bytes of one corpus file
_HTML_BLOCK = re.compile(r"^\s{0,3}<(?!!--|[a-zA-Z][\w+.-]*:)[a-zA-Z/]", re.MULTILINE)  # "<https://...>" is a link


def corpus_files(corpus: Path) -> list[Path]:
    """Return the document files below `corpus`, in a fixed order; read-me files are not documents.

    Raises:
        CorpusError: the folder isn't there, or holds no document.
    """
    if not corpus.is_dir():
        raise CorpusError([f"{corpus}: no such folder; set KBOT_CORPUS to the folder with the Markdown files"])
    files = sorted(
        path
        for path in corpus.rglob("*.md")
        if path.is_file()
        and path.name.lower() != "readme.md"
        and not any(part.startswith(".") for part in path.relative_to(corpus).parts)
    )
    if not files:
        raise CorpusError([f"{corpus}: no Markdown file in it; add at least one, as corpus/README.md describes"])
    return files


def corpus_hash(corpus: Path) -> str:
    """Return the sha256 of everything in the corpus that decides what a build makes: names and bytes of its files."""
    digest = hashlib.sha256()
    extra = sorted([*corpus.glob("clinic.toml"), *corpus.glob("questions/*.yaml")])
    for path in [*corpus_files(corpus), *filter(Path.is_file, extra)]:
        data = path.read_bytes()
        digest.update(f"{path.relative_to(corpus).as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def read_corpus(corpus: Path) -> list[Document]:
    """Read and check every document file.

    Raises:
        CorpusError: with every problem found, one line each: `file:line: what is wrong: what to do`.
    """
    documents: list[Document] = []
    problems: list[str] = []
    first_use: dict[str, str] = {}
    for path in corpus_files(corpus):
        name = path.relative_to(corpus).as_posix()
        document, found = read_document(path, name)
        problems.extend(f"{corpus.name}/{name}:{line}: {message}" for line, message in found)
        if document is None:
            continue
        if document.id in first_use:
            line = document.text[: document.body].count("\n", 0, max(document.text.find("\nid:"), 0) + 1) + 1
            problems.append(
                f"{corpus.name}/{name}:{line}: the id '{document.id}' is already that of "
                f"{corpus.name}/{first_use[document.id]}: give each file an id of its own"
            )
            continue
        first_use[document.id] = name
        documents.append(document)
    if problems:
        raise CorpusError(problems)
    return documents


def read_document(path: Path, name: str) -> tuple[Document | None, list[tuple[int, str]]]:
    """Read one file. Returns the document (None where it is unusable) and its problems as (line, message)."""
    size = path.stat().st_size
    if size > _FILE_LIMIT:
        return None, [(1, f"the file has {size:,} bytes, more than {_FILE_LIMIT:,}: split it into several")]
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [(line, f"byte {error.start} is not UTF-8: save the file with the encoding UTF-8")]
    if text.startswith("\ufeff"):
        return None, [(1, "the file begins with a byte order mark: save it as 'UTF-8' rather than 'UTF-8 with BOM'")]
    front = parse_front_matter(text)
    problems = list(front.problems)
    if problems and not front.values:
        return None, problems
    problems += _check_keys(front)
    title = _text(front, "title", problems)
    kind = _kind(front, problems)
    if not text[front.body :].strip():
        problems.append(
            (
                text.count("\n", 0, front.body) + 1,
                "there is no text after the front matter: add it, or delete the file",
            )
        )
    for match in _HTML_BLOCK.finditer(text, front.body):
        line = text.count("\n", 0, match.start()) + 1 + match.group().count("\n")
        problems.append((line, "HTML is not shown to visitors: write it as Markdown"))
    document_id = _id(front, path.stem, problems)
    document = Document(
        id=document_id,
        title=title or path.stem,
        kind=kind or Kind.CLINIC_ARTICLE,
        text=text,
        body=front.body,
        path=name,
        url=_url(front, problems),
        searchable=_flag(front, "search", problems),
        title_is_description=_title_is(front, problems),
        authors=_authors(front, problems),
        journal=_text(front, "journal", problems),
        year=_year(front, problems),
        volume=_text(front, "volume", problems),
        pages=_text(front, "pages", problems),
        doi=_text(front, "doi", problems),
        pmid=_text(front, "pmid", problems),
        pmcid=_text(front, "pmcid", problems),
        reviewed_on=_date(front, problems),
        cited_as=_text(front, "cited_as", problems),
    )
    return document, problems


_Problems = list[tuple[int, str]]


def _check_keys(front: FrontMatter) -> _Problems:
    problems: _Problems = []
    for key, line in front.lines.items():
        if key not in _KEYS:
            close = difflib.get_close_matches(key[:40], _KEYS, n=1) if len(problems) < 100 else []
            hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(sorted(_KEYS))}"
            problems.append((line, f"unknown key '{key}': {hint}"))
    for key in _REQUIRED:
        if key not in front.values or front.values[key] in (None, ""):
            problems.append(
                (front.lines.get(key, 1), f"'{key}' is missing: add a line '{key}: ...' to the front matter")
            )
    return problems


def _text(front: FrontMatter, key: str, problems: _Problems) -> str | None:
    value = front.values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        problems.append((front.lines[key], f"'{key}' is not a line of text: put the value in quotes"))
        return None
    return str(value).strip() or None


def _kind(front: FrontMatter, problems: _Problems) -> Kind | None:
    value = front.values.get("kind")
    if value in (None, ""):
        return None
    try:
        return Kind(str(value))
    except ValueError:
        problems.append((front.lines["kind"], f"unknown kind '{value}': use one of {', '.join(Kind)}"))
        return None


def _id(front: FrontMatter, stem: str, problems: _Problems) -> str:
    value = str(front.values.get("id") or stem)
    if not _ID.fullmatch(value):
        line = front.lines.get("id", 1)
        problems.append(
            (line, f"the id '{value}' has other characters than a-z, 0-9 and '-': add a line 'id: ...' without them")
        )
    return value


def _url(front: FrontMatter, problems: _Problems) -> str | None:
    value = front.values.get("url")
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _URL.fullmatch(value):
        problems.append((front.lines["url"], f"the url {value!r} is not a web address: write it as https://..."))
        return None
    return value


def _flag(front: FrontMatter, key: str, problems: _Problems) -> bool:
    value = front.values.get(key, True)
    if not isinstance(value, bool):
        problems.append((front.lines[key], f"'{key}' is {value!r}: write true or false"))
        return True
    return value


def _title_is(front: FrontMatter, problems: _Problems) -> bool:
    value = front.values.get("title_is", "official")
    if value not in ("official", "description"):
        problems.append((front.lines["title_is"], f"'title_is' is {value!r}: write official or description"))
    return value == "description"


def _authors(front: FrontMatter, problems: _Problems) -> tuple[str, ...]:
    value = front.values.get("authors")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        problems.append((front.lines["authors"], "'authors' is not a list of names: write [First, Second]"))
        return ()
    return tuple(value)


def _year(front: FrontMatter, problems: _Problems) -> int | None:
    value = front.values.get("year")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1800 <= value <= 2200:
        problems.append((front.lines["year"], f"the year {value!r} is not a year: write four digits"))
        return None
    return value


def _date(front: FrontMatter, problems: _Problems) -> str | None:
    value = front.values.get("reviewed_on")
    if value is None and "reviewed_on" not in front.lines:
        return None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    problems.append((front.lines["reviewed_on"], f"'reviewed_on' is {value!r}, not a date: write it as 2026-01-31"))
    return None

"""A summary of ours replaced by the real abstract, once a person has seen both."""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from kbot.audit.compare import compare
from kbot.audit.references import Reference, identifier, reference_of, same_title
from kbot.errors import CorpusError, InputError, OnlineError
from kbot.ingest.corpus import read_corpus, read_document
from kbot.ingest.frontmatter import parse_front_matter
from kbot.ingest.passages import plain_inline
from kbot.records import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbot.audit.registers import Register, RegisterRecord

_LABEL = re.compile(r"(?<=[.?!)\]]) +(?=[A-Z][A-Z ,/&'-]{3,60}: )|\n+")  # "... disorder. METHODS: We ..."
_MARKS = re.compile(r"([\\`*_\[\]<>#&~|])")
_LIST_MARK = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_DROPPED = frozenset(["title_is", "reviewed_on"])  # nobody has reviewed the new text yet


@dataclass(frozen=True, slots=True)
class Replacement:
    """A document's file as it is and as it would be."""

    document: Document
    register: str
    record: str  # as the register has it
    differences: tuple[str, ...]  # between our front matter and the register
    abstract: tuple[str, ...]  # paragraphs, word for word
    text: str  # of the whole new file

    @property
    def before(self) -> str:
        """The text that is replaced."""
        return self.document.text[self.document.body :].strip()


def plan_replacement(corpus: Path, document_id: str, registers: Sequence[Register]) -> Replacement:
    """Ask the registers, in order, for the abstract of a study of the corpus; nothing is written.

    Raises:
        InputError: there is no such study.
        OnlineError: no register has its abstract, or the register's paper is another one.
    """
    document = next((each for each in read_corpus(corpus) if each.id == document_id), None)
    if document is None or not document.kind.is_study:
        raise InputError(f"there is no study '{document_id}' in {corpus}: `kbot audit` lists their ids")
    record = _first_abstract(document, registers)
    paper = record.reference
    if not document.title_is_description and paper.title and not same_title(document.title, paper.title):
        raise OnlineError(
            f"{record.register}'s paper is “{paper.title}”, but {document.path} is “{document.title}”: "
            "correct the numbers in the front matter, then fetch again"
        )
    paragraphs = tuple(part.strip() for part in _LABEL.split(record.abstract or "") if part.strip())
    return Replacement(
        document=document,
        register=record.register,
        record=str(paper),
        differences=tuple(
            f"{each.field}: our record says {each.cited}; {record.register} says {each.found}"
            for each in compare(reference_of(document), paper).differences
        ),
        abstract=paragraphs,
        text=_new_file(document, paper, paragraphs),
    )


def write_replacement(corpus: Path, replacement: Replacement) -> Path:
    """Write the new file in one step, after reading it as the build would. Returns its path.

    Raises:
        CorpusError: the new file would not be a document; the old one stays.
    """
    path = corpus / replacement.document.path
    if path.read_bytes().decode("utf-8") != replacement.document.text:
        raise CorpusError([f"{path}: was edited meanwhile: fetch again"])
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".fetch-", suffix=".tmp")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(replacement.text)
        draft.chmod(path.stat().st_mode & 0o777)
        _, problems = read_document(draft, replacement.document.path)
        if problems:
            raise CorpusError([f"{path}:{line}: {message}" for line, message in problems])
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _first_abstract(document: Document, registers: Sequence[Register]) -> RegisterRecord:
    failures = []
    for register in registers:
        try:
            record = register.look_up(reference_of(document))
        except OnlineError as error:
            failures.append(str(error))
            continue
        if record is None or not (record.abstract or "").strip():
            failures.append(f"{register.name} has no abstract of it")
            continue
        return record
    raise OnlineError(f"no abstract of '{document.id}' was found: {'; '.join(failures)}")


def _new_file(document: Document, paper: Reference, paragraphs: Sequence[str]) -> str:
    title = paper.title or document.title
    volume = f"{paper.volume}({paper.issue})" if paper.volume and paper.issue else paper.volume
    changes = {"title": _quoted(title), "kind": Kind.STUDY_ABSTRACT.value}
    known = {
        "authors": json.dumps(list(paper.authors), ensure_ascii=False) if paper.authors else None,
        "journal": _quoted(paper.journal) if paper.journal else None,
        "year": str(paper.year) if paper.year else None,
        "volume": _quoted(volume) if volume else None,
        "pages": _quoted(paper.pages) if paper.pages else None,
        "doi": _of(paper, "doi"),
        "pmid": _of(paper, "pmid"),
        "pmcid": _of(paper, "pmcid"),
    }
    have = _front_keys(document)
    changes |= {key: value for key, value in known.items() if value and (key not in have or key == "authors")}
    header = _edit_front(document, changes)
    newline = "\r\n" if "\r\n" in document.text else "\n"
    body = "\n\n".join([f"# {_markdown(title)}", *map(_markdown, paragraphs)])
    return f"{header}{newline}{body.replace(chr(10), newline)}{newline}"


def _of(paper: Reference, scheme: str) -> str | None:
    value = identifier(paper, scheme)
    return value.upper() if value and scheme == "pmcid" else value


def _front_keys(document: Document) -> dict[str, int]:
    return parse_front_matter(document.text).lines


def _edit_front(document: Document, changes: dict[str, str]) -> str:
    """Return the front matter with its fences; keys that aren't named stay byte for byte."""
    lines = document.text[: document.body].splitlines(keepends=True)
    newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
    starts = sorted((line - 1, key) for key, line in _front_keys(document).items())
    ends = [start for start, _ in starts[1:]] + [len(lines) - 1]
    kept = lines[: starts[0][0]]
    left = dict(changes)
    for (start, key), end in zip(starts, ends, strict=True):
        if key in left:
            kept.append(f"{key}: {left.pop(key)}{newline}")
        elif key not in _DROPPED:
            kept += lines[start:end]
    kept += [f"{key}: {value}{newline}" for key, value in left.items()]
    return "".join([*kept, lines[-1].rstrip("\r\n"), newline])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON text is a YAML text


def _markdown(paragraph: str) -> str:
    """Return words as Markdown that shows exactly them, unchanged wherever they already do."""
    if _shows(paragraph, paragraph):
        return paragraph
    escaped = _LIST_MARK.sub(r"\1\\\2", _MARKS.sub(r"\\\1", paragraph))
    if escaped[:1] in {"-", "+", "="}:
        escaped = f"\\{escaped}"
    return escaped


def _shows(markdown: str, words: str) -> bool:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"] and (
        plain_inline(tokens[1]) == words
    )

"""The same passages and questions for everybody, and a stated text that is as long as one likes."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbot.evaluation import Question, read_questions
from kbot.search.index import load_texts
from kbot.search.manifest import read_manifest
from kbot.search.retriever import readable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SEED = 20_000
_FEWEST, _MOST = 2, 4  # sentences of a made passage


@dataclass(frozen=True, slots=True)
class Material:
    """What every system gets."""

    passages: dict[str, str]  # id -> text as kbot's encoder reads it: heading, lead-in, passage
    own: dict[str, str]  # id -> the passage alone, in which a golden quote is looked for
    sentences: tuple[str, ...]  # of all passages, in reading order
    questions: tuple[Question, ...]  # golden questions of one turn


def read_material(index: Path, golden: Path) -> Material:
    """Return the passages of the published build and the golden questions of one turn.

    Raises:
        IndexUnusableError: there is no build: run `kbot build`.
        InputError: the questions can't be read.
    """
    _, documents, passages = load_texts(read_manifest(index).folder(index))
    sentences = [p.text[s.start : s.end] for p in passages.values() for s in p.sentences]
    return Material(
        {p.id: readable(p, documents[p.document_id].text) for p in passages.values()},
        {p.id: p.text for p in passages.values()},
        tuple(dict.fromkeys(sentences)),
        tuple(question for question in read_questions(golden) if len(question.turns) == 1),
    )


def spread_out(questions: Sequence[Question], count: int) -> list[Question]:
    """Return `count` of the questions, evenly spread: the file is ordered by subject.

    Example: 2 of a, b, c, d -> a, c.
    """
    every = len(questions)
    return (
        [questions[number * every // count] for number in range(min(count, every))]
        if count < every
        else list(questions)
    )


def make_passages(sentences: Sequence[str], count: int) -> dict[str, str]:
    """Return `count` different passages of two to four sentences drawn from these, the same ones every time.

    Real sentences in made company: as long and as varied in words as a clinic's pages, and of no use for judging
    answers.

    Raises:
        ValueError: there are too few sentences to draw so many different passages from.
    """
    if len(sentences) ** _MOST < 2 * count:
        raise ValueError(f"{len(sentences)} sentences are too few for {count} different passages")
    draw = random.Random(_SEED)  # noqa: S311  repeatable, not secret
    made: dict[str, None] = {}
    while len(made) < count:
        made[" ".join(draw.choices(sentences, k=draw.randint(_FEWEST, _MOST)))] = None
    return {f"made-{number:05}": text for number, text in enumerate(made)}


def as_lines(passages: Mapping[str, str]) -> str:
    """Return passages as JSON lines, as the drivers read them."""
    return "".join(json.dumps({"id": key, "text": text}) + "\n" for key, text in passages.items())


def rank_of_gold(question: Question, ids: Sequence[str], own: Mapping[str, str]) -> int | None:
    """Return the place, from 1, of the first passage that holds one of the question's golden quotes."""
    for rank, identity in enumerate(ids, start=1):
        if any(gold in own.get(identity, "") for gold in question.gold):
            return rank
    return None

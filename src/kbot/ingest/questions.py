"""The question bank (`corpus/questions/*.yaml`) to topics, each quote checked against the passages."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from kbot.ingest.yaml_text import YamlTextError, compose, construct
from kbot.records import Passage, Quote, Span, Topic, TopicKind
from kbot.text import normalise, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEYS = ("topic", "about", "kind", "ask", "quotes", "missing", "words")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_FILE_LIMIT = 5_000_000  # bytes
_LONGEST_KEY = 40  # characters of an unknown key that a known one is looked for by


@dataclass(slots=True)
class Bank:
    """What was read: the topics, what is wrong, and what staff should look at."""

    topics: list[Topic] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_bank(corpus: Path, passages: Sequence[Passage]) -> Bank:
    """Read every file of the question bank. Never raises: what is wrong stands in `problems`, all of it.

    A corpus without `questions/` has an empty bank.
    """
    bank = Bank()
    places: dict[str, str] = {}
    paths = sorted(filter(Path.is_file, corpus.glob("questions/*.yaml")))
    files = [(path, f"{corpus.name}/questions/{path.name}") for path in paths]
    if files:
        files.append((_background(), "kbot's background.yaml"))
    for path, name in files:
        for line, entry in _entries(path, name, bank):
            place = f"{name}:{line}"
            topic = _topic(entry, place, passages, bank)
            if topic is None:
                continue
            if topic.id in places:
                bank.problems.append(
                    f"{place}: the topic '{topic.id}' stands at {places[topic.id]} already: rename one"
                )
                continue
            places[topic.id] = place
            bank.topics.append(topic)
    bank.warnings.extend(_twins(bank.topics))
    return bank


def _background() -> Path:
    """Return the topics that are no clinic's: every bank is told apart from them."""
    return Path(str(resources.files("kbot.ingest").joinpath("background.yaml")))


def _entries(path: Path, name: str, bank: Bank) -> list[tuple[int, dict[str, Any]]]:
    """Return (line, entry) of the topics of one file."""
    if path.stat().st_size > _FILE_LIMIT:
        bank.problems.append(f"{name}:1: the file has more than {_FILE_LIMIT:,} bytes: split it into several")
        return []
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
        node = compose(text, _loader())
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        values = [(item, construct(item)) for item in items]
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bank.problems.append(f"{name}:{line}: not UTF-8: save the file with the encoding UTF-8")
        return []
    except YamlTextError as error:
        place = f"{name}:{max(1, error.line)}"
        if "alias" in error.what:
            bank.problems.append(f"{place}: a YAML alias ('*') is not allowed: write the text out")
        else:
            remedy = error.hint or "put phrasings in double quotes, under '- topic: ...' and 'ask:'"
            bank.problems.append(f"{place}: not YAML ({error.what}): {remedy}")
        return []
    if node is None:
        return []
    if not isinstance(node, yaml.SequenceNode):
        bank.problems.append(f"{name}:1: not a list of topics: begin each with '- topic: ...'")
        return []
    entries = []
    for item, value in values:
        line = item.start_mark.line + 1
        if isinstance(value, dict):
            entries.append((line, value))
            bank.problems.extend(_twice(item, name))
        else:
            bank.problems.append(f"{name}:{line}: not a topic: write 'topic:', 'about:', 'kind:' and 'ask:'")
    return entries


def _twice(node: yaml.MappingNode, name: str) -> list[str]:
    """Return a problem for every key that stands twice: YAML would keep the last and lose the first."""
    problems, seen = [], set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in seen:
            line = key.start_mark.line + 1
            problems.append(f"{name}:{line}: the key '{key.value}' stands twice in a topic: keep one")
        seen.add(key.value)
    return problems


def _loader() -> type[yaml.SafeLoader]:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _topic(entry: Mapping[str, Any], place: str, passages: Sequence[Passage], bank: Bank) -> Topic | None:
    identity = entry.get("topic")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        bank.problems.append(f"{place}: 'topic' is {identity!r}: give it a name of a-z, 0-9 and '-'")
        return None
    where = f"{place}: topic '{identity}'"
    for key in entry:
        if key not in _KEYS:
            close = difflib.get_close_matches(str(key)[:_LONGEST_KEY], _KEYS, n=1) if len(bank.problems) < 100 else []
            hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(_KEYS)}"
            bank.problems.append(f"{where}: unknown key '{key}': {hint}")
    try:
        kind = TopicKind(str(entry.get("kind")))
    except ValueError:
        bank.problems.append(f"{where}: unknown kind '{entry.get('kind')}': use one of {', '.join(TopicKind)}")
        return None
    asks = _texts(entry, "ask", where, bank)
    phrasings = tuple(dict.fromkeys(filter(None, (normalise(text) for text in asks))))
    if not phrasings:
        bank.problems.append(f"{where}: 'ask' is empty: list the ways people ask it")
    quotes = _quotes(entry, where, bank)
    missing = str(entry.get("missing") or "").strip()
    if kind is TopicKind.ANSWERED and not quotes:
        bank.problems.append(f"{where}: it is answered, but by no quote: add 'quotes:', or make it not_covered")
    if kind is not TopicKind.ANSWERED and quotes:
        bank.problems.append(f"{where}: it has quotes, but its kind is {kind}: make it answered, or remove them")
    if kind is TopicKind.NOT_COVERED and not missing:
        bank.problems.append(f"{where}: 'missing' is missing: name the concept that the material lacks")
    found = [quote for text, under in quotes for quote in _find(text, under, where, passages, bank)]
    concept = tuple(
        plain for plain in (" ".join(words(text)) for text in _texts(entry, "words", where, bank)) if plain
    )
    return Topic(identity, str(entry.get("about") or identity), kind, phrasings, tuple(found), missing, concept)


def _texts(entry: Mapping[str, Any], key: str, where: str, bank: Bank) -> list[str]:
    value = entry.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(text, str | int | float) for text in value):
        bank.problems.append(f"{where}: '{key}' is not a list of texts: write one '- \"...\"' a line")
        return []
    return [str(text) for text in value]


def _quotes(entry: Mapping[str, Any], where: str, bank: Bank) -> list[tuple[str, str | None]]:
    """Return (quote, heading it must stand under or None). A quote is a text, or a mapping of `text` and `under`."""
    value = entry.get("quotes")
    if value is None:
        return []
    quotes: list[tuple[str, str | None]] = []
    for quote in value if isinstance(value, list) else [None]:
        if isinstance(quote, str):
            quotes.append((quote, None))
        elif isinstance(quote, dict) and set(quote) == {"text", "under"}:
            quotes.append((str(quote["text"]), str(quote["under"])))
        else:
            bank.problems.append(f"{where}: 'quotes' is not a list of texts: write one '- \"...\"' a line")
    return quotes


def _find(text: str, under: str | None, where: str, passages: Sequence[Passage], bank: Bank) -> list[Quote]:
    quotes = []
    for passage in passages:
        start = passage.text.find(text)
        if start >= 0 and text and (under is None or under in passage.heading):
            quotes.append(Quote(passage.id, Span(start, start + len(text))))
    if not quotes:
        place = f" under the heading {under!r}" if under else ""
        bank.problems.append(
            f"{where}: the quote {text!r} stands in no passage of the corpus{place}: copy the sentence as it is now, "
            "or make the topic not_covered"
        )
    return quotes


def _twins(topics: Sequence[Topic]) -> list[str]:
    """Return a warning for every phrasing that stands under two topics."""
    seen: dict[str, str] = {}
    warnings = []
    for topic in topics:
        for phrasing in topic.phrasings:
            key = " ".join(words(phrasing))
            other = seen.setdefault(key, topic.id)
            if other != topic.id:
                warnings.append(
                    f"{phrasing!r} stands under '{other}' and under '{topic.id}': keep it where it belongs"
                )
    return warnings

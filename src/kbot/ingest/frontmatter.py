"""The YAML block at the head of a corpus file, with the line of every key, for messages that point."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from kbot.ingest.yaml_text import YamlTextError, compose, construct

_LIMIT = 64 * 1024  # characters; a longer header is a mistake or an attack
_FENCE = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What was read: values with their lines (counted from 1), where the body begins, and what is wrong."""

    values: dict[str, object]
    lines: dict[str, int]
    body: int  # offset of the first character after the closing fence
    problems: list[tuple[int, str]] = field(default_factory=list)  # (line, message with remedy)


def parse_front_matter(text: str) -> FrontMatter:
    """Split a file into front matter and body. Never raises: what is wrong stands in `problems`."""
    opening = _FENCE.match(text)
    if opening is None:
        return _broken(1, "there is no front matter: begin the file with a line '---', then 'title:' and 'kind:'")
    closing = _FENCE.search(text, opening.end())
    if closing is None or closing.start() - opening.end() > _LIMIT:
        return _broken(1, "the front matter is not closed: put a line '---' after its last key")
    header = text[opening.end() : closing.start()]
    body = min(closing.end() + 1, len(text))
    try:
        node = compose(header, yaml.SafeLoader)
    except YamlTextError as error:
        if "nested" in error.what:
            what = "the front matter is nested too deeply: write one 'key: value' a line"
        else:
            remedy = error.hint or "put values with ':' or '#' in quotes"
            what = f"the front matter can't be read ({error.what}): {remedy}"
        return _broken(max(1, error.line), what, body)
    if node is None:
        return FrontMatter({}, {}, body)
    if not isinstance(node, yaml.MappingNode):
        return _broken(2, "the front matter is not a list of 'key: value' lines", body)
    return _mapping(node, body)


def _mapping(node: yaml.MappingNode, body: int) -> FrontMatter:
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    problems: list[tuple[int, str]] = []
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append((line, "a key of the front matter is not a word"))
            continue
        key = str(key_node.value)
        if key in values:
            problems.append((line, f"the key '{key}' stands twice: keep one"))
            continue
        try:
            values[key] = construct(value_node)
        except YamlTextError as error:
            problems.append((line, f"the value of '{key}' can't be read ({error.what}): put it in quotes"))
            values[key] = None
        lines[key] = line
    return FrontMatter(values, lines, body, problems)


def _broken(line: int, message: str, body: int = 0) -> FrontMatter:
    return FrontMatter({}, {}, body, [(line, message)])

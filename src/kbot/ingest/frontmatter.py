"""The YAML block at the head of a corpus file, with the line of every key, for messages that point."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

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
        node = _compose(header)
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark.line + 1) if error.problem_mark else 1
        what = error.problem or error.context or "it is not YAML"
        return _broken(line, f"the front matter can't be read ({what}): put values with ':' or '#' in quotes", body)
    except yaml.reader.ReaderError as error:
        line = header.count("\n", 0, error.position) + 1
        what = f"the character U+{error.character:04X} is not allowed"
        return _broken(line, f"the front matter can't be read ({what}): save the file as plain UTF-8 text", body)
    except RecursionError:
        return _broken(1, "the front matter is nested too deeply: write one 'key: value' a line", body)
    if node is None:
        return FrontMatter({}, {}, body)
    if not isinstance(node, yaml.MappingNode):
        return _broken(2, "the front matter is not a list of 'key: value' lines", body)
    return _mapping(node, body)


def _compose(header: str) -> yaml.Node | None:
    # Aliases let a few lines unfold into gigabytes; front matter has no use for them.
    for event in yaml.parse(header, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="it uses a YAML alias ('*')", problem_mark=event.start_mark)  # type: ignore[arg-type]
    return yaml.compose(header, Loader=yaml.SafeLoader)


def _mapping(node: yaml.MappingNode, body: int) -> FrontMatter:
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    problems: list[tuple[int, str]] = []
    loader = yaml.SafeLoader("")
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
            values[key] = loader.construct_object(value_node, deep=True)
        except (yaml.YAMLError, ValueError) as error:
            problems.append((line, f"the value of '{key}' can't be read ({error}): put it in quotes"))
            values[key] = None
        lines[key] = line
    return FrontMatter(values, lines, body, problems)


def _broken(line: int, message: str, body: int = 0) -> FrontMatter:
    return FrontMatter({}, {}, body, [(line, message)])

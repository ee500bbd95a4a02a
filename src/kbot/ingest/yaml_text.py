"""YAML that anybody may have written: no aliases, no deep nesting, no value that can't be shown or written back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import yaml

from kbot.errors import KbotError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH = 20  # levels of lists and mappings; the readers recurse, and the one in C ends the process at thousands
_LONGEST_NUMBER = 400  # characters; reading "1:1:1:..." costs their square, and Python won't write out thousands
_OF_NUMBERS = "+-_:.,xXoObBeEaAcCdDfF0123456789"
# Only an escape in double quotes brings these in; halves of surrogate pairs can't be written back as UTF-8.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Loader = type[yaml.SafeLoader]
T = TypeVar("T")


class YamlTextError(KbotError):
    """A text is not YAML that is taken: `line` (from 1, or 0 where it isn't known) and `what` say why."""

    def __init__(self, line: int, what: str, *, hint: str = "") -> None:
        self.line, self.what, self.hint = line, what, hint
        super().__init__(f"line {line}: {what}")


def compose(text: str, loader: Loader) -> yaml.Node | None:
    """Return the tree of a text, None for an empty one.

    Raises:
        YamlTextError: it isn't YAML, uses aliases, is nested too deeply, or has a value that can't be shown.
    """
    _guarded(lambda: _look_over(text, loader), text)
    node: yaml.Node | None = _guarded(lambda: yaml.compose(text, Loader=loader), text)
    return node


def construct(node: yaml.Node) -> object:
    """Return the value of a tree.

    Raises:
        YamlTextError: a value isn't of the type that it says.
    """
    value: object = _guarded(lambda: yaml.SafeLoader("").construct_document(node), "", node.start_mark.line + 1)
    return value


def _look_over(text: str, loader: Loader) -> None:
    """Refuse what must not be composed, event by event: aliases let a few lines unfold into gigabytes."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.AliasEvent():
                raise YamlTextError(line, "it uses a YAML alias ('*')")
            case yaml.CollectionStartEvent():
                depth += 1
                if depth > MAX_DEPTH:
                    raise YamlTextError(line, "nested too deeply")
            case yaml.CollectionEndEvent():
                depth -= 1
            case yaml.ScalarEvent(value=value):
                _look_at_value(value, line, may_be_number=not event.style or event.tag is not None)
            case _:
                pass


def _look_at_value(value: str, line: int, *, may_be_number: bool) -> None:
    if found := _UNSHOWABLE.search(value):
        hint = "save the file as plain UTF-8 text"
        raise YamlTextError(line, f"the character U+{ord(found.group()):04X} is not allowed", hint=hint)
    if may_be_number and len(value) > _LONGEST_NUMBER and not value.strip(_OF_NUMBERS):
        raise YamlTextError(line, "a number has too many digits")


def _guarded(read: Callable[[], T], text: str, line: int = 0) -> T:
    try:
        return read()
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark.line + 1 if error.problem_mark else line
        raise YamlTextError(at, error.problem or error.context or "it is not YAML") from None
    except yaml.reader.ReaderError as error:
        at = text.count("\n", 0, error.position) + 1
        what = f"the character U+{error.character:04X} is not allowed"
        raise YamlTextError(at, what, hint="save the file as plain UTF-8 text") from None
    except RecursionError:
        raise YamlTextError(line, "nested too deeply") from None
    except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError):
        # PyYAML lets these through for values that aren't of their type: "!!bool maybe", "!!int ''", "\UFFFFFFFF".
        raise YamlTextError(line, "a value is not what it says: a date, a number or a character that isn't") from None

"""The clinic's facts (`corpus/clinic.toml`): its name, how to reach it, its colours."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kbot.errors import CorpusError
from kbot.records import Resource

if TYPE_CHECKING:
    from pathlib import Path

_DIAL = re.compile(r"\+[1-9]\d{6,14}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_URL = re.compile(r"https?://[^\s<>\"']+")
_TABLES = {
    "clinic": ("name", "home_page", "article_url", "contact_url"),
    "contact": ("phone", "phone_dial", "text", "text_dial", "hours"),
    "colours": ("accent",),
}
_FILE_LIMIT = 100_000  # bytes
_REQUIRED = ("name", "phone", "phone_dial")
_WHITE_CONTRAST = 4.5  # WCAG 2.2, 1.4.3, for text of ordinary size


@dataclass(frozen=True, slots=True)
class Clinic:
    """Who the bot speaks for. Empty strings mean "not known": nothing is shown in their place."""

    name: str
    phone: str  # as people read it
    phone_dial: str  # E.164
    home_page: str = ""
    article_url: str = ""
    contact_url: str = ""
    text: str = ""
    text_dial: str = ""
    hours: str = ""
    accent: str = "#0f5c63"

    def resource(self) -> Resource:
        """Return the clinic as somebody to turn to."""
        return Resource(
            name=f"Talk to a clinician at {self.name}",
            call=self.phone,
            text=self.text or None,
            url=self.contact_url or self.home_page or None,
            call_link=f"tel:{self.phone_dial}",
            text_link=f"sms:{self.text_dial}" if self.text_dial else None,
        )

    def as_dict(self) -> dict[str, str]:
        """Return the fields by name, as the index keeps them."""
        return {key: str(value) for key, value in asdict(self).items()}


def read_clinic(path: Path) -> Clinic:
    """Read and check `clinic.toml`.

    Raises:
        CorpusError: with every problem found, naming the file, the key and the remedy.
    """
    name = f"{path.parent.name}/{path.name}"
    data = _load(path, name)
    values: dict[str, str] = {}
    problems: list[str] = []
    for table, content in data.items():
        if table not in _TABLES or not isinstance(content, dict):
            problems.append(f"{name}: unknown table [{table}]: known are {', '.join(_TABLES)}")
            continue
        for key, value in content.items():
            if key not in _TABLES[table]:
                problems.append(f"{name}: unknown key '{key}' in [{table}]: known are {', '.join(_TABLES[table])}")
            elif not isinstance(value, str):
                problems.append(f"{name}: '{key}' is not text: put the value in quotes")
            else:
                values[key] = value.strip()
    problems += [f"{name}: '{key}' is missing: add it" for key in _REQUIRED if not values.get(key)]
    problems += _check(name, values)
    if problems:
        raise CorpusError(problems)
    return Clinic(**values)


def _load(path: Path, name: str) -> dict[str, object]:
    try:
        if (size := path.stat().st_size) > _FILE_LIMIT:
            what = f"the file has {size:,} bytes, more than {_FILE_LIMIT:,}"
            raise CorpusError([f"{name}:1: {what}: keep the facts only"])
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorpusError([f"{name}:1: the file is missing: it holds the clinic's name and phone number"]) from None
    except OSError as error:
        raise CorpusError([f"{name}:1: can't be read ({error.strerror}): make it a file of text"]) from None
    except UnicodeDecodeError:
        raise CorpusError([f"{name}:1: the file is not UTF-8: save it with the encoding UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise CorpusError([f"{name}: {error}: put each value in quotes, one 'key = \"value\"' a line"]) from None
    except (RecursionError, ValueError):  # tables in tables, or a number of thousands of digits
        remedy = "one 'key = \"value\"' a line"
        raise CorpusError([f"{name}:1: nested too deeply, or a number is too long: write {remedy}"]) from None


def _check(name: str, values: dict[str, str]) -> list[str]:
    problems = []
    for key in ("phone_dial", "text_dial"):
        if values.get(key) and not _DIAL.fullmatch(values[key]):
            problems.append(f"{name}: '{key}' is {values[key]!r}: write + and digits only, as in +15551234567")
    for key in ("home_page", "article_url", "contact_url"):
        if values.get(key) and not _URL.fullmatch(values[key]):
            problems.append(f"{name}: '{key}' is {values[key]!r}: write a web address, as in https://...")
    accent = values.get("accent")
    if accent is not None:
        if not _COLOUR.fullmatch(accent):
            problems.append(f"{name}: 'accent' is {accent!r}: write a colour as #rrggbb")
        elif contrast_on_white(accent) < _WHITE_CONTRAST:
            problems.append(
                f"{name}: 'accent' {accent} has a contrast of {contrast_on_white(accent):.1f}:1 on white: "
                f"choose a darker one, of at least {_WHITE_CONTRAST}:1"
            )
    return problems


def contrast_on_white(colour: str) -> float:
    """Return the contrast ratio of a #rrggbb colour on white, [1, 21]. Source: WCAG 2.2, relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)

"""Inputs that once broke a parser, or would break a careless one, by the target of `targets.py` that reads them."""

from __future__ import annotations

import json
from typing import Any

from kbot.search.manifest import FORMAT

# What a YAML reader makes a value of, and fails at.
_VALUES = {
    "an int without digits": "!!int ''",
    "a bool that is none": "!!bool maybe",
    "a date that is none": "!!timestamp tomorrow",
    "a number of 20,000 digits": "0x" + "F" * 20_000,
    "a number in base 60": "1" + ":1" * 20_000,
    "half a surrogate pair": r'"\ud800"',
    "no code point": r'"\U00110000"',
    "a code point past all": r'"\UFFFFFFFF"',
    "a NUL": r'"\0"',
    "bytes that are none": "!!binary é",
    "an object of Python": "!!python/object/apply:os.system ['true']",
    "a merge with nothing": "{<<: [1]}",
    "lists 300 deep": "[" * 300 + "]" * 300,
    "lists 30,000 deep": "[" * 30_000,
    "mappings 30,000 deep": "{a: " * 15_000,
}
_BOMB = "\n".join(["a0: &a0 [boom]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


def _document() -> dict[str, bytes]:
    keys = ("title", "year", "reviewed_on", "authors", "url", "id")
    cases = {
        f"{what} as {key}": f"---\nkind: clinic FAQ\n{key}: {value}\n---\nWords.\n".encode()
        for what, value in _VALUES.items()
        for key in keys
    }
    return cases | {
        "a bomb of aliases": f"---\n{_BOMB}\n---\nWords.\n".encode(),
        "no UTF-8": b"---\ntitle: \xff\n---\nWords.\n",
        "5,000 keys": b"---\n" + b"".join(b"k%d: 1\n" % n for n in range(5_000)) + b"---\nWords.\n",
        "a NUL in the text": b"---\ntitle: A\nkind: clinic FAQ\n---\nWords\0 and more.\n",
        "nothing": b"",
    }


def _markdown() -> dict[str, bytes]:
    n = 1_500
    parts = {
        "quotes": ">" * n,
        "lists": "- " * n,
        "brackets": "[" * n,
        "links": "[a](" * n,
        "emphasis": "*a " * n,
        "both emphases": "*a_ " * n,
        "ticks": "".join("`" * k + " " for k in range(80)),
        "table": "|a" * n + "\n" + "|-" * n,
        "images": "![" * n,
        "angles": "<" * n,
        "references": "[a]: " * n,
        "entities": "&amp;" * n,
        "tabs": "\t" * n,
        "carriage returns": "a\r" * n,
        "nested lists": "".join("  " * k + "- a\n" for k in range(200)),
        "escapes": "\\" * n,
        "combining": "a" + "\u0301" * n,
        "a NUL": "a\0b\n\n- c\0d",
        "separators": "a\u2028b\u2029c\x85d",
        "headings": "# a\n" * n,
        "html": "a <b " * n,
        "one long word": "a" * 50_000,
        "full stops": "." * 20_000,
    }
    return {what: text.encode() for what, text in parts.items()}


def _bank() -> dict[str, bytes]:
    rest = "kind: not_covered\n  missing: x"
    cases: dict[str, bytes] = {}
    for what, value in _VALUES.items():
        cases[f"{what} as topic"] = f"- topic: {value}\n  {rest}\n".encode()
        cases[f"{what} in ask"] = f"- topic: a\n  {rest}\n  ask: [{value}]\n".encode()
        cases[f"{what} as kind"] = f"- topic: a\n  kind: {value}\n".encode()
        cases[f"{what} as a key"] = f"- topic: a\n  {rest}\n  ask: [a]\n  ? {value}\n  : 1\n".encode()
        cases[f"{what} as the file"] = value.encode()
    return cases | {
        "a bomb of aliases": _BOMB.encode(),
        "20,000 keys in a topic": b"- {" + b", ".join(b"k%d: 1" % n for n in range(20_000)) + b"}",
        "a list that holds itself": b"- &a [*a]",
        "no UTF-8": b"- topic: \xff",
    }


def _clinic() -> dict[str, bytes]:
    return {
        "lists 5,000 deep": b"a = " + b"[" * 5_000,
        "tables 5,000 deep": b"a = " + b"{a=" * 5_000,
        "a number of 5,000 digits": b"a = " + b"9" * 5_000,
        "3,000 dots": b".".join([b"a"] * 3_000) + b" = 1",
        "a NUL": b'[clinic]\nname = "\0"',
        "no UTF-8": b"\xff",
    }


def _manifest() -> dict[str, bytes]:
    sound: dict[str, Any] = {
        "build": "b",
        "directory": "b",
        "corpus_hash": "c",
        "encoder": "e",
        "encoder_fingerprint": "f",
        "reranker": "r",
        "reranker_fingerprint": "f",
        "dimension": 384,
        "counts": {},
        "files": {},
        "made_at": "x",
        "format": FORMAT,
    }
    changed: dict[str, dict[str, Any]] = {
        "a NUL in a path": {"files": {"builds/a\0b": "x"}},
        "half a surrogate pair in a path": {"files": {"builds/\ud800": "x"}},
        "a path of 5,000 letters": {"files": {"builds/" + "a" * 5_000: "x"}},
        "a path out of the index": {"files": {"builds/../../etc/passwd": "x"}},
        "a path from the root": {"files": {"/etc/passwd": "x"}},
        "a NUL as the directory": {"directory": "\0"},
        "the directory above": {"directory": ".."},
        "a dimension that is a text": {"dimension": "x"},
        "counts that are texts": {"counts": {"vectors": "x"}},
        "a hash that is a list": {"files": {"builds/a": []}},
        "a build without a name": {"build": None},
        "an entry that nobody knows": {"\ud800": 1},
        "another format": {"format": [[]]},
        "a wrong seal": {"seal": "\ud800"},
    }
    cases = {what: json.dumps(sound | change).encode() for what, change in changed.items()}
    return cases | {"lists 100,000 deep": b"[" * 100_000, "a long number": b'{"format": ' + b"9" * 5_000 + b"}"}


def _golden() -> dict[str, bytes]:
    return {
        "lists 100,000 deep": b'{"id": ' + b"[" * 100_000,
        "lists 950 deep as an id": b'{"id": ' + b"[" * 950 + b"]" * 950 + b', "turns": ["a"], "kind": "crisis"}',
        "a long number": b'{"id": ' + b"9" * 5_000 + b"}",
        "turns that are none": b'{"id": 1, "kind": "answerable", "turns": {}}',
        "gold that is none": b'{"id": 1, "kind": "answerable", "turns": ["a"], "gold": 5}',
        "a NUL": b"\0",
        "no UTF-8": b"\xff",
    }


CRASHERS = {
    "document": _document(),
    "markdown": _markdown(),
    "bank": _bank(),
    "clinic": _clinic(),
    "manifest": _manifest(),
    "golden": _golden(),
}

"""The command line: parse, call the service, render. Exit codes: 0 fine, 1 a reported error, 2 misuse."""

from __future__ import annotations


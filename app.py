"""The web app: settings -> service -> chat on http://127.0.0.1:7860. `kbot serve` does the same with flags."""

from __future__ import annotations

import sys

from kbot.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))

"""The benchmarks are no installed package: they are run from the repository's root, and so are found there."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent.parent))

from __future__ import annotations

import sys
from pathlib import Path

# The modules beside these tests hold what several of them share; the folders of tests are no packages. The benchmarks
# are found at the repository's root.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[2]))

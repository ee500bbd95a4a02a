"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def describe() -> str:
    """Return processor, cores, Python and the versions that decide speed, as one line."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if "model name" in line] if info.is_file() else []
    name = names[0].split(":", 1)[1].strip() if names else platform.machine()
    packages = ", ".join(f"{package} {version(package)}" for package in ("onnxruntime", "faiss-cpu", "numpy"))
    return f"{os.cpu_count()} cores of {name}, Python {platform.python_version()}, {packages}"

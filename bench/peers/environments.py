"""An environment of its own for every peer, outside the repository, made from a checked-in list of versions."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

# torch first: asked for by another package, pip takes a CUDA build of several GB.
TORCH = "torch==2.13.0"
_REQUIREMENTS = Path(__file__).parent / "requirements"
_STAMP = "installed.txt"


def cache_folder() -> Path:
    """Return where environments and indexes of the benchmark lie: `$XDG_CACHE_HOME/kbot-bench`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "kbot-bench"


def python_of(name: str) -> Path:
    """Return the Python of a peer's environment, after making it where it is missing or was of other versions.

    Raises:
        subprocess.CalledProcessError: a package can't be installed; pip has said which, on stderr.
    """
    folder = cache_folder() / name
    python = folder / "bin" / "python"
    requirements = _REQUIREMENTS / f"{name}.txt"
    wanted = hashlib.sha256(f"{sys.version}\n{TORCH}\n{requirements.read_text()}".encode()).hexdigest()
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    print(f"Setting up {name} in {folder}", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, TORCH], check=True)
    subprocess.run([*install, "--requirement", str(requirements)], check=True)
    stamp.write_text(wanted)
    return python


def versions(python: Path) -> dict[str, str]:
    """Return every package of an environment with its version."""
    command = [str(python), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {entry["name"]: entry["version"] for entry in listed}

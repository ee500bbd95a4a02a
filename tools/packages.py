"""The packages that kbot is built, tested and served with: `python tools/packages.py lock`, `bill` or `audit`.

`lock` writes tools/requirements.lock, `bill` the software bill of materials, `audit` asks for known vulnerabilities:
docs/supply-chain.md. Ends with 0 when all is well, 1 when something must be mended, 2 when misused, and 3 when the
vulnerability service could not be asked.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "tools" / "requirements.lock"
PIP_TOOLS = "pip-tools==7.6.2"
NOT_ASKED = 3

# hatchling asks for it when a project is installed editable; it stands in no file of ours.
_EDITABLE = "editables"
# torch and what only its CUDA builds bring differ from machine to machine; pip comes with Python.
_NOT_LOCKED = re.compile(r"(torch|pip|kbot|triton|(nvidia|cuda)-.*)==")
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_HEADER = """\
# Every package of pyproject.toml and what those need in turn, each with the sha256 of every file of that version.
# `make lock` writes this file. torch is not in it: docs/supply-chain.md says why.
"""


def main() -> int:
    """Run one of the three commands; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["lock", "bill", "audit"])
    parser.add_argument("--into", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where the bill goes")
    given = parser.parse_args()
    try:
        match given.command:
            case "lock":
                return write_lock()
            case "bill":
                return write_bill(given.into / "kbot.cdx.json")
            case _:
                return audit()
    except subprocess.CalledProcessError as error:
        return _failed(
            f"{error.stderr.strip()}\n{Path(error.cmd[0]).name} failed, as it says above: nothing was written"
        )


def write_lock() -> int:
    """Resolve pyproject.toml into the lock. What it pins already stays, unless pyproject.toml says otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        tools, wanted, resolved = Path(folder, "tools"), Path(folder, "kbot.in"), Path(folder, "kbot.txt")
        wanted.write_text("\n".join([*requirements(), _EDITABLE]), encoding="utf-8")
        if LOCK.exists():
            resolved.write_text(LOCK.read_text(encoding="utf-8"), encoding="utf-8")
        venv.create(tools, with_pip=True)
        _run(tools / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", PIP_TOOLS)
        options = ["--quiet", "--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header", "--no-annotate"]
        # What this machine's pip is set to ask must not stand in the file.
        silent = ["--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options"]
        _run(tools / "bin" / "pip-compile", *options, *silent, "--output-file", resolved, wanted)
        entries = [entry for entry in _entries(resolved.read_text(encoding="utf-8")) if not _NOT_LOCKED.match(entry)]
    new = LOCK.with_suffix(".new")
    new.write_text(_HEADER + "".join(sorted(entries, key=str.lower)), encoding="utf-8")
    new.replace(LOCK)
    print(f"{len(entries)} packages in {LOCK.relative_to(ROOT)}")
    return 0


def write_bill(bill: Path) -> int:
    """List what is installed beside this Python as CycloneDX JSON; complain where that is not what the lock says."""
    bill.parent.mkdir(exist_ok=True)
    # The tool could check its own writing against the schema: a second becomes a quarter of a minute.
    options = [
        "--no-validate",
        "--output-reproducible",
        "--pyproject",
        str(ROOT / "pyproject.toml"),
        "--output-file",
        str(bill),
    ]
    _run(Path(sys.executable).with_name("cyclonedx-py"), "environment", *options, sys.executable)
    components = json.loads(bill.read_text(encoding="utf-8"))["components"]
    # A local version ("2.13.0+cpu") says how a file was built, not what was.
    installed = {_plain(found["name"]): found["version"].split("+")[0] for found in components}
    locked = pins()
    print(f"{len(components)} packages in {os.path.relpath(bill)}")
    wrong = [f"{name} {version}" for name, version in sorted(locked.items()) if installed.get(name) != version]
    if wrong:
        return _failed(f"not installed as locked: {', '.join(wrong)}. Run `make setup`")
    if more := sorted(installed.keys() - locked.keys() - {"pip", "kbot"}):
        print(f"Installed by hand, and in no lock: {', '.join(more)}. `make clean setup` starts afresh")
    return 0


def audit() -> int:
    """Ask for the known vulnerabilities of every locked package and of torch, with pip-audit."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, answer = Path(folder, "kbot.txt"), Path(folder, "answer.json")
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in pins().items()), encoding="utf-8")
        options = [
            "--no-deps",
            "--disable-pip",
            "--progress-spinner",
            "off",
            "--format",
            "json",
            "--output",
            str(answer),
        ]
        command = [str(Path(sys.executable).with_name("pip-audit")), *options, "--requirement", str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        # pip-audit ends with 1 for a finding and for every other trouble; only a finding comes with an answer.
        found = json.loads(answer.read_text(encoding="utf-8"))["dependencies"] if answer.exists() else []
    if done.returncode and not any(package.get("vulns") for package in found):
        reason = (done.stderr.strip().splitlines() or ["pip-audit gave no reason"])[-1]
        return _not_asked(reason)
    unknown = [package["name"] for package in found if "skip_reason" in package]
    if len(unknown) == len(pins()):
        # So answers a mirror, which has the packages and not what is known about them.
        return _not_asked("it knows none of the packages")
    if unknown:
        print(f"The vulnerability service does not know: {', '.join(unknown)}")
    known = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'none'}"
        for package in found
        for flaw in package.get("vulns", [])
    ]
    print("\n".join(known) or f"No vulnerability is known in {len(pins()) - len(unknown)} packages.")
    return 1 if known else 0


def requirements() -> list[str]:
    """Return what pyproject.toml asks for: to build the project, to run it, and for every extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    lists = [project["build-system"]["requires"], project["project"]["dependencies"], *extras]
    return [line for requirements in lists for line in requirements if not line.startswith("kbot[")]


def pins() -> dict[str, str]:
    """Return the version of every locked package, and of torch, by plain name."""
    torch = next(line for line in requirements() if line.startswith("torch=="))
    found = _PIN.findall(f"{LOCK.read_text(encoding='utf-8')}\n{torch}")
    return {_plain(name): version for name, version in found}


def _entries(text: str) -> list[str]:
    """Split a compiled requirements file into its packages, each with its lines of hashes and without comments."""
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#") and line.strip()]
    return re.findall(r"^\S.*\n(?:[ \t].*\n)*", "".join(lines), re.MULTILINE)


def _plain(name: str) -> str:
    """Return a package's name as the registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _run(*command: Path | str) -> None:
    """Run a command in silence; what it complains of is told only where it fails."""
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603


def _not_asked(reason: str) -> int:
    print(f"The vulnerability service could not be asked, so nothing is known: {reason}", file=sys.stderr)
    print("PIP_AUDIT_VULNERABILITY_SERVICE=osv asks another one (docs/supply-chain.md).", file=sys.stderr)
    return NOT_ASKED


def _failed(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

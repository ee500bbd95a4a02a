from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from kbot.errors import ServeError
from kbot.settings import Settings
from kbot.web.serve import address, listen


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

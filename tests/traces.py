"""What must not be seen after something hostile was sent: a traceback, or what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx2 import Response

TYPED = "zqxj-nobody-types-this"  # in what is sent; it must not be in a log


@pytest.fixture
def leaves_no_trace(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test that leaves a traceback, or what it sent, on the terminal or in the log."""
    yield
    said = "".join(capfd.readouterr()) + caplog.text
    assert "Traceback" not in said
    assert TYPED not in said


def fine(response: Response, *statuses: int) -> Response:
    """Return a response that has one of the statuses and no traceback."""
    assert response.status_code in statuses, response.text[:300]
    assert "Traceback" not in response.text
    assert 'File "' not in response.text
    return response

"""What /openapi.json promises, tried by schemathesis with requests that fit it and requests that don't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import response_schema_conformance

from kbot.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import ScriptedService


@pytest.mark.parametrize("operation", ["POST /api/ask", "GET /healthz", "GET /source/{document_id}"])
def test_every_response_is_one_that_the_schema_describes(
    scripted: ScriptedService, capfd: pytest.CaptureFixture[str], operation: str
) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(scripted))
    method, path = operation.split(" ", 1)
    found = schema[path][method]
    seen: list[int] = []

    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=found.as_strategy())
    def try_it(case: schemathesis.Case[Any]) -> None:
        response = case.call()
        seen.append(response.status_code)
        assert response.status_code < 500
        assert "Traceback" not in response.text
        if response.status_code < 400 or path == "/api/ask":
            case.validate_response(response, checks=[response_schema_conformance])

    try_it()
    assert seen
    assert "Traceback" not in "".join(capfd.readouterr())

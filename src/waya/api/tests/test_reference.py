"""The page about the API in docs/reference is what the API says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from waya.api.door import api
from waya.api.urls import urlpatterns

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "api.md"

HEAD = """# API

Written by `src/waya/api/tests/test_reference.py` from the description at `/api/v1/openapi.json`; do not edit.

Send `Authorization: Bearer waya_…`; `waya token create --role owner` makes one. A token acts by its role in its own
company: what is not of it is not there (404). Amounts are whole minor units with their currency. Lists are newest
first; give `next` as `after` to go on. A refusal is a problem (RFC 9457) with a stable `code` and words. A POST with
an `Idempotency-Key` is done once: the same request again is answered as the first was, other content under the key is
refused (422, `key_of_another`), and while the first is under way or its end is not known the answer is 409.

| | address | does | answers |
|---|---|---|---|
"""  # noqa: E501 - a row of a table is one line


def page(schema: dict[str, Any]) -> str:
    """The reference page."""
    rows = []
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            does = " ".join(operation.get("description", operation["summary"]).split())
            good = next(status for status in operation["responses"] if int(status) < 300)
            rows.append(f"| {method.upper()} | `{path}` | {does} | {good} |")
    return HEAD + "\n".join(rows) + "\n"


def test_the_page_of_the_api_is_up_to_date() -> None:
    assert urlpatterns, "the resources are mounted by their addresses"
    wanted = page(api.get_openapi_schema(path_prefix="/api/v1/"))
    written = PAGE.read_text() if PAGE.exists() else ""
    if written != wanted:
        PAGE.write_text(wanted)
    assert written == wanted, "it was not; it is now: look at it and commit it"

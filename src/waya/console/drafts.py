"""What was typed when a session had ended: kept until its form is shown again."""

from __future__ import annotations

from django.http import HttpRequest

_KEY = "draft"
_LONGEST = 4000
_NEVER = {"csrfmiddlewaretoken", "password"}


def keep(request: HttpRequest) -> None:
    """Keep the fields of a form that could not be taken; files and passwords are not kept."""
    fields = {
        name: value
        for name, value in request.POST.items()
        if isinstance(value, str) and name not in _NEVER and "password" not in name
    }
    if fields and sum(map(len, fields.values())) <= _LONGEST:
        request.session[_KEY] = {"path": request.path, "fields": fields}


def take(request: HttpRequest) -> dict[str, str]:
    """The draft for this address, once; empty if there is none."""
    draft = request.session.get(_KEY)
    if not isinstance(draft, dict) or draft.get("path") != request.path:
        return {}
    del request.session[_KEY]
    fields: dict[str, str] = draft["fields"]
    return fields

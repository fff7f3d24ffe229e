"""The rows of a form: which there are, and what a step makes of them.

Names tell where a field belongs: `charge-0-kind`, `charge-0-tier-2-price`. Rows keep their number
while others go, so that what stands in the browser stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.forms import Form
from django.http import QueryDict

# The first field of each kind of row: it is always sent, so that a row without words is one.
MARKS = {"charge": "kind", "tier": "price", "phase": "kind", "segment": "key", "rung": "action"}
_STEP = re.compile(r"(?P<rows>[a-z0-9-]+):(?P<act>add|drop|up|down)")
_ROW = re.compile(r"(?P<rows>.*?)-(?P<number>\d{1,4})")
_MOST = 60


def numbers(typed: Mapping[str, str], rows: str) -> list[int]:
    """Which rows there are, in order: those of `charge`, or of `charge-0-tier`."""
    mark = MARKS[rows.rpartition("-")[2]]
    pattern = re.compile(rf"{re.escape(rows)}-(\d{{1,4}})-{mark}")
    found = (pattern.fullmatch(name) for name in typed)
    return sorted({int(one[1]) for one in found if one})[:_MOST]


def step(typed: QueryDict, wished: str) -> QueryDict:
    """What was typed after a step such as `charge:add`, `charge-2:drop` or `segment-1:up`; one
    that makes no sense changes nothing."""
    told = _STEP.fullmatch(wished)
    if told is None:
        return typed
    stepped = typed.copy()
    if told["act"] == "add":
        kind = told["rows"].rpartition("-")[2]
        if kind in MARKS:
            number = max(numbers(typed, told["rows"]), default=-1) + 1
            stepped[f"{told['rows']}-{number}-{MARKS[kind]}"] = ""
        return stepped
    row = _ROW.fullmatch(told["rows"])
    if row is None or row["rows"].rpartition("-")[2] not in MARKS:
        return typed
    if told["act"] == "drop":
        return _without(stepped, told["rows"])
    return _moved(stepped, row["rows"], int(row["number"]), -1 if told["act"] == "up" else 1)


def _without(typed: QueryDict, row: str) -> QueryDict:
    for name in [name for name in typed if name.startswith(f"{row}-")]:
        del typed[name]
    return typed


def _moved(typed: QueryDict, rows: str, number: int, by: int) -> QueryDict:
    """A row in the place of its neighbour, and that one in its."""
    known = numbers(typed, rows)
    if number not in known or not 0 <= known.index(number) + by < len(known):
        return typed
    other = known[known.index(number) + by]
    before, after = _of(typed, f"{rows}-{number}-"), _of(typed, f"{rows}-{other}-")
    typed = _without(_without(typed, f"{rows}-{number}"), f"{rows}-{other}")
    for place, fields in ((number, after), (other, before)):
        for name, values in fields.items():
            typed.setlist(f"{rows}-{place}-{name}", values)
    return typed


def _of(typed: QueryDict, prefix: str) -> dict[str, list[str]]:
    return {
        name.removeprefix(prefix): typed.getlist(name)
        for name in typed
        if name.startswith(prefix)
    }  # fmt: skip


def typed_of(fields: Mapping[str, object]) -> QueryDict:
    """What somebody would have typed: None and False are left empty."""
    typed = QueryDict(mutable=True)
    for name, value in fields.items():
        if isinstance(value, list | tuple):
            typed.setlist(name, [str(one) for one in value])
        else:
            typed[name] = "" if value is None or value is False else str(value)
    return typed


def hush(form: Form) -> bool:
    """While somebody is filling a form in, what is empty is no fault yet; whether any was."""
    empty = [
        name
        for name, faults in form.errors.as_data().items()
        if all(fault.code == "required" for fault in faults)
    ]
    for name in empty:
        form.errors.pop(name)
    return bool(empty)

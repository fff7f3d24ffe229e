"""A ladder from what a policy row holds, refused in plain codes when it makes no sense."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from waya.billing.rules.ladder.values import HOLDING, Action, Kind, Ladder, Rung, Segment
from waya.kernel.errors import Refused
from waya.kernel.rates import as_percent, percent
from waya.messaging.rules.words import TEXTS, needed

# What a notice of billing can say; a text that needs more cannot be sent by a ladder.
_SAYABLE = frozenset({"name", "amount", "due", "account", "plan"})
_SEGMENT = {"key", "rungs", "modes", "plans", "tags", "without_tags", "from_account_days",
            "through_account_days"}  # fmt: skip
_RUNG = {"key", "action", "debts", "from_days", "through_days", "owed_at_least_minor", "weekdays",
         "holidays", "text", "fee_minor", "fee_percent", "tax_class", "words"}  # fmt: skip


def read(
    segments: Iterable[Mapping[str, Any]], *, fees_on_fees: bool = False, limit_minor: int = 0
) -> Ladder:
    """The ladder that these segments make, in order.

    Refuses `ladder_unreadable` (a field is unknown, missing or of the wrong type),
    `ladder_key_twice`, `ladder_not_everybody` (the last segment has conditions: somebody would
    never be judged), `ladder_days` (it ends before it begins, or a wall ends at all),
    `ladder_too_early` (only a message may come before the due day has passed), `ladder_text`
    (an unknown message), `ladder_no_fee`, `ladder_fee_on_fee` (policy forbids it) and
    `ladder_no_invoice` (nothing can be written off of what was never invoiced).
    """
    made = tuple(_segment(one, fees_on_fees) for one in segments)
    keys = [one.key for one in made]
    _once(keys)
    if not made or not made[-1].takes_everybody:
        raise Refused("ladder_not_everybody", segment=keys[-1] if keys else "")
    return Ladder(made, limit_minor, key="chosen")


def sayable() -> list[str]:
    """The messages that a rung can send."""
    return [key for key in TEXTS if needed(key) <= _SAYABLE]


def written(ladder: Ladder) -> list[dict[str, Any]]:
    """The segments that a policy row would hold for a ladder: `read` makes it of them again."""
    return [_written_segment(one) for one in ladder.segments]


def _written_segment(segment: Segment) -> dict[str, Any]:
    told: dict[str, Any] = {"key": segment.key}
    for name in ("modes", "plans", "tags", "without_tags"):
        told[name] = sorted(getattr(segment, name))
    told["from_account_days"] = segment.from_account_days or None
    told["through_account_days"] = segment.through_account_days
    kept = {name: value for name, value in told.items() if value not in (None, [])}
    return kept | {"rungs": [_written_rung(rung) for rung in segment.rungs]}


def _written_rung(rung: Rung) -> dict[str, Any]:
    ratio = f"{as_percent(rung.fee_percent).normalize():f}" if rung.fee_percent else None
    told: dict[str, Any] = {
        "key": rung.key, "action": rung.action.value, "debts": sorted(rung.debts),
        "from_days": rung.from_days, "through_days": rung.through_days,
        "owed_at_least_minor": rung.owed_at_least_minor or None,
        "weekdays": sorted(rung.weekdays) or None, "holidays": None if rung.holidays else False,
        "text": rung.text or None, "fee_minor": rung.fee_minor or None, "fee_percent": ratio,
        "tax_class": None if rung.tax_class == "late" else rung.tax_class,
        "words": rung.words or None,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _segment(row: Mapping[str, Any], fees_on_fees: bool) -> Segment:
    key = _text(row, "key", "")
    if not key or set(row) - _SEGMENT or not isinstance(row.get("rungs"), list | tuple):
        raise Refused("ladder_unreadable", at=key or "segment")
    rungs = tuple(_rung(one, key) for one in row["rungs"])
    _once([rung.key for rung in rungs])
    for rung in rungs:
        _check(rung, key, fees_on_fees)
    return Segment(
        key=key,
        rungs=rungs,
        modes=_names(row, "modes", key),
        plans=_names(row, "plans", key),
        tags=_names(row, "tags", key),
        without_tags=_names(row, "without_tags", key),
        from_account_days=_number(row, "from_account_days", key) or 0,
        through_account_days=_number(row, "through_account_days", key),
    )


def _rung(row: Any, segment: str) -> Rung:
    key = _text(row, "key", segment) if isinstance(row, Mapping) else ""
    at = f"{segment}, {key}" if key else segment
    from_days = _number(row, "from_days", at) if key else None
    if not key or len(key) > 40 or set(row) - _RUNG or from_days is None:
        raise Refused("ladder_unreadable", at=at)
    days = row.get("weekdays") or []
    if not isinstance(row.get("holidays", True), bool) or not set(days) <= set(range(1, 8)):
        raise Refused("ladder_unreadable", at=at)
    try:
        return Rung(
            key=key,
            action=Action(row.get("action")),
            debts=frozenset(Kind(one) for one in _names(row, "debts", at)),
            from_days=from_days,
            through_days=_number(row, "through_days", at),
            owed_at_least_minor=_number(row, "owed_at_least_minor", at) or 0,
            weekdays=frozenset(days),
            holidays=row.get("holidays", True),
            text=_text(row, "text", at),
            fee_minor=_number(row, "fee_minor", at) or 0,
            fee_percent=_ratio(row, at),
            tax_class=_text(row, "tax_class", at) or "late",
            words=_text(row, "words", at),
        )
    except ValueError as unknown:
        raise Refused("ladder_unreadable", at=at) from unknown


def _check(rung: Rung, segment: str, fees_on_fees: bool) -> None:
    at = f"{segment}, {rung.key}"
    ends = rung.through_days is not None
    if not rung.debts:
        raise Refused("ladder_unreadable", at=at)
    if ends and (rung.action in HOLDING or (rung.through_days or 0) < rung.from_days):
        raise Refused("ladder_days", at=at)
    if rung.action is not Action.MESSAGE and rung.from_days < 1:
        raise Refused("ladder_too_early", at=at)
    if rung.action is Action.MESSAGE and rung.text not in sayable():
        raise Refused("ladder_text", at=at, text=rung.text)
    if rung.action is Action.FEE and rung.fee_minor <= 0 and rung.fee_percent <= 0:
        raise Refused("ladder_no_fee", at=at)
    if rung.action is Action.FEE and Kind.FEE in rung.debts and not fees_on_fees:
        raise Refused("ladder_fee_on_fee", at=at)
    if rung.action in (Action.FEE, Action.WRITE_OFF) and Kind.RENEWAL in rung.debts:
        raise Refused("ladder_no_invoice", at=at)


def _once(keys: list[str]) -> None:
    for key in keys:
        if keys.count(key) > 1:
            raise Refused("ladder_key_twice", key=key)


def _text(row: Mapping[str, Any], name: str, at: str) -> str:
    value = row.get(name, "")
    if not isinstance(value, str):
        raise Refused("ladder_unreadable", at=at)
    return value.strip()


def _names(row: Mapping[str, Any], name: str, at: str) -> frozenset[str]:
    value = row.get(name) or []
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise Refused("ladder_unreadable", at=at)
    return frozenset(value)


def _number(row: Mapping[str, Any], name: str, at: str) -> int | None:
    value = row.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise Refused("ladder_unreadable", at=at)
    return value


def _ratio(row: Mapping[str, Any], at: str) -> Fraction:
    """A percentage is text, so that it stays exact: `2.5`."""
    text = _text(row, "fee_percent", at)
    try:
        ratio = percent(text) if text else Fraction(0)
    except (ArithmeticError, ValueError) as unreadable:
        raise Refused("ladder_unreadable", at=at) from unreadable
    if not 0 <= ratio <= 1:
        raise Refused("ladder_unreadable", at=at)
    return ratio

"""The form of a ladder: segments of customers, and the rungs that each climbs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django import forms
from django.http import QueryDict

from waya.billing.rules.ladder.reading import read, sayable
from waya.billing.rules.ladder.reading import written as written_ladder
from waya.billing.rules.ladder.values import Ladder
from waya.console.sheets.fields import ExactField, redraws, written
from waya.console.sheets.rows import hush, numbers, typed_of
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.words import words

FORM = "#ladder"
ACTIONS = {
    "message": "Send a message", "fee": "Charge a late fee", "wall": "Wall the service",
    "disconnect": "Disable it altogether", "follow_up": "Have somebody call",
    "write_off": "Write the debt off",
}  # fmt: skip
_DEBTS = {"renewal": "Renewals", "invoice": "Invoices", "one_time": "Of no service",
          "fee": "Late fees"}  # fmt: skip
_WEEKDAYS = list(enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), start=1))
_FIRST = ("reminder", "last_notice")
_TEXTS = [
    (key, key.replace("_", " ").capitalize())
    for key in (*_FIRST, *(one for one in sayable() if one not in _FIRST))
]
_MODES = [("", "either way"), ("prepaid", "before each period"),
          ("postpaid", "after an invoice"), ("postpaid prepaid", "one or the other")]  # fmt: skip
# Beside which field a refusal of the ladder stands.
_FIELD = {
    "ladder_days": "through_days", "ladder_too_early": "from_days", "ladder_text": "text",
    "ladder_no_fee": "fee", "ladder_fee_on_fee": "debts", "ladder_no_invoice": "debts",
}  # fmt: skip
_KEY = r"^[A-Za-z0-9_+.-]{1,40}$"
_KEY_FAULT = {"invalid": "Letters, digits and dashes."}


class NamesField(forms.CharField):
    """Words with commas; cleans to a list."""

    def clean(self, value: Any) -> Any:
        """Each word once, as it was typed."""
        typed = super().clean(value)
        return sorted({one.strip() for one in typed.split(",") if one.strip()})


class SegmentForm(forms.Form):
    """Who climbs these rungs: whoever meets every condition that is given."""

    key = forms.RegexField(_KEY, label="Segment", error_messages=_KEY_FAULT)
    modes = forms.ChoiceField(label="Paid", required=False, choices=_MODES)
    plans = NamesField(label="With a plan of", required=False)
    tags = NamesField(label="With a tag of", required=False)
    without_tags = NamesField(label="Without tags", required=False)
    from_account_days = forms.IntegerField(label="Customer for days", min_value=0, required=False)
    through_account_days = forms.IntegerField(label="Through days", min_value=0, required=False)

    def told(self) -> dict[str, Any]:
        """What of it a ladder holds."""
        given = self.cleaned_data
        kept = {name: given[name] for name in given if given[name] not in ("", None, [])}
        if "modes" in kept:
            kept["modes"] = kept["modes"].split()
        return kept


class RungForm(forms.Form):
    """One condition and one action."""

    action = forms.ChoiceField(
        label="Do", choices=list(ACTIONS.items()), required=False,
        widget=forms.Select(attrs=redraws(FORM)),
    )  # fmt: skip
    key = forms.RegexField(_KEY, label="Name", error_messages=_KEY_FAULT)
    from_days = forms.IntegerField(
        label="From day", min_value=-60, max_value=3650, help_text="Past due; before it, below 0."
    )
    through_days = forms.IntegerField(
        label="Through day", min_value=-60, max_value=3650, required=False
    )
    text = forms.ChoiceField(label="Message", choices=_TEXTS, required=False)
    fee = ExactField(label="Fee", whole=True, required=False)
    fee_percent = ExactField(label="And % of the debt", required=False)
    words = forms.CharField(label="What to tell them", max_length=200, required=False)
    owed = ExactField(label="Owing at least", whole=True, required=False)
    holidays = forms.ChoiceField(
        label="On holidays", choices=[("yes", "too"), ("no", "not")], required=False
    )
    debts = forms.MultipleChoiceField(
        label="For", choices=list(_DEBTS.items()), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "For which debts?"},
    )  # fmt: skip
    weekdays = forms.TypedMultipleChoiceField(
        label="Only on", choices=_WEEKDAYS, coerce=int, required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, typed: QueryDict, prefix: str, currency: str) -> None:
        super().__init__(typed, prefix=prefix)
        wished = typed.get(f"{prefix}-action") or ""
        self.does = wished if wished in ACTIONS else "message"
        self.tax_class = typed.get(f"{prefix}-tax_class") or ""
        for name in ("fee", "owed"):
            self.fields[name].label = f"{self.fields[name].label}, {currency}"
            cast(ExactField, self.fields[name]).currency = currency

    def shown(self) -> Iterator[forms.BoundField]:
        """The fields that this kind of rung has, in order; a wall never ends by itself."""
        names = ["action", "key", "from_days"]
        if self.does not in ("wall", "disconnect"):
            names.append("through_days")
        names += {"message": ["text"], "fee": ["fee", "fee_percent"],
                  "follow_up": ["words"]}.get(self.does, [])  # fmt: skip
        return (self[name] for name in [*names, "owed", "holidays"])

    def told(self) -> dict[str, Any]:
        """What of it a ladder holds."""
        given, shown = self.cleaned_data, {one.name for one in self.shown()}
        told = {
            "key": given["key"], "action": self.does, "debts": given["debts"],
            "from_days": given["from_days"], "weekdays": given["weekdays"],
            "holidays": given["holidays"] != "no",
            "owed_at_least_minor": given["owed"].numerator if given["owed"] else None,
        }  # fmt: skip
        if "through_days" in shown:
            told["through_days"] = given["through_days"]
        if self.does == "message":
            told["text"] = given["text"] or "reminder"
        if self.does == "fee":
            told["fee_minor"] = given["fee"].numerator if given["fee"] else None
            told["fee_percent"] = written(given["fee_percent"]) if given["fee_percent"] else None
            told["tax_class"] = self.tax_class
        if self.does == "follow_up":
            told["words"] = given["words"]
        return {name: value for name, value in told.items() if value not in (None, "", [])}


@dataclass(slots=True)
class SegmentRow:
    """A segment with its rungs."""

    name: str
    form: SegmentForm
    rungs: list[tuple[str, RungForm]]


@dataclass(slots=True)
class Sheet:
    """A ladder as it was typed so far; `ladder` is what it makes, once it can be climbed, and
    `segments` what a policy would keep of it."""

    rows: list[SegmentRow]
    fees_on_fees: bool
    ladder: Ladder | None = None
    segments: Sequence[dict[str, Any]] = ()
    faults: list[str] = field(default_factory=list)

    @property
    def forms(self) -> Iterator[forms.Form]:
        """Every form of it."""
        for row in self.rows:
            yield row.form
            yield from (one for _, one in row.rungs)


def sheet(typed: QueryDict, currency: str, *, limit_minor: int, quiet: bool) -> Sheet:
    """Read what was typed of a ladder; `quiet` while it is being filled in."""
    found = Sheet(
        [
            SegmentRow(
                f"segment-{at}",
                SegmentForm(typed, prefix=f"segment-{at}"),
                [(f"segment-{at}-rung-{each}",
                  RungForm(typed, f"segment-{at}-rung-{each}", currency))
                 for each in numbers(typed, f"segment-{at}-rung")],
            )
            for at in numbers(typed, "segment")
        ],
        typed.get("fees_on_fees") == "yes",
    )  # fmt: skip
    faulty = [form for form in found.forms if not form.is_valid()]
    if quiet:
        for form in faulty:
            hush(form)
    if not faulty:
        _read(found, limit_minor)
    return found


def _read(found: Sheet, limit_minor: int) -> None:
    found.segments = [
        row.form.told() | {"rungs": [one.told() for _, one in row.rungs]} for row in found.rows
    ]
    try:
        found.ladder = read(
            found.segments, fees_on_fees=found.fees_on_fees, limit_minor=limit_minor
        )
    except Refused as refusal:
        _blame(found, refusal)


def _blame(found: Sheet, refusal: Refused) -> None:
    """Put a refusal beside the field that it is about, or above all."""
    told = words(refusal)
    if refusal.code == "ladder_not_everybody" and found.rows:
        found.rows[-1].form.add_error(None, told)
        return
    segment, _, rung = str(refusal.details.get("at", "")).partition(", ")
    for row in found.rows:
        if row.form.cleaned_data["key"] != segment:
            continue
        for _, form in row.rungs:
            if form.cleaned_data["key"] == rung:
                beside = _FIELD.get(refusal.code)
                seen = {one.name for one in form.shown()} | {"debts"}
                form.add_error(beside if beside in seen else "key", told)
                return
    found.faults.append(told)


def beyond(holds: Ladder, currency: str, fees_on_fees: bool) -> str:
    """Where a ladder says more than the form can hold: `segment, rung`, or a segment; empty if
    nothing of it would be lost."""
    typed = typed_from(written_ladder(holds), currency, fees_on_fees)
    found = sheet(typed, currency, limit_minor=holds.write_off_limit_minor, quiet=True)
    if found.ladder is not None and found.ladder.segments == holds.segments:
        return ""
    kept = {one["key"]: one for one in found.segments}
    for one in written_ladder(holds):
        other = kept.get(one["key"], {})
        rungs = {rung["key"]: rung for rung in other.get("rungs", [])}
        for rung in one["rungs"]:
            if other and rungs.get(rung["key"]) != rung:
                return f"{one['key']}, {rung['key']}"
        if other != one:
            return str(one["key"])
    return holds.segments[0].key


def typed_from(segments: Sequence[dict[str, Any]], currency: str, fees_on_fees: bool) -> QueryDict:
    """A ladder as somebody would have typed it."""
    typed: dict[str, object] = {"fees_on_fees": "yes" if fees_on_fees else ""}
    for at, one in enumerate(segments):
        name = f"segment-{at}"
        typed |= {
            f"{name}-key": one["key"], f"{name}-modes": " ".join(sorted(one.get("modes", []))),
            f"{name}-from_account_days": one.get("from_account_days"),
            f"{name}-through_account_days": one.get("through_account_days"),
        }  # fmt: skip
        for words_of in ("plans", "tags", "without_tags"):
            typed[f"{name}-{words_of}"] = ", ".join(one.get(words_of, []))
        for each, rung in enumerate(one["rungs"]):
            typed |= _typed_rung(f"{name}-rung-{each}", rung, currency)
    return typed_of(typed)


def _typed_rung(name: str, one: dict[str, Any], currency: str) -> dict[str, object]:
    owed, fee = one.get("owed_at_least_minor"), one.get("fee_minor")
    return {
        f"{name}-action": one["action"], f"{name}-key": one["key"],
        f"{name}-from_days": str(one["from_days"]),
        f"{name}-through_days": None if one.get("through_days") is None
        else str(one["through_days"]),
        f"{name}-text": one.get("text"), f"{name}-words": one.get("words"),
        f"{name}-fee": Money(fee, currency).plain() if fee else "",
        f"{name}-fee_percent": one.get("fee_percent"),
        f"{name}-tax_class": one.get("tax_class"),
        f"{name}-owed": Money(owed, currency).plain() if owed else "",
        f"{name}-holidays": "yes" if one.get("holidays", True) else "no",
        f"{name}-debts": list(one["debts"]), f"{name}-weekdays": list(one.get("weekdays") or []),
    }  # fmt: skip

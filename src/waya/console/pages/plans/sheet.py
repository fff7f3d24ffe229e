"""The form of a plan's version: charges with their tiers, phases, and what holds for all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, cast

from django import forms
from django.http import QueryDict

from waya.catalog.models import Plan
from waya.catalog.rules.plans import (
    NOTHING,
    Charge,
    ChargeKind,
    Interval,
    Phase,
    PlanTerms,
    Tier,
    Timing,
    Unit,
)
from waya.catalog.rules.versions import FEE, checked, flat
from waya.console.sheets.fields import DayField, ExactField, redraws, written
from waya.console.sheets.rows import hush, numbers, typed_of
from waya.kernel.errors import Refused
from waya.kernel.money import rounded
from waya.org.words import words

# The form on the page, which is drawn again when what it shows changes.
FORM = "#version"
KINDS = {
    "flat": "A fixed price, each period",
    "per_unit": "By the unit",
    "graduated": "By the unit, each in its own tier",
    "volume": "By the unit, all at the tier reached",
    "package": "By whole lots",
    "one_off": "Once, at the beginning",
    "deposit": "A deposit, given back at the end",
}
TIERED = ("graduated", "volume")
ONCE = ("one_off", "deposit")
UNITS = {"month": "months", "week": "weeks", "day": "days"}
_PHASES = {"trial": "Free", "discount": "Cheaper", "fixed_term": "A fixed term"}
_BEFORE = "Hours are paid before: nothing of them can wait for their end."


class HeadForm(forms.Form):
    """What holds for the whole version."""

    valid_from = DayField(label="New customers have it from")
    tax_inclusive = forms.TypedChoiceField(
        label="Prices are", choices=[("yes", "with tax"), ("no", "before tax")],
        coerce=lambda chosen: chosen == "yes",
    )  # fmt: skip
    price_per = forms.ChoiceField(
        label="Prices are for",
        choices=[("cycle", "a whole period"), ("month", "a month of it"), ("day", "a day of it")],
    )
    minimum = ExactField(
        whole=True, required=False, label="A period comes to at least",
        help_text="What is missing to it is added after the period.",
    )  # fmt: skip
    then = forms.ChoiceField(
        label="After these", choices=[("on", "It goes on for ever"), ("ends", "It ends")]
    )
    begins = DayField(label="Begins on")
    quantity = ExactField(whole=True, label="Units they have")

    def __init__(self, typed: QueryDict, currency: str) -> None:
        super().__init__(typed)
        minimum = cast(ExactField, self.fields["minimum"])
        minimum.currency = currency
        minimum.label = f"{minimum.label}, {currency}"


class ChargeForm(forms.Form):
    """One price of a plan."""

    kind = forms.ChoiceField(
        label="How", choices=list(KINDS.items()), required=False,
        widget=forms.Select(attrs=redraws(FORM)),
    )  # fmt: skip
    code = forms.RegexField(
        r"^[A-Za-z0-9_./-]{1,80}$", label="Name on invoices",
        error_messages={"invalid": "Letters, digits, dashes and dots."},
    )  # fmt: skip
    price = ExactField(label="Price", error_messages={"required": "Give a price."})
    lot = ExactField(label="Units in a lot", error_messages={"required": "Give a number."})
    included = ExactField(label="Units included", required=False)
    metric = forms.RegexField(
        r"^[A-Za-z0-9_.:-]{1,40}$", label="Of what was used", required=False,
        help_text="Such as gb. Empty: of the units they have.",
        error_messages={"invalid": "Letters, digits, dashes and dots."},
    )  # fmt: skip
    used = ExactField(label="In the example, used a period", required=False)
    timing = forms.ChoiceField(
        label="Charged", required=False,
        choices=[("", "As the plan is paid"), ("advance", "Before the period"),
                 ("arrears", "After the period")],
    )  # fmt: skip

    def __init__(
        self, typed: QueryDict, prefix: str, currency: str, hourly: bool, *, once: bool = True
    ) -> None:
        super().__init__(typed, prefix=prefix)
        if not once:  # what is charged once is asked for when the service begins
            recurring = [one for one in KINDS.items() if one[0] not in ONCE]
            cast(forms.ChoiceField, self.fields["kind"]).choices = recurring
        self.part = {name: typed.get(f"{prefix}-{name}") or "" for name in _OF_A_PART}
        wished = typed.get(f"{prefix}-kind") or ""
        self.sort = cast(ChargeKind, wished if wished in _FIELDS else "flat")
        self.hourly = hourly
        price = cast(ExactField, self.fields["price"])
        price.currency, price.whole = currency, self.sort in (*ONCE, "flat")
        price.required, self.fields["lot"].required = not self.tiered, self.sort == "package"
        price.label = f"{_PRICED.get(self.sort, 'Price')}, {currency}"
        self.measured = bool(typed.get(f"{prefix}-metric")) and "metric" in self.used_fields()

    @property
    def tiered(self) -> bool:
        """Whether its price stands in tiers."""
        return self.sort in TIERED

    @property
    def said(self) -> str:
        """What to know of this kind, in a line."""
        said = _SAID["measured" if self.measured else self.sort]
        return f"{self.part['name']}: {said}" if self.part["name"] else said

    def used_fields(self) -> list[str]:
        """The fields that this kind of charge has, in order."""
        return ["kind", "code", *_FIELDS[self.sort]]

    def shown(self) -> Iterator[forms.BoundField]:
        """The same, as they stand on the screen."""
        return (self[name] for name in self.used_fields())

    def kept(self) -> Iterator[tuple[str, str]]:
        """What was typed where this kind has no field: kept, for whoever changes their mind."""
        seen = {one.name for one in self.shown()}
        for name in self.fields:
            value = self.data.get(f"{self.prefix}-{name}")
            if name not in seen and value:
                yield f"{self.prefix}-{name}", value
        for name, value in self.part.items():
            if value:
                yield f"{self.prefix}-{name}", value

    def clean(self) -> dict[str, Any]:
        """What a kind needs, and what hours cannot have."""
        told = {name: self.cleaned_data.get(name) for name in self.used_fields()}
        told["kind"] = self.sort
        if told.get("lot") == 0:
            self.add_error("lot", "A lot has units in it.")
        if self.measured and self.hourly:
            self.add_error("metric", _BEFORE)
        elif told.get("timing") == "arrears" and self.hourly:
            self.add_error("timing", _BEFORE)
        return told


# What a charge of a bundle's part has besides: kept, and not changed here.
_OF_A_PART = ("name", "tax_class")
_SAID = {
    "flat": "The same in every period.",
    "per_unit": "For each unit that they have.",
    "graduated": "Each unit costs what its own tier says.",
    "volume": "All units cost what the tier of the last one says.",
    "package": "For each lot that is begun.",
    "one_off": "On the first bill alone.",
    "deposit": "On the first bill, without tax; given back when the service ends.",
    "measured": "By what was used, after each period.",
}
_PRICED = {"per_unit": "Price of a unit", "package": "Price of a lot", "deposit": "Deposit"}
_MEASURED = ["metric", "included", "timing", "used"]
_FIELDS = {
    "flat": ["price", "timing"],
    "per_unit": ["price", *_MEASURED],
    "graduated": _MEASURED,
    "volume": _MEASURED,
    "package": ["price", "lot", *_MEASURED],
    "one_off": ["price"],
    "deposit": ["price"],
}


class TierForm(forms.Form):
    """A stretch of units and what they cost."""

    up_to = ExactField(label="Up to, units", required=False)
    price = ExactField(label="Price of a unit")
    flat = ExactField(label="And once", required=False)

    def __init__(self, typed: QueryDict, prefix: str, currency: str) -> None:
        super().__init__(typed, prefix=prefix)
        for name in ("price", "flat"):
            cast(ExactField, self.fields[name]).currency = currency


class PhaseForm(forms.Form):
    """A stretch of a plan's life."""

    kind = forms.ChoiceField(
        label="First", choices=list(_PHASES.items()), required=False,
        widget=forms.Select(attrs=redraws(FORM)),
    )  # fmt: skip
    count = forms.IntegerField(label="For", min_value=1, max_value=120)
    unit = forms.ChoiceField(label="Of", choices=list(UNITS.items()))
    percent_off = ExactField(label="Cheaper by, %", required=False)
    price = ExactField(whole=True, label="Or for, a period", required=False)

    def __init__(self, typed: QueryDict, prefix: str, currency: str, *, priced: bool) -> None:
        super().__init__(typed, prefix=prefix)
        wished = typed.get(f"{prefix}-kind") or ""
        self.sort = wished if wished in _PHASES else "trial"
        self.priced = priced
        cast(ExactField, self.fields["price"]).currency = currency

    def shown(self) -> Iterator[forms.BoundField]:
        """The fields that this kind of phase has; one price, unless it has rows of its own."""
        names = ["kind", "count", "unit"]
        names += [] if self.sort == "trial" else ["percent_off"]
        names += [] if self.sort == "trial" or self.priced else ["price"]
        return (self[name] for name in names)

    def clean(self) -> dict[str, Any]:
        """A percentage is at most the whole; what is cheaper says by how much."""
        told = dict(self.cleaned_data) | {"kind": self.sort}
        if self.priced:
            told["price"] = None
        off, price = told.get("percent_off"), told.get("price")
        if off is not None and off > 100:
            self.add_error("percent_off", "At most 100 %.")
        if off and price is not None:
            self.add_error("price", "Give a percentage or a price.")
        cheaper = off or price is not None or self.priced
        if self.sort == "discount" and not cheaper and not self.errors:
            missing = forms.ValidationError("Say how much cheaper.", code="required")
            self.add_error("percent_off", missing)
        return told


@dataclass(slots=True)
class ChargeRow:
    """A charge with its tiers."""

    name: str
    form: ChargeForm
    tiers: list[tuple[str, TierForm]]
    fault: str = ""


@dataclass(slots=True)
class PhaseRow:
    """A phase, with the prices of its own if it has any."""

    name: str
    form: PhaseForm
    charges: list[ChargeRow]


@dataclass(slots=True)
class Sheet:
    """A version as it was typed so far. `whole` says that it can be billed: then there are
    `terms`. `faults` are those of the whole, in words."""

    head: HeadForm
    charges: list[ChargeRow]
    phases: list[PhaseRow]
    terms: PlanTerms | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def forms(self) -> Iterator[forms.Form]:
        """Every form of it."""
        yield self.head
        for row in self.all_charges:
            yield row.form
            yield from (one for _, one in row.tiers)
        yield from (one.form for one in self.phases)

    @property
    def all_charges(self) -> Iterator[ChargeRow]:
        """Those of the plan, and those of its phases."""
        yield from self.charges
        for phase in self.phases:
            yield from phase.charges

    @property
    def used(self) -> dict[str, Fraction]:
        """What the example uses of each metric in a period."""
        return {
            row.form.cleaned_data["metric"]: row.form.cleaned_data.get("used") or NOTHING
            for row in self.all_charges
            if row.form.measured
        }


def sheet(typed: QueryDict, plan: Plan, currency: str, *, quiet: bool) -> Sheet:
    """Read what was typed of a version of a plan; `quiet` while it is being filled in."""
    hourly = plan.unit == "hour"
    phases = []
    for at in numbers(typed, "phase"):
        own = _charge_rows(typed, f"phase-{at}-charge", currency, hourly, once=False)
        phase = PhaseForm(typed, f"phase-{at}", currency, priced=bool(own))
        phases.append(PhaseRow(f"phase-{at}", phase, own))
    charges = _charge_rows(typed, "charge", currency, hourly, once=True)
    found = Sheet(HeadForm(typed, currency), charges, phases)
    for row in found.all_charges:
        row.tiers = row.tiers if row.form.sort in TIERED else []
        _check_tiers(row, quiet)
    if hourly and found.head.is_valid() and found.head.cleaned_data["minimum"]:
        found.head.add_error("minimum", _BEFORE)
    faulty = [form for form in found.forms if not form.is_valid()]
    if quiet:
        for form in found.forms:
            hush(form)
    if not faulty and not any(row.fault for row in found.all_charges):
        _read(found, plan)
    return found


def _charge_rows(
    typed: QueryDict, rows: str, currency: str, hourly: bool, *, once: bool
) -> list[ChargeRow]:
    """The prices that were typed, of the plan or of one phase of it."""
    return [
        ChargeRow(
            f"{rows}-{at}",
            ChargeForm(typed, f"{rows}-{at}", currency, hourly, once=once),
            [(f"{rows}-{at}-tier-{each}", TierForm(typed, f"{rows}-{at}-tier-{each}", currency))
             for each in numbers(typed, f"{rows}-{at}-tier")],
        )
        for at in numbers(typed, rows)
    ]  # fmt: skip


def _check_tiers(row: ChargeRow, quiet: bool) -> None:
    """Tiers rise, and only the last is open."""
    if row.form.sort in TIERED and not row.tiers:
        row.fault = "" if quiet else "Give it a tier."
    below: Fraction = NOTHING
    for place, (_, tier) in enumerate(row.tiers):
        if not tier.is_valid():
            continue
        top = tier.cleaned_data["up_to"]
        if top is None and place < len(row.tiers) - 1:
            tier.add_error("up_to", "Only the last tier is open.")
        if top is not None and top <= below:
            tier.add_error("up_to", "Tiers rise.")
        below = top or below


def _read(found: Sheet, plan: Plan) -> None:
    told = found.head.cleaned_data
    terms = PlanTerms(
        plan.code,
        Interval(cast(Unit, plan.unit), plan.count),
        tuple(_charge(row) for row in found.charges),
        _phases(found),
        told["price_per"],
        told["minimum"] or NOTHING,
        plan.name,
    )
    try:
        found.terms = checked(terms)
    except Refused as refusal:
        _blame(found, refusal)


def _blame(found: Sheet, refusal: Refused) -> None:
    """Put a refusal beside the field that it is about."""
    if refusal.code == "phases_wrong":
        found.head.add_error("then", words(refusal))
    elif refusal.code == "charge_twice":
        for rows in (found.charges, *(one.charges for one in found.phases)):
            same = [row.form for row in rows
                    if row.form.cleaned_data["code"] == refusal.details["charge"]]  # fmt: skip
            if len(same) > 1:
                same[-1].add_error("code", words(refusal))
                return
    else:
        found.faults.append(words(refusal))


def _charge(row: ChargeRow) -> Charge:
    told = row.form.cleaned_data
    return Charge(
        told["code"],
        row.form.sort,
        told.get("price") or NOTHING,
        tuple(
            Tier(tier.cleaned_data["up_to"], tier.cleaned_data["price"],
                 tier.cleaned_data["flat"] or NOTHING)
            for _, tier in row.tiers
        ),
        told.get("lot") or Fraction(1),
        told.get("included") or NOTHING,
        told.get("metric") or "",
        None if row.form.measured else cast(Timing, told.get("timing") or None),
        **row.form.part,
    )  # fmt: skip


def _phases(found: Sheet) -> tuple[Phase, ...]:
    made = []
    for row in found.phases:
        told = row.form.cleaned_data
        free = row.form.sort == "trial"
        price = None if free else told["price"]
        own = tuple(_charge(one) for one in row.charges)
        made.append(Phase(
            cast(Any, row.form.sort),
            Interval(cast(Unit, told["unit"]), told["count"]),
            own or (None if price is None else flat(price.numerator)),
            NOTHING if free else (told["percent_off"] or NOTHING) / 100,
        ))  # fmt: skip
    if found.head.cleaned_data["then"] == "on":
        made.append(Phase())
    return tuple(made)


def typed_from(terms: PlanTerms, currency: str) -> QueryDict:
    """A version as somebody would have typed it."""
    ends = terms.phases[-1].length is not None
    typed: dict[str, object] = {
        "price_per": terms.price_per, "then": "ends" if ends else "on",
        "minimum": written(terms.minimum, currency) if terms.minimum else "",
    }  # fmt: skip
    for at, one in enumerate(terms.charges):
        typed |= _typed_charge(f"charge-{at}", one, currency)
    phases = terms.phases if ends else terms.phases[:-1]
    for at, phase in enumerate(phases):
        own, off = phase.charges or (), phase.percent_off * 100
        price = own[0].amount if _is_one_price(phase) else None
        typed |= {
            f"phase-{at}-kind": phase.kind,
            f"phase-{at}-count": phase.length.count if phase.length else "",
            f"phase-{at}-unit": phase.length.unit if phase.length else "",
            f"phase-{at}-percent_off": written(off) if off else "",
            f"phase-{at}-price": "" if price is None else written(price, currency),
        }
        for each, one in enumerate(own if price is None else ()):
            typed |= _typed_charge(f"phase-{at}-charge-{each}", one, currency)
    return typed_of(typed)


def _is_one_price(phase: Phase) -> bool:
    """Whether a phase has a price of its own and nothing more to it."""
    if phase.kind == "trial" or not phase.charges or phase.percent_off:
        return False
    return phase.charges == flat(rounded(phase.charges[0].amount))


def _typed_charge(name: str, one: Charge, currency: str) -> dict[str, object]:
    typed: dict[str, object] = {
        f"{name}-kind": one.kind, f"{name}-code": one.code, f"{name}-metric": one.metric,
        f"{name}-price": "" if one.tiers else written(one.amount, currency),
        f"{name}-lot": written(one.lot), f"{name}-timing": one.timing,
        f"{name}-included": written(one.included) if one.included else "",
        f"{name}-name": one.name, f"{name}-tax_class": one.tax_class,
    }  # fmt: skip
    for at, tier in enumerate(one.tiers):
        typed |= {
            f"{name}-tier-{at}-up_to": None if tier.up_to is None else written(tier.up_to),
            f"{name}-tier-{at}-price": written(tier.unit_amount, currency),
            f"{name}-tier-{at}-flat": written(tier.flat_amount, currency) if tier.flat_amount
            else "",
        }  # fmt: skip
    return typed


NEW = {
    "price_per": "cycle", "then": "on", "tax_inclusive": "yes", "quantity": "1",
    "charge-0-kind": "flat", "charge-0-code": FEE,
}  # fmt: skip

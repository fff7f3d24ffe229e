"""The ladder has no memory: today's facts decide, each thing once, and paying only helps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.policy import DunningPolicy
from waya.billing.rules.dunning import Standing, worse
from waya.billing.rules.ladder.facts import Debt, Facts, Promised, Service
from waya.billing.rules.ladder.reading import read
from waya.billing.rules.ladder.standard import standard
from waya.billing.rules.ladder.tonight import Day, Hold, Night, tonight
from waya.billing.rules.ladder.values import HOLDING, Action, Kind, Ladder, window
from waya.kernel.errors import Refused

DUE = date(2027, 6, 9)  # a Wednesday
HOME = Service(5, 1, "home-10", "prepaid", "good")
OFFICE = Service(6, 1, "office-20", "postpaid", "good")
INVOICE = Debt("invoice:7", Kind.INVOICE, DUE, 2500_00, "INV-000007", 7)
WORK = Debt("invoice:8", Kind.ONE_TIME, DUE, 1000_00, "INV-000008", 8)
LAPSE = Debt("renewal:5:2027-06-10", Kind.RENEWAL, DUE, 2500_00, subscription_id=5)
WALL = {"key": "wall", "action": "wall", "debts": ["invoice", "renewal"], "from_days": 4}
FEE = {"key": "late-fee", "action": "fee", "debts": ["invoice"], "from_days": 5,
       "fee_minor": 200_00, "fee_percent": "2.5"}  # fmt: skip
REMIND = {"key": "remind", "action": "message", "debts": ["invoice"], "from_days": 1,
          "through_days": 1, "text": "reminder"}  # fmt: skip
OFF = {"key": "off", "action": "disconnect", "debts": ["invoice"], "from_days": 30}
CALL = {"key": "call", "action": "follow_up", "debts": ["invoice"], "from_days": 10}
LOST = {"key": "lost", "action": "write_off", "debts": ["invoice", "one_time"], "from_days": 90}


def ladder(*rungs: dict[str, Any], **segment: Any) -> Ladder:
    """A ladder of these rungs for everybody, or for one segment, others climbing nothing."""
    rows: list[dict[str, Any]] = [{"key": "rest", "rungs": list(rungs)}]
    if segment:
        rows = [{"key": "some", "rungs": list(rungs), **segment}, {"key": "rest", "rungs": []}]
    return read(rows, limit_minor=2000_00)


def customer(*debts: Debt, service: Service = OFFICE, **facts: Any) -> Facts:
    return Facts(1, date(2027, 1, 1), services=(service,), debts=debts, **facts)


def after(days: int, **day: Any) -> Day:
    return Day(DUE + timedelta(days=days), **day)


def done(night: Night) -> list[tuple[str, str]]:
    return [(step.rung.key, step.debt.key) for step in night.steps]


def spared(night: Night) -> list[tuple[str, Hold]]:
    return [(one.step.rung.key, one.hold) for one in night.spared]


# The standard ladder is what there was before there were ladders.


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-5, Standing.GOOD), (0, Standing.GOOD), (1, Standing.GRACE), (3, Standing.GRACE),
     (4, Standing.CUT_OFF), (400, Standing.CUT_OFF)],
)  # fmt: skip
def test_a_day_decides(days: int, expected: Standing) -> None:
    (stand,) = tonight(standard(DunningPolicy()), customer(INVOICE), after(days)).stands
    assert stand.standing == stand.tonight == expected


def test_owing_nothing_is_good() -> None:
    (stand,) = tonight(standard(DunningPolicy(grace_days=0)), customer(), after(9)).stands
    assert stand.standing == Standing.GOOD


def test_a_prepaid_day_of_service_ends_at_midnight() -> None:
    facts = customer(LAPSE, service=HOME)
    for days, expected in ((0, Standing.GOOD), (1, Standing.CUT_OFF)):
        (stand,) = tonight(standard(DunningPolicy()), facts, after(days)).stands
        assert stand.standing == expected


def test_a_renewal_concerns_its_own_service_alone() -> None:
    both = replace(customer(LAPSE), services=(HOME, OFFICE))
    night = tonight(standard(DunningPolicy()), both, after(1))
    assert [stand.standing for stand in night.stands] == [Standing.CUT_OFF, Standing.GOOD]


def test_reminders_fall_on_the_days_of_policy() -> None:
    standing_by = customer(INVOICE, LAPSE, service=replace(HOME, was="cut_off"))
    told = {days: done(tonight(standard(DunningPolicy()), standing_by, after(days)))
            for days in range(-4, 4)}  # fmt: skip
    assert told == {
        -4: [], -2: [], 0: [], 3: [],
        -3: [("remind-3", INVOICE.key), ("remind-3", LAPSE.key)],
        -1: [("remind-1", INVOICE.key), ("remind-1", LAPSE.key)],
        1: [("remind+1", INVOICE.key)], 2: [("remind+2", INVOICE.key)],
    }  # fmt: skip


@pytest.mark.parametrize("walls", [False, True])
def test_an_invoice_of_no_subscription_blocks_nobody_unless_policy_says_so(walls: bool) -> None:
    chosen = standard(DunningPolicy(one_time_walls=walls))
    (stand,) = tonight(chosen, customer(WORK), after(90)).stands
    assert stand.standing == (Standing.CUT_OFF if walls else Standing.GOOD)


@given(first=st.integers(0, 60), later=st.integers(0, 60), grace=st.integers(0, 30))
def test_time_alone_never_makes_it_better(first: int, later: int, grace: int) -> None:
    chosen = standard(DunningPolicy(grace_days=grace))
    early, late = (tonight(chosen, customer(INVOICE), after(days)).stands[0].standing
                   for days in (first, first + later))  # fmt: skip
    assert not worse(early, late)


# Ladders of one's own.


def test_a_fee_is_so_much_and_a_share_once() -> None:
    night = tonight(ladder(FEE), customer(INVOICE), after(5))
    (fee,) = night.steps
    assert (fee.minor, fee.late, fee.asks) == (200_00 + 62_50, 5, False)
    assert not tonight(ladder(FEE), customer(INVOICE), after(4)).steps
    again = customer(INVOICE, done=frozenset({("late-fee", INVOICE.key)}))
    assert not tonight(ladder(FEE), again, after(50)).steps


def test_a_segment_is_met_by_mode_plan_tag_and_age() -> None:
    facts = customer(INVOICE, tags=frozenset({"school"}))
    for met in ({"modes": ["postpaid"]}, {"plans": ["office-20", "x"]}, {"tags": ["school"]},
                {"from_account_days": 100}):  # fmt: skip
        assert done(tonight(ladder(FEE, **met), facts, after(5)))
    for unmet in ({"modes": ["prepaid"]}, {"plans": ["x"]}, {"tags": ["vip"]},
                  {"without_tags": ["school"]}, {"through_account_days": 30}):  # fmt: skip
        assert not done(tonight(ladder(FEE, **unmet), facts, after(5)))


def test_a_balance_counts_what_is_due_and_not_disputed() -> None:
    rung = FEE | {"owed_at_least_minor": 3000_00}
    later = replace(WORK, due=DUE + timedelta(days=30))
    assert done(tonight(ladder(rung), customer(INVOICE, WORK), after(5)))
    assert not done(tonight(ladder(rung), customer(INVOICE, later), after(5)))
    disputed = replace(WORK, disputed=True)
    assert not done(tonight(ladder(rung), customer(INVOICE, disputed), after(5)))


def test_beyond_the_wall_is_off_and_a_call_and_a_loss() -> None:
    climbed = ladder(WALL, OFF, CALL, LOST)
    walled = replace(OFFICE, was="cut_off")
    night = tonight(climbed, customer(INVOICE, WORK, service=walled), after(90))
    assert done(night) == [("call", "invoice:7"), ("lost", "invoice:7"), ("lost", "invoice:8"),
                           ("off", "invoice:7")]  # fmt: skip
    assert [step.asks for step in night.steps] == [False, True, False, False]
    assert night.stands[0].tonight == Standing.OFF


def test_what_is_written_off_tonight_cuts_nobody_off() -> None:
    small = replace(INVOICE, owed_minor=500_00)
    night = tonight(ladder(WALL, LOST), customer(small), after(95))
    assert (done(night), night.stands[0].tonight) == ([("lost", small.key)], Standing.GOOD)


@pytest.mark.parametrize(
    ("changes", "day", "hold"),
    [
        ({"promise": Promised(DUE + timedelta(days=5))}, {}, Hold.PROMISE),
        ({"promise": Promised(DUE + timedelta(days=4))}, {}, None),
        ({"in_flight": True}, {}, Hold.IN_FLIGHT),
        ({"services": (replace(OFFICE, out=True),)}, {}, Hold.OUTAGE),
        ({"debts": (replace(INVOICE, disputed=True),)}, {}, Hold.DISPUTE),
        ({}, {"holiday": True}, Hold.HOLIDAY),
    ],
)
def test_who_is_spared_and_why(changes: dict[str, Any], day: Any, hold: Hold | None) -> None:
    rungs = [one | {"holidays": False} for one in (WALL, FEE)]
    night = tonight(ladder(*rungs), replace(customer(INVOICE), **changes), after(5, **day))
    both = ["late-fee", "wall"]
    assert spared(night) == ([] if hold is None else [(key, hold) for key in both])
    assert [key for key, _ in done(night)] == (both if hold is None else [])
    grace = Standing.GOOD if hold == Hold.DISPUTE else Standing.GRACE
    assert night.stands[0].tonight == (Standing.CUT_OFF if hold is None else grace)


def test_a_weekday_waits_for_the_next_that_may() -> None:
    rungs = (WALL | {"weekdays": [1, 2, 3, 4, 5]},)
    saturday, monday = after(3 + 7), after(5 + 7)
    assert spared(tonight(ladder(*rungs), customer(INVOICE), saturday)) == [("wall", Hold.WEEKDAY)]
    assert done(tonight(ladder(*rungs), customer(INVOICE), monday)) == [("wall", INVOICE.key)]


def test_who_is_walled_stays_so_on_a_day_that_walls_nobody() -> None:
    rungs = (WALL | {"weekdays": [1, 2, 3, 4, 5], "holidays": False},)
    walled = customer(INVOICE, service=replace(OFFICE, was="cut_off"))
    night = tonight(ladder(*rungs), walled, after(10, holiday=True))
    assert (night.stands[0].tonight, night.steps, night.spared) == (Standing.CUT_OFF, (), ())


@pytest.mark.parametrize("restores", [False, True])
def test_a_promise_brings_back_only_where_policy_says_so(restores: bool) -> None:
    facts = customer(INVOICE, service=replace(OFFICE, was="cut_off"),
                     promise=Promised(DUE + timedelta(days=9), restores))  # fmt: skip
    (stand,) = tonight(ladder(WALL), facts, after(9)).stands
    assert stand.tonight == (Standing.GRACE if restores else Standing.CUT_OFF)
    assert tonight(ladder(WALL), facts, after(10)).stands[0].tonight == Standing.CUT_OFF


def test_an_invoice_under_dispute_does_not_count() -> None:
    disputed = customer(replace(INVOICE, disputed=True), service=replace(OFFICE, was="cut_off"))
    night = tonight(ladder(WALL, FEE), disputed, after(60))
    assert night.stands[0].tonight == Standing.GOOD
    assert spared(night) == [("late-fee", Hold.DISPUTE), ("wall", Hold.DISPUTE)]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "ladder_not_everybody"),
        ([{"key": "a", "rungs": [], "tags": ["vip"]}], "ladder_not_everybody"),
        ([{"key": "a", "rungs": []}, {"key": "a", "rungs": []}], "ladder_key_twice"),
        ([{"key": "a", "rungs": [FEE, FEE]}], "ladder_key_twice"),
        ([{"key": "a", "rungs": [{"key": "x"}]}], "ladder_unreadable"),
        ([{"key": "a", "rungs": [FEE | {"colour": "red"}]}], "ladder_unreadable"),
        ([{"key": "a", "rungs": [FEE | {"action": "shout"}]}], "ladder_unreadable"),
        ([{"key": "a", "rungs": [FEE | {"debts": ["rent"]}]}], "ladder_unreadable"),
        ([{"key": "a", "rungs": [FEE | {"debts": []}]}], "ladder_unreadable"),
        ([{"key": "a", "rungs": [FEE | {"from_days": "5"}]}], "ladder_unreadable"),
        ([{"key": "a", "rungs": [FEE | {"weekdays": [0]}]}], "ladder_unreadable"),
        ([{"key": "a", "rungs": [FEE | {"fee_percent": "many"}]}], "ladder_unreadable"),
        ([{"key": "a", "rungs": [FEE | {"through_days": 4}]}], "ladder_days"),
        ([{"key": "a", "rungs": [WALL | {"through_days": 9}]}], "ladder_days"),
        ([{"key": "a", "rungs": [WALL | {"from_days": 0}]}], "ladder_too_early"),
        ([{"key": "a", "rungs": [REMIND | {"text": "hello"}]}], "ladder_text"),
        ([{"key": "a", "rungs": [REMIND | {"text": "code"}]}], "ladder_text"),
        ([{"key": "a", "rungs": [FEE | {"fee_minor": 0, "fee_percent": ""}]}], "ladder_no_fee"),
        ([{"key": "a", "rungs": [FEE | {"debts": ["fee"]}]}], "ladder_fee_on_fee"),
        ([{"key": "a", "rungs": [LOST | {"debts": ["renewal"]}]}], "ladder_no_invoice"),
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused(rows: Sequence[Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        read(rows)


def test_fees_on_fees_are_a_choice() -> None:
    chosen = read([{"key": "a", "rungs": [FEE | {"debts": ["fee"]}]}], fees_on_fees=True)
    assert chosen.segments[0].rungs[0].debts == {Kind.FEE}


def test_the_guides_ladder_is_one() -> None:
    guide = Path(__file__).resolve().parents[4] / "docs" / "guide" / "dunning.md"
    rows = json.loads(guide.read_text().split("```json\n")[1].split("```")[0])
    assert [one.key for one in read(rows).segments] == ["schools", "everybody"]


def test_only_debts_of_some_days_need_to_be_read() -> None:
    chosen = ladder(WALL, FEE, REMIND)
    assert window(chosen, (Kind.INVOICE,), (Action.MESSAGE,)) == (seen := window(
        ladder(REMIND), tuple(Kind), tuple(Action)))  # fmt: skip
    assert seen is not None
    assert (seen.first, seen.last) == (1, 1)
    whole = window(chosen, (Kind.INVOICE,), tuple(Action))
    assert whole is not None
    assert (whole.first, whole.last) == (1, None)
    assert window(chosen, (Kind.FEE,), tuple(Action)) is None


# What holds for every ladder and every customer.

WHOLE = ladder(REMIND, WALL, FEE, OFF, CALL, LOST, FEE | {
    "key": "share", "fee_minor": 0, "fee_percent": "10", "debts": ["one_time"],
    "from_days": 2, "owed_at_least_minor": 1000_00})  # fmt: skip
_KINDS = st.sampled_from([Kind.INVOICE, Kind.ONE_TIME, Kind.FEE])
_DEBTS = st.lists(
    st.builds(
        lambda number, kind, late, owed, disputed: Debt(
            f"invoice:{number}", kind, DUE - timedelta(days=late), owed, "", number,
            disputed=disputed,
        ),
        st.integers(1, 9), _KINDS, st.integers(-3, 120), st.integers(1, 5000_00), st.booleans(),
    ),
    max_size=4, unique_by=lambda debt: debt.key,
)  # fmt: skip
_CUSTOMERS = st.builds(
    lambda debts, was, out, flying, promise: customer(
        *debts, service=replace(OFFICE, was=was, out=out), in_flight=flying,
        promise=None if promise is None else Promised(DUE + timedelta(days=promise), promise > 2),
    ),
    _DEBTS, st.sampled_from(["good", "grace", "cut_off", "off"]), st.booleans(), st.booleans(),
    st.none() | st.integers(-3, 5),
)  # fmt: skip


def climbed(facts: Facts, night: Night) -> Facts:
    """The customer after the night's steps were taken."""
    keys = {(step.rung.key, step.debt.key) for step in night.steps
            if step.rung.action not in HOLDING}  # fmt: skip
    services = tuple(replace(one.service, was=str(one.tonight)) for one in night.stands)
    return replace(facts, done=facts.done | keys, services=services)


@given(facts=_CUSTOMERS, days=st.integers(0, 5))
def test_asking_again_gives_the_same_and_doing_it_leaves_nothing(facts: Facts, days: int) -> None:
    day = after(days)
    night = tonight(WHOLE, facts, day)
    assert tonight(WHOLE, facts, day) == night
    turned = replace(facts, debts=facts.debts[::-1])
    assert set(done(tonight(WHOLE, turned, day))) == set(done(night))
    gone = {step.debt.key for step in night.steps
            if step.rung.action is Action.WRITE_OFF and not step.asks}  # fmt: skip
    later = climbed(facts, night)
    later = replace(later, debts=tuple(one for one in later.debts if one.key not in gone))
    again = tonight(WHOLE, later, day)
    assert again.steps == ()
    assert [one.tonight for one in again.stands] == [one.tonight for one in night.stands]


@given(facts=_CUSTOMERS, pays=st.integers(0, 6000_00), days=st.integers(0, 5), drawn=st.data())
def test_paying_never_adds_an_action(
    facts: Facts, pays: int, days: int, drawn: st.DataObject
) -> None:
    left = list(facts.debts)
    if left:
        at = drawn.draw(st.integers(0, len(left) - 1))
        owed = left[at].owed_minor - pays
        left[at : at + 1] = [replace(left[at], owed_minor=owed)] if owed > 0 else []
    before = tonight(WHOLE, facts, after(days))
    paid = tonight(WHOLE, replace(facts, debts=tuple(left)), after(days))
    once = {(s.rung.key, s.debt.key) for s in before.steps if s.rung.action not in HOLDING}
    assert {(s.rung.key, s.debt.key) for s in paid.steps if s.rung.action not in HOLDING} <= once
    for was, now in zip(before.stands, paid.stands, strict=True):
        assert not worse(now.standing, was.standing)


@given(facts=_CUSTOMERS, days=st.integers(0, 5))
def test_nobody_is_held_off_further_while_something_spares_them(facts: Facts, days: int) -> None:
    night = tonight(WHOLE, facts, after(days))
    for stand in night.stands:
        falls = worse(stand.tonight, stand.service.was)
        assert not falls or not worse(stand.tonight, stand.standing)
        if facts.in_flight or stand.service.out:
            assert not falls or stand.tonight == Standing.GRACE
            assert not [step for step in night.steps if step.rung.action in HOLDING]

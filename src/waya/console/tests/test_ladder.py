"""The ladder on the screen: edited with tonight by it in sight, refused beside its fields, kept."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from waya.billing.commands.dunning.ladders import choose_ladder
from waya.billing.models import DunningAction
from waya.billing.policy import LadderPolicy
from waya.billing.queries.debts import ladder_of
from waya.billing.rules.ladder.reading import read, sayable, written
from waya.billing.tests.debtors import CALL, FEE, WALL, climbs, customers, invoiced
from waya.console.pages.dunning.ladder_sheet import beyond, sheet, typed_from
from waya.console.sheets.rows import numbers
from waya.console.tests.conftest import Opens
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_browser import listening
from waya.console.tests.test_pages import seen
from waya.console.tests.test_plans import shot
from waya.org.actors import SYSTEM
from waya.org.policy import chosen
from waya.org.rows.remembered import forget_all

pytestmark = pytest.mark.django_db

SHOTS = os.environ.get("WAYA_SHOTS", "")
WHERE = "/collections/ladder"
SCHOOLS: dict[str, Any] = {
    "key": "schools", "tags": ["school"], "modes": ["postpaid"], "from_account_days": 30,
    "rungs": [
        {"key": "remind", "action": "message", "text": "last_notice", "debts": ["invoice"],
         "from_days": -1, "through_days": 7, "weekdays": [1, 5], "holidays": False},
        {"key": "fine", "action": "fee", "debts": ["invoice", "one_time"], "from_days": 5,
         "fee_minor": 200_00, "fee_percent": "2.5", "owed_at_least_minor": 1000_00},
        {"key": "ring", "action": "follow_up", "debts": ["invoice"], "from_days": 9,
         "words": "Call the bursar"},
        {"key": "lost", "action": "write_off", "debts": ["invoice"], "from_days": 90},
    ],
}  # fmt: skip
EVERYBODY: dict[str, Any] = {"key": "everybody", "rungs": [
    {"key": "wall", "action": "wall", "debts": ["invoice", "renewal"], "from_days": 4},
    {"key": "off", "action": "disconnect", "debts": ["invoice"], "from_days": 30},
]}  # fmt: skip


@pytest.fixture
def grace(there: Town) -> Client:
    """The owner."""
    return signed_in("grace", "owner")


def typed(
    *segments: dict[str, Any], wished: str = "keep", but: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A ladder as the form sends it."""
    told = typed_from(segments, "KES", fees_on_fees=False)
    sent: dict[str, Any] = {name: told.getlist(name) for name in told}
    return sent | (but or {}) | {"step": wished}


def test_every_ladder_comes_back_from_the_form() -> None:
    segments = [SCHOOLS, EVERYBODY]
    ladder = read(segments)
    found = sheet(typed_from(written(ladder), "KES", False), "KES", limit_minor=0, quiet=False)
    assert found.ladder is not None, [form.errors for form in found.forms]
    assert found.ladder.segments == ladder.segments


def test_any_message_and_either_mode_come_back_from_the_form() -> None:
    says = [{"key": text, "action": "message", "text": text, "debts": ["invoice"], "from_days": 1}
            for text in sayable()]  # fmt: skip
    either = {"key": "either", "modes": ["prepaid", "postpaid"], "rungs": says}
    ladder = read([either, EVERYBODY])
    found = sheet(typed_from(written(ladder), "KES", False), "KES", limit_minor=0, quiet=False)
    assert found.ladder is not None
    assert found.ladder.segments == ladder.segments
    assert beyond(ladder, "KES", fees_on_fees=False) == ""


@pytest.mark.parametrize(
    ("segment", "where"),
    [
        ({"key": "schools", "tags": ["primary, boarding"], "rungs": []}, "schools"),
        ({"key": "odd", "modes": ["hourly"], "rungs": []}, "odd"),
        ({"key": "wide", "rungs": [], "from_account_days": -3, "plans": ["x"]}, "wide"),
        ({"key": "rung", "plans": ["x"], "rungs": [
            {"key": "say it", "action": "follow_up", "debts": ["invoice"], "from_days": 3}]},
         "rung"),
        ({"key": "far", "plans": ["x"], "rungs": [
            {"key": "call", "action": "follow_up", "debts": ["invoice"], "from_days": 4000}]},
         "far"),
        ({"key": "more", "plans": ["x"], "rungs": [
            {"key": "call", "action": "follow_up", "debts": ["invoice"], "from_days": 4,
             "text": "reminder"}]}, "more, call"),
    ],
)  # fmt: skip
def test_what_the_form_cannot_hold_is_not_kept_from_it(
    there: Town, grace: Client, segment: dict[str, Any], where: str
) -> None:
    choose_ladder(entity_id=there.entity.pk, segments=[segment, EVERYBODY], by=SYSTEM)
    forget_all()
    page = seen(grace, WHERE)
    assert f"says more than this form can ({where}" in page
    assert "POST /api/v1/billing/ladder" in page
    answer = grace.post(WHERE, typed(EVERYBODY))
    assert (answer.status_code, "Nothing was kept" in answer.content.decode()) == (422, True)
    forget_all()
    assert ladder_of(there.entity.pk).segments == read([segment, EVERYBODY]).segments
    assert grace.post(WHERE, typed(EVERYBODY, wished="standard")).status_code == 302


def test_the_ladder_that_holds_is_shown_with_tonight(there: Town, grace: Client) -> None:
    page = seen(grace, WHERE)
    for words in ("The standard one", "everybody", "remind-3", "Tonight by it",
                  "This is the ladder that holds"):  # fmt: skip
        assert words in page, words
    naomi = signed_in("naomi", "cashier")
    assert "Keep this ladder" not in seen(naomi, WHERE)
    naomi.post(WHERE, typed(EVERYBODY))
    assert not chosen(LadderPolicy, there.entity.pk).segments


def test_tonight_is_rehearsed_by_the_edited_ladder_before_it_holds(
    there: Town, grace: Client
) -> None:
    for row in customers(there.entity, 3):
        invoiced(row, 12)
    gentle = EVERYBODY | {"rungs": [
        {"key": "wall", "action": "wall", "debts": ["invoice"], "from_days": 60},
        {"key": "ring", "action": "follow_up", "debts": ["invoice"], "from_days": 9,
         "words": "Call"}]}  # fmt: skip
    answer = grace.post(WHERE, typed(gentle, wished="look"), headers={"HX-Request": "true"})
    page = " ".join(answer.content.decode().split()).replace("> <", "><")
    assert answer.status_code == 200
    called = page.split("To be called</span>")[1][:400]
    assert "Brian Mwangi, Brian 0, Brian 1 and 1 more" in called
    assert '<td class="num muted">0</td><td class="num"><b>4</b>' in called
    walled = page.split("Walled</span>")[1][:200]
    assert '<td class="num muted">4</td><td class="num"><b>0</b>' in walled
    assert not DunningAction.objects.exists()
    assert not chosen(LadderPolicy, there.entity.pk).segments


def test_it_is_kept_and_gone_back_from(there: Town, grace: Client) -> None:
    assert grace.post(WHERE, typed(SCHOOLS, EVERYBODY)).status_code == 302
    forget_all()
    assert written(ladder_of(there.entity.pk)) == written(read([SCHOOLS, EVERYBODY]))
    page = seen(grace, WHERE)
    for words in ("The company’s own", "Call the bursar", "schools, everybody", "Grace"):
        assert words in page, words
    assert grace.post(WHERE, typed(EVERYBODY, wished="standard")).status_code == 302
    forget_all()
    assert not chosen(LadderPolicy, there.entity.pk).segments
    assert "the standard ladder" in seen(grace, WHERE)


def test_what_makes_no_sense_is_refused_beside_its_field(there: Town, grace: Client) -> None:
    early = {"key": "everybody", "rungs": [EVERYBODY["rungs"][0] | {"from_days": 0}]}
    free = {"key": "everybody", "rungs": [
        {"key": "fine", "action": "fee", "debts": ["invoice"], "from_days": 5}]}  # fmt: skip
    for sent, field, words in (
        (typed(early), "segment-0-rung-0-from_days", "Before the due day has passed"),
        (typed(free), "segment-0-rung-0-fee", "The fee at everybody, fine is of nothing"),
        (typed(EVERYBODY, but={"segment-0-rung-0-debts": []}), "segment-0-rung-0-debts",
         "For which debts?"),
        (typed(EVERYBODY, but={"segment-0-key": "no spaces"}), "segment-0-key", "Letters, digits"),
    ):  # fmt: skip
        answer = grace.post(WHERE, sent)
        assert answer.status_code == 422
        page = answer.content.decode()
        assert words in page.split(f'id="id_{field}-error"')[1].split("</span>")[0], field
    nobody = grace.post(WHERE, typed(SCHOOLS))
    assert "last segment must take everybody" in nobody.content.decode()
    twice = grace.post(WHERE, typed(EVERYBODY, EVERYBODY))
    assert "The ladder has everybody twice" in twice.content.decode()
    for broken in ({"step": "keep"}, {"step": "segment-0:drop"}, {"segment-0-key": ""}):
        assert grace.post(WHERE, broken).status_code in (200, 422)
    assert not chosen(LadderPolicy, there.entity.pk).segments


def test_segments_change_places(there: Town, grace: Client) -> None:
    answer = grace.post(WHERE, typed(EVERYBODY, SCHOOLS, wished="segment-1:up"))
    rows = answer.context["filled"].rows
    assert [row.form["key"].value() for row in rows] == ["schools", "everybody"]
    assert [len(row.rungs) for row in rows] == [4, 2]
    assert numbers(answer.context["filled"].rows[0].form.data, "segment") == [0, 1]


def test_grace_edits_the_ladder_in_a_browser(live_town: Town, opens: Opens) -> None:
    climbs(live_town.entity, FEE, WALL, CALL)
    for row in customers(live_town.entity, 4):
        invoiced(row, 12)
    page = opens(signed_in("grace", "owner"), 1280)
    complaints = listening(page)
    page.goto(WHERE)
    shot(page, "ladder")
    tonight = page.get_by_role("status").filter(has_text="Tonight by it")
    expect(tonight).to_contain_text("This is the ladder that holds")
    page.get_by_role("button", name="Drop this rung").last.click()
    expect(page.get_by_role("button", name="Drop this rung")).to_have_count(2)
    expect(tonight).not_to_contain_text("This is the ladder that holds")
    page.get_by_role("button", name="Another segment, last").click()
    expect(page.get_by_label("Segment", exact=True)).to_have_count(2)
    page.get_by_label("Segment", exact=True).last.fill("others")
    page.get_by_label("With a tag of").first.fill("school")
    page.get_by_role("button", name="Another rung").last.click()
    expect(page.get_by_role("button", name="Drop this rung")).to_have_count(3)
    page.get_by_label("Name").last.fill("remind")
    page.get_by_label("From day").last.fill("3")
    page.get_by_role("button", name="Keep this ladder").click()
    expect(page.get_by_text("For which debts?")).to_be_visible()
    shot(page, "ladder-refused")
    page.get_by_label("Invoices").last.check()
    expect(page.get_by_role("status").filter(has_text="Tonight by it")).to_be_visible()
    page.get_by_role("button", name="Keep this ladder").click()
    expect(page.get_by_text("Chosen before")).to_be_visible()
    shot(page, "ladder-kept")
    assert SHOTS or complaints == []

"""What is sold: plans and versions written with what a customer pays in sight; promotions."""

from __future__ import annotations

import os
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from waya.billing.tests.make import home_10, office_20
from waya.billing.tests.test_add_ons import static_ip
from waya.catalog.commands import add_bundle, publish_version
from waya.catalog.models import Plan, PlanVersion, Promotion
from waya.catalog.queries import interval_of, versions
from waya.catalog.rules.plans import Charge, Interval, Phase, PlanTerms, Tier
from waya.catalog.rules.versions import flat
from waya.cli.tests.browser import serious
from waya.console.pages.packs.sold import AddOnForm
from waya.console.pages.plans.sheet import sheet, typed_from
from waya.console.sheets.rows import numbers, step, typed_of
from waya.console.tests.conftest import Opens
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_browser import listening
from waya.console.tests.test_pages import seen
from waya.kernel.money import Money
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import Grant

pytestmark = pytest.mark.django_db

SHOTS = os.environ.get("WAYA_SHOTS", "")


@pytest.fixture
def grace(there: Town) -> Client:
    """The owner."""
    return signed_in("grace", "owner")


def flat_price(there: Town, price: str = "2,900", **more: Any) -> dict[str, Any]:
    """A version of one price, as the form sends it."""
    day = there.today.isoformat()
    return {
        "charge-0-kind": "flat", "charge-0-code": "fee", "charge-0-price": price,
        "tax_inclusive": "yes", "price_per": "cycle", "then": "on", "valid_from": day,
        "begins": day, "quantity": "1",
    } | more  # fmt: skip


NEW = {"name": "Home 20 Mbps", "code": "home-20", "mode": "prepaid", "count": "1",
       "unit": "month", "calendar_day": "", "down_mbps": "20", "up_mbps": "20"}  # fmt: skip


def test_rows_are_added_dropped_and_moved() -> None:
    typed = typed_of({"charge-0-kind": "flat", "charge-0-price": "1", "charge-3-kind": "deposit"})
    more = step(typed, "charge:add")
    assert numbers(more, "charge") == [0, 3, 4]
    tiers = step(step(more, "charge-3-tier:add"), "charge-3-tier:add")
    assert numbers(tiers, "charge-3-tier") == [0, 1]
    moved = step(tiers, "charge-3:up")
    assert (moved["charge-0-kind"], moved["charge-3-price"]) == ("deposit", "1")
    assert numbers(moved, "charge-0-tier") == [0, 1]
    dropped = step(moved, "charge-0:drop")
    assert [name for name in dropped if name.startswith("charge-0")] == []
    for nonsense in ("", "publish", "charge:fly", "x-1:drop", "charge-9:up", "../:add"):
        assert step(typed, nonsense) == typed


def test_every_version_that_the_form_can_say_comes_back_from_it(there: Town) -> None:
    plan = office_20(there.entity)
    tiers = (Tier(_f("100"), _f("0")), Tier(None, _f("1250"), _f("50000")))
    terms = PlanTerms(
        plan.code, interval_of(plan),
        (*flat(2000_00), Charge("gb", "graduated", tiers=tiers, metric="gb", included=_f("5")),
         Charge("boxes", "package", _f("35/2"), lot=_f("10"), timing="advance"),
         Charge("router", "deposit", _f("150000"))),
        (Phase("trial", Interval("day", 14)),
         Phase("trial", Interval("day", 7), (Charge("gb", "per_unit", _f("1000"), metric="gb"),)),
         Phase("discount", Interval("month", 2), flat(999_00)),
         Phase("discount", Interval("month", 1),
               (*flat(500_00), Charge("gb", "volume", tiers=tiers, metric="gb"),
                Charge("boxes", "package", _f("1500"), lot=_f("20"))), _f("1/10")),
         Phase("fixed_term", Interval("month", 12), percent_off=_f("1/8")), Phase()),
        minimum=_f("240000"), name=plan.name,
    )  # fmt: skip
    typed = typed_from(terms, "KES")
    day = there.today.isoformat()
    for name, value in {"valid_from": day, "begins": day, "tax_inclusive": "yes",
                        "quantity": "1"}.items():  # fmt: skip
        typed[name] = value
    found = sheet(typed, plan, "KES", quiet=False)
    assert found.terms == terms, [form.errors for form in found.forms]


def both(entity: Entity) -> Plan:
    """Home 10 and a TV box with a deposit, as one."""
    home_10(entity)
    static_ip(entity, code="tv", name="TV box", price_minor=600_00, tax_class="goods",
              deposit_minor=1000_00)  # fmt: skip
    return add_bundle(entity_id=entity.pk, code="both", name="Home and TV", price_minor=2790_00,
                      parts=["home-10", "tv"], valid_from=date(2020, 1, 1), by=SYSTEM)  # fmt: skip


def _f(text: str) -> Fraction:
    return Fraction(text)


def test_grace_sells_a_plan_and_publishes_a_version(there: Town, grace: Client) -> None:
    assert "A speed" not in seen(grace, "/plans/new")
    told = NEW | flat_price(there, "3,500") | {
        "step": "publish", "charge-1-kind": "deposit", "charge-1-code": "router",
        "charge-1-price": "1,500", "phase-0-kind": "trial", "phase-0-count": "7",
        "phase-0-unit": "day",
    }  # fmt: skip
    assert grace.post("/plans/new", told)["Location"] == "/plans/home-20"
    page = seen(grace, "/plans/home-20")
    for words in ("fee: KES 3,500 a period", "router: KES 1,500 deposit", "Free for 7 days",
                  "then for ever", "sold now"):  # fmt: skip
        assert words in page, words
    again = grace.post("/plans/new", told)
    assert (again.status_code, b"There is a plan home-20 already" in again.content) == (422, True)
    later = (there.today + timedelta(days=30)).isoformat()
    told = flat_price(there, "3,900", valid_from=later, step="publish")
    assert grace.post("/plans/home-20/publish", told).status_code == 302
    page = seen(grace, "/plans/home-20")
    assert "/plans/home-20/2" in page
    assert "ahead" in page
    clash = grace.post("/plans/home-20/publish", told | {"charge-0-price": "4,000"})
    assert clash.status_code == 422
    assert "prices do not change" in clash.content.decode()
    assert "3,900" in seen(grace, "/plans")


def test_the_preview_says_what_a_customer_pays(there: Town, grace: Client) -> None:
    where = f"/plans/{there.amina.plan.code}/publish"
    page = seen(grace, where)
    assert "First payment" in page
    assert "as version 1" in page
    told = flat_price(there, "3,000", step="look")
    answer = grace.post(where, told, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    words = " ".join(answer.content.decode().split())
    assert "500 than version 1" in words.replace("</span>", "").replace("KES</small>", "")
    assert "36,000" in words
    assert 'hx-swap-oob="true"' in words
    assert PlanVersion.objects.filter(plan=there.amina.plan).count() == 1


def test_faults_stand_beside_their_fields(there: Town, grace: Client) -> None:
    where = f"/plans/{there.amina.plan.code}/publish"
    told = flat_price(there, "a lot", step="publish") | {
        "charge-1-kind": "per_unit", "charge-1-code": "gb", "charge-1-price": "5",
        "charge-1-metric": "gb", "charge-2-kind": "volume", "charge-2-code": "seats",
        "charge-2-tier-0-up_to": "10", "charge-2-tier-0-price": "5",
        "charge-2-tier-1-up_to": "10", "charge-2-tier-1-price": "4",
        "phase-0-kind": "discount", "phase-0-count": "2", "phase-0-unit": "month",
    }  # fmt: skip
    answer = grace.post(where, told)
    assert answer.status_code == 422
    page = answer.content.decode()
    for field, words in {
        "charge-0-price": "Write a number such as 2,500.",
        "charge-2-tier-1-up_to": "Tiers rise.",
        "phase-0-percent_off": "Say how much cheaper.",
    }.items():
        assert words in page.split(f'id="id_{field}-error"')[1].split("</span>")[0], field
    quietly = grace.post(where, told | {"step": "look"}).content.decode()
    assert "Say how much cheaper." not in quietly, "while it is filled in, empty is no fault"
    assert "Write a number such as 2,500." in quietly
    twice = flat_price(there) | {"charge-1-kind": "flat", "charge-1-code": "fee",
                                 "charge-1-price": "5", "step": "publish"}  # fmt: skip
    assert "Two charges have the code fee" in grace.post(where, twice).content.decode()
    ends = flat_price(there, then="ends", step="publish")
    assert grace.post(where, ends).status_code == 422
    for broken in ({}, {"step": "charge-0:drop"}, {"charge-0-kind": "x", "step": "publish"}):
        assert grace.post(where, broken).status_code in (200, 422)
    assert PlanVersion.objects.filter(plan=there.amina.plan).count() == 1


def test_what_no_form_can_hold_is_not_lost_unless_one_says_so(there: Town, grace: Client) -> None:
    plan = there.amina.plan
    phases = (Phase("discount", Interval("month", 1), flat(1)), Phase(charges=flat(300_00)))
    terms = PlanTerms(plan.code, interval_of(plan), flat(100_00), phases, name=plan.name)
    publish_version(plan_id=plan.pk, terms=terms, valid_from=there.today, by=SYSTEM)
    where = f"/plans/{plan.code}/publish"
    assert "Version 2 says more than this form can hold" in seen(grace, where)
    later = (there.today + timedelta(days=1)).isoformat()
    told = flat_price(there, valid_from=later, step="publish")
    answer = grace.post(where, told)
    assert answer.status_code == 422
    assert f"POST /api/v1/plans/{plan.public_id}/versions" in answer.content.decode()
    assert plan.versions.count() == 2
    assert grace.post(where, told | {"anew": "yes"}).status_code == 302
    assert plan.versions.count() == 3


def test_a_phase_with_several_prices_is_written_and_read(there: Town, grace: Client) -> None:
    plan = there.brian.plan
    where = f"/plans/{plan.code}/publish"
    told = flat_price(there, step="publish") | {
        "phase-0-kind": "discount", "phase-0-count": "2", "phase-0-unit": "month",
        "phase-0-charge-0-kind": "flat", "phase-0-charge-0-code": "fee",
        "phase-0-charge-0-price": "900", "phase-0-charge-1-kind": "graduated",
        "phase-0-charge-1-code": "gb", "phase-0-charge-1-metric": "gb",
        "phase-0-charge-1-tier-0-up_to": "50", "phase-0-charge-1-tier-0-price": "0",
        "phase-0-charge-1-tier-1-price": "7.50",
    }  # fmt: skip
    twice = grace.post(where, told | {"phase-0-charge-1-code": "fee"})
    assert (twice.status_code, "Two charges have the code fee" in twice.content.decode()) == (
        422, True)  # fmt: skip
    early = grace.post(where, told | {"phase-0-charge-2-kind": "deposit",
                                      "phase-0-charge-2-code": "box",
                                      "phase-0-charge-2-price": "5"})  # fmt: skip
    assert early.status_code == 422, "what is charged once is of the plan, not of a phase"
    assert grace.post(where, told).status_code == 302
    phase = plan.versions.get(number=2).terms["phases"][0]
    assert [one["kind"] for one in phase["charges"]] == ["flat", "graduated"]
    page = seen(grace, f"/plans/{plan.code}")
    assert "First for 2 months, at fee: KES 900 a period; gb: to 50 KES 0; beyond KES 7.5" in page
    again = seen(grace, where)
    assert 'name="phase-0-charge-1-tier-1-price" value="7.5"' in again
    assert "says more" not in again


def test_a_bundle_keeps_what_its_parts_are_taxed_as(there: Town, grace: Client) -> None:
    bundle = both(there.entity)
    terms = next(iter(versions([bundle]).values())).terms
    typed = typed_from(terms, "KES")
    day = there.today.isoformat()
    for name, value in {"valid_from": day, "begins": day, "tax_inclusive": "yes",
                        "quantity": "1"}.items():  # fmt: skip
        typed[name] = value
    assert sheet(typed, bundle, "KES", quiet=False).terms == terms
    told = {name: typed.getlist(name) for name in typed}
    cheaper = told | {"charge-0-price": "2,000", "step": "publish"}
    assert grace.post(f"/plans/{bundle.code}/publish", cheaper).status_code == 302
    kept = bundle.versions.get(number=2).terms["charges"]
    assert [one.get("tax_class") for one in kept] == ["internet", "goods", "goods"]


def test_who_may_not_change_the_catalog_only_reads(there: Town) -> None:
    naomi = signed_in("naomi", "cashier")
    code = there.amina.plan.code
    assert "New version" not in seen(naomi, f"/plans/{code}")
    assert "New promotion" not in seen(naomi, "/plans/promotions")
    for address in (f"/plans/{code}/publish", "/plans/new", "/plans/promotions/new"):
        assert naomi.get(address).status_code == 403
    assert naomi.get("/plans/nothing").status_code == 404


def test_a_promotion_is_offered_given_used_and_ended(there: Town, grace: Client) -> None:
    assert "No promotion yet" in seen(grace, "/plans/promotions")
    day = there.today.isoformat()
    told = {"code": "welcome", "name": "First months", "percent": "25", "amount": "",
            "periods": "2", "valid_from": day, "end": "",
            "plans": [there.amina.plan.code]}  # fmt: skip
    both = grace.post("/plans/promotions/new", told | {"amount": "100"})
    assert (both.status_code, b"Give a percentage or an amount." in both.content) == (422, True)
    assert grace.post("/plans/promotions/new", told)["Location"] == "/plans/promotions/WELCOME"
    again = grace.post("/plans/promotions/new", told | {"percent": "30"})
    assert b"There is a promotion WELCOME already" in again.content
    assert "Nobody has it yet" in seen(grace, "/plans/promotions/WELCOME")
    where = "/plans/promotions/WELCOME/give"
    assert b"No running service has this." in grace.post(where, {"service": "nobody"}).content
    account = there.amina.customer.account_number
    assert grace.post(where, {"service": account}).status_code == 302
    assert Grant.objects.get().subscription == there.amina
    page = seen(grace, "/plans/promotions/WELCOME")
    for words in ("Amina Hassan", "0 had", "2 to come", "25 %"):
        assert words in page, words
    other = grace.post(where, {"service": there.brian.username})
    assert b"Nobody gives out WELCOME for this plan today." in other.content
    where = "/plans/promotions/WELCOME/end"
    past = grace.post(where, {"on": (there.today - timedelta(days=1)).isoformat()})
    assert (past.status_code, b"ends today or later" in past.content) == (422, True)
    assert "1 service keep" in seen(grace, where)
    assert grace.post(where, {"on": day}).status_code == 302
    assert Promotion.objects.get().end == there.today
    assert "Ended" in seen(grace, "/plans/promotions")
    assert grace.get("/plans/promotions/NOPE").status_code == 404


def shot(page: Page, name: str) -> None:
    """A picture at both widths, and nothing that is too wide or that axe holds against it."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
        assert serious(page) == [], (name, width)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)


def _meter(page: Page) -> None:
    """Price what is used in tiers, after a trial of a fortnight."""
    page.get_by_role("button", name="Another price").click()
    expect(page.get_by_label("How", exact=True)).to_have_count(2)
    page.get_by_label("How", exact=True).last.select_option("graduated")
    page.get_by_label("Name on invoices").last.fill("gb")
    page.get_by_label("Of what was used").last.fill("gb")
    page.get_by_role("button", name="First tier").click()
    page.get_by_label("Up to, units").fill("100")
    page.get_by_label("Price of a unit").fill("0")
    page.get_by_role("button", name="Another tier").click()
    expect(page.get_by_label("Price of a unit")).to_have_count(2)
    expect(page.get_by_label("Up to, units").first).to_have_value("100")
    page.get_by_label("Price of a unit").last.fill("12.50")
    page.get_by_label("In the example, used a period").fill("140")
    page.get_by_role("button", name="A phase before").click()
    page.get_by_label("For", exact=True).fill("14")
    page.get_by_label("Of", exact=True).select_option("day")


def test_grace_writes_a_version_on_the_screen(live_town: Town, opens: Opens) -> None:
    plan = live_town.brian.plan
    page = opens(signed_in("grace", "owner"), 1280)
    complaints = listening(page)
    page.goto(f"/plans/{plan.code}")
    shot(page, "plan")
    page.get_by_role("link", name="New version").click()
    paying = page.get_by_role("status").filter(has_text="The first year")
    expect(paying).to_contain_text("as version 1")
    price = page.get_by_label("Price, KES", exact=True)
    price.press("End")
    price.press_sequentially("0")
    expect(paying).to_contain_text("300,000")
    expect(price).to_be_focused()
    price.fill("2,9oo")
    expect(page.get_by_text("Write a number such as 2,500.")).to_be_visible()
    expect(price).to_have_value("2,9oo")
    price.fill("2,000")
    expect(page.get_by_text("Write a number such as 2,500.")).to_be_hidden()
    _meter(page)
    expect(paying).to_contain_text("Free until")
    expect(paying).to_contain_text("gb: 140")
    page.get_by_text("Bill by bill").click()
    shot(page, "version")
    page.get_by_role("button", name="Another price").click()
    expect(page.get_by_label("How", exact=True)).to_have_count(3)
    page.get_by_label("How", exact=True).last.select_option("deposit")
    expect(page.get_by_label("Deposit, KES")).to_be_visible()
    page.get_by_role("button", name="Publish the version").click()
    expect(page.get_by_text("Give a price.")).to_be_visible()
    shot(page, "version-refused")
    page.get_by_label("Name on invoices").last.fill("router")
    page.get_by_label("Deposit, KES").fill("1,500")
    page.get_by_label("New customers have it from").fill(
        (live_town.today + timedelta(days=1)).isoformat()
    )
    page.get_by_role("button", name="Publish the version").click()
    expect(page.get_by_text("router: KES 1,500 deposit")).to_be_visible()
    shot(page, "plan-versions")
    made = PlanVersion.objects.get(plan=plan, number=2)
    assert [one["kind"] for one in made.terms["charges"]] == ["flat", "graduated", "deposit"]
    page.goto("/plans/new")
    shot(page, "plan-new")
    assert SHOTS or complaints == []


def test_a_phase_gets_prices_of_its_own_on_the_screen(live_town: Town, opens: Opens) -> None:
    plan = live_town.brian.plan
    page = opens(signed_in("grace", "owner"), 1280)
    complaints = listening(page)
    page.goto(f"/plans/{plan.code}/publish")
    page.get_by_role("button", name="A phase before").click()
    phase = page.get_by_label("Phase", exact=True)
    phase.get_by_label("First", exact=True).select_option("discount")
    phase.get_by_label("For", exact=True).fill("2")
    expect(phase.get_by_label("Or for, a period")).to_be_visible()
    phase.get_by_role("button", name="Prices of its own").click()
    expect(phase.get_by_label("Or for, a period")).to_have_count(0)
    phase.get_by_label("Name on invoices").fill("seats")
    phase.get_by_label("How", exact=True).select_option("package")
    phase.get_by_label("Price of a lot, KES").fill("750")
    phase.get_by_label("Units in a lot").fill("10")
    paying = page.get_by_role("status").filter(has_text="The first year")
    expect(paying).to_contain_text("26,500")
    shot(page, "version-phase")
    page.get_by_role("button", name="Publish the version").click()
    expect(page.get_by_text("seats: KES 750 for 10 unit")).to_be_visible()
    assert SHOTS or complaints == []


def test_promotions_in_a_browser(live_town: Town, opens: Opens) -> None:
    page = opens(signed_in("grace", "owner"), 1280)
    complaints = listening(page)
    page.goto("/plans/promotions")
    shot(page, "promotions-none")
    page.get_by_role("link", name="New promotion").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Code").fill("WELCOME")
    dialog.get_by_label("Name").fill("First months at half")
    dialog.get_by_label("Off, %").fill("50")
    dialog.get_by_label("For periods").fill("3")
    shot(page, "promotion-new")
    dialog.get_by_role("button", name="Offer it").click()
    page.get_by_role("link", name="Give it to a service").click()
    dialog.get_by_label("Username").fill(live_town.amina.username)
    dialog.get_by_role("button", name="Give it").click()
    expect(page.get_by_role("link", name="Amina Hassan")).to_be_visible()
    shot(page, "promotion")
    page.goto("/plans/promotions")
    shot(page, "promotions")
    assert SHOTS or complaints == []


def test_a_plan_is_withdrawn_and_sold_again(there: Town, grace: Client) -> None:
    assert "2 services keep it" in seen(grace, "/plans/home-10/withdraw")
    assert grace.post("/plans/home-10/withdraw").status_code == 302
    assert not Plan.objects.get(code="home-10").on_sale
    assert "Home 10 Mbps, KES" not in grace.get("/customers/new").content.decode()
    assert "Sell again" in seen(grace, "/plans/home-10")
    assert grace.post("/plans/home-10/sell").status_code == 302
    assert Plan.objects.get(code="home-10").on_sale
    assert signed_in("naomi", "cashier").post("/plans/home-10/withdraw").status_code == 403


def test_a_code_that_is_taken_is_said_and_sums_are_in_the_money_of_the_company(
    there: Town, grace: Client
) -> None:
    told = {"name": "TV", "code": "home-10", "price": "300", "valid_from": there.today.isoformat(),
            "tax_class": "internet"}  # fmt: skip
    answer = grace.post("/plans/add-ons/new", told)
    assert (answer.status_code, b"Choose another code" in answer.content) == (422, True)
    entity = Entity.objects.get(pk=there.entity.pk)
    entity.currency, entity.country = "UGX", "UG"  # a currency without cents
    form = AddOnForm(entity, told | {"code": "tv", "tax_class": "internet"})
    assert form.fields["price"].label == "Price a period, UGX"
    assert form.is_valid(), form.errors
    assert form.cleaned_data["price"] == Money(300, "UGX")
    told |= {"code": "tv", "unit": "week", "count": "2"}
    assert grace.post("/plans/add-ons/new", told).status_code == 302
    plan = Plan.objects.get(code="tv")
    assert (plan.unit, plan.count, plan.versions.get().amount_minor) == ("week", 2, 300_00)


def test_hours_cannot_wait_for_their_end(there: Town, grace: Client) -> None:
    told = flat_price(there, **NEW) | {
        "unit": "hour", "charge-1-kind": "per_unit", "charge-1-code": "gb", "charge-1-price": "5",
        "charge-1-metric": "gb", "step": "publish",
    }  # fmt: skip
    page = grace.post("/plans/new", told)
    assert (page.status_code, b"cannot wait" in page.content) == (422, False)
    assert b"nothing of them can wait for their end" in page.content
    assert grace.post("/plans/new", told | {"unit": "month"}).status_code == 302

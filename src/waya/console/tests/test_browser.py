"""The main flows in a real browser, by keyboard and by hand, and nothing that axe finds serious."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from waya.cli.tests.browser import serious
from waya.console.tests.conftest import Opens
from waya.console.tests.make import Town, on_the_wire, paid_to, signed_in, slip_of
from waya.org.actors import SYSTEM
from waya.org.commands.approvals import request_approval
from waya.org.models import Approval
from waya.subscriptions.models import Subscription

# What a form refuses is answered by 422, and a preview that is typed over is given up.
_MEANT = ("422 (Unprocessable", "htmx:sendAbort", "htmx:afterRequest")


def listening(page: Page) -> list[str]:
    """Whatever the browser complains of, a breach of the content policy included."""
    complaints: list[str] = []

    def hear(text: str) -> None:
        if not any(meant in text for meant in _MEANT):
            complaints.append(text)

    page.on("console", lambda message: hear(message.text))
    page.on("pageerror", lambda error: hear(str(error)))
    return complaints


def test_naomi_matches_by_keyboard(live_town: Town, opens: Opens) -> None:
    paid_to(live_town, "wifi", transaction="UKL7X4T2R1", shillings=77, name="ZAWADI",
            payer="2547 ***** 999")  # fmt: skip
    paid_to(live_town, slip_of(live_town.chebet.customer.account_number))
    page = opens(signed_in("naomi", "cashier"), 1440)
    complaints = listening(page)
    page.goto("/payments?state=suspense")
    desk = page.get_by_role("region", name="The chosen payment")
    expect(desk).to_contain_text("Very likely")
    page.keyboard.press("j")
    page.wait_for_url(re.compile("chosen="))
    page.goto("/payments?state=suspense")
    expect(desk).to_contain_text("Chebet Korir")
    page.keyboard.press("m")
    expect(page.get_by_text("Matched by Naomi.")).to_be_visible()
    expect(page.get_by_role("heading", name="Where it went")).to_be_visible()
    live_town.chebet.refresh_from_db()
    assert live_town.chebet.state == Subscription.ACTIVE
    assert complaints == []


def test_naomi_takes_cash_in_a_dialog(live_town: Town, opens: Opens) -> None:
    account = live_town.chebet.customer.account_number
    page = opens(signed_in("naomi", "cashier"), 390)
    complaints = listening(page)
    page.goto(f"/customers/{account}")
    expect(page.get_by_text("KES 2,500 brings the service back.")).to_be_visible()
    page.get_by_role("link", name="Take payment").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Amount, KES")).to_have_value("2,500")
    dialog.get_by_label("Slip number").fill("S-101")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="2,500 by Cash")).to_be_visible()
    expect(page.get_by_text("Settled INV-")).to_be_visible()
    assert complaints == []


def test_a_refused_form_keeps_what_was_typed(live_town: Town, opens: Opens) -> None:
    page = opens(signed_in("naomi", "cashier"), 390)
    page.goto("/payments/cash")
    page.get_by_label("Account number").fill(slip_of(live_town.chebet.customer.account_number))
    page.get_by_label("Amount, KES").fill("2500")
    page.get_by_label("Slip number").fill("S-102")
    page.get_by_role("button", name="Take the cash").click()
    expect(page.get_by_text("No account has this number.")).to_be_visible()
    expect(page.get_by_label("Slip number")).to_have_value("S-102")
    expect(page.get_by_label("Account number")).to_be_focused()


def test_wanjiku_approves(live_town: Town, opens: Opens) -> None:
    asked = request_approval(
        entity_id=live_town.entity.pk, kind="cut_off", subject="night:1",
        title="Cut off 61 on Lanet-1", why={"customers": 61}, by=SYSTEM,
    )  # fmt: skip
    page = opens(signed_in("wanjiku", "accountant"), 1440)
    complaints = listening(page)
    page.goto("/")
    page.get_by_role("link", name="Cut off 61 on Lanet-1", exact=True).click()
    page.get_by_role("button", name="Let it happen").click()
    expect(page.get_by_text("Granted, being carried out, Wanjiku")).to_be_visible()
    asked.refresh_from_db()
    assert asked.state == Approval.GRANTED
    assert complaints == []


def test_the_palette_finds_and_goes(live_town: Town, opens: Opens) -> None:
    page = opens(signed_in("naomi", "cashier"), 1440)
    complaints = listening(page)
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("chebte")
    expect(page.locator("#found")).to_contain_text("Chebet Korir")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Chebet Korir")).to_be_visible()
    assert complaints == []


def test_the_router_page_comes_alive_by_itself(
    live_town: Town, opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opens(signed_in("otieno", "network"), 1440)
    page.goto("/routers")
    expect(page.get_by_text("Applying 3")).to_be_visible()
    with on_the_wire(live_town, monkeypatch):
        expect(page.get_by_text("Holds", exact=True)).to_be_visible()
        page.get_by_role("link", name="Lanet-1").click()
        page.get_by_role("link", name="Walled").click()
        expect(page.locator("#list tbody tr")).to_have_count(1)
        expect(page.locator("#list")).to_contain_text("Chebet Korir")


def test_axe_finds_nothing_serious(
    live_town: Town, opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = paid_to(live_town, slip_of(live_town.chebet.customer.account_number))
    account = live_town.chebet.customer.account_number
    invoice = live_town.amina.customer.invoices.get().number
    with on_the_wire(live_town, monkeypatch):
        page = opens(signed_in("grace", "owner"), 1440)
        complaints = listening(page)
        for address in (
            "/", "/customers", f"/customers/{account}", f"/customers/{account}/pay", "/payments",
            "/payments?state=suspense", f"/payments/{payment.receipt_number}", "/invoices",
            f"/invoices/{invoice}", "/collections", "/books", "/books?tab=accounts", "/online",
            "/routers", "/routers/Lanet-1", "/plans", "/approvals", "/settings/business",
            "/pieces", "/search?q=che",
        ):  # fmt: skip
            page.goto(address)
            for width in (1440, 390):
                page.set_viewport_size({"width": width, "height": 900})
                assert serious(page) == [], f"{address} at {width}"
                fits = "document.documentElement.scrollWidth <= innerWidth"
                assert page.evaluate(fits), f"{address} at {width}"
    assert complaints == []

"""The portal in a real browser: with and without script, on a phone and wide, within its bytes."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from waya.billing.tests.make import home_10
from waya.billing.tests.test_add_ons import static_ip
from waya.cli.tests.browser import NEWS, serious
from waya.network.models import Session
from waya.payments import providers
from waya.payments.models import Merchant, Prompt
from waya.payments.tests import make as paying
from waya.portal.tests.make import (
    Provider,
    code_sent,
    dialled_in,
    proven_on_router,
    signed_in,
)
from waya.subscriptions.models import Subscription

PHONE, WIDE, NARROW = 390, 1440, 320
FIRST_LOAD_BYTES = 20 * 1024


@pytest.fixture
def merchant(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Merchant:
    """Baraka Net, where the server's own thread sees it."""
    provider = Provider()
    monkeypatch.setattr(providers, "driver_of", lambda merchant: provider)
    one = paying.merchant()
    one.entity.refresh_from_db()
    return one


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    """Online: paid, proven, dialled in."""
    row = paying.asked(merchant.entity)
    paying.tell(merchant, "c", paying.confirmation(row.customer.account_number))
    paying.work_off(merchant)
    proven_on_router(row)
    dialled_in(row)
    return row


@pytest.fixture
def brian(merchant: Merchant) -> Subscription:
    """Walled: KES 2,500 is asked."""
    row = paying.asked(merchant.entity, "Brian Mwangi", "0700000334")
    Subscription.objects.filter(pk=row.pk).update(state=Subscription.SUSPENDED, standing="cut_off")
    return row


Opens = Callable[..., Page]


@pytest.fixture
def opens(chromium: Chromium, live_server: LiveServer) -> Iterator[Opens]:
    """A window at a width, with or without script; its complaints fail the test."""
    complaints: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if _is_complaint(said):
            complaints.append(said.text)

    def open_(width: int = PHONE, *, script: bool = True, phone: str = "") -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 844}, base_url=live_server.url,
            java_script_enabled=script, locale="en-KE",
        )  # fmt: skip
        if phone:
            known = signed_in(phone).cookies["waya_my"].value
            context.add_cookies([{"name": "waya_my", "value": known, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)
        return page

    yield open_
    assert complaints == []


def _is_complaint(said: ConsoleMessage) -> bool:
    """A form that comes back with 422 is no fault of the page."""
    return said.type == "error" and "status of 422" not in said.text


def keep(page: Page, name: str) -> None:
    """Keep a picture for a person to look at, if asked where."""
    folder = os.environ.get("WAYA_SCREENS")
    if folder:
        width = (page.viewport_size or {"width": 0})["width"]
        page.screenshot(path=f"{folder}/portal-{name}-{width}.png", full_page=True)


def arrives(merchant: Merchant, account: str = "", receipt: str = "UKL7Y0B3DF") -> None:
    """The money for the newest prompt, or for an account, is told and worked off."""
    if account:
        paying.tell(merchant, "c", paying.confirmation(account, receipt))
    else:
        prompt = Prompt.objects.latest("pk")
        raw = paying.callback(prompt.key or "", phone=int(prompt.phone[1:]), receipt=receipt)
        paying.tell(merchant, "s", raw)
    paying.work_off(merchant)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_join_and_pay(merchant: Merchant, opens: Opens, script: bool) -> None:
    home_10(merchant.entity)
    page = opens(script=script)
    page.goto("/my/plans")
    keep(page, "1-plans")
    page.click("text=Next: about you")
    page.fill("#id_name", "Faith Cherono")
    page.fill("#id_phone", "0700 000 512")
    page.fill("#id_place", "Plot 22, green gate")
    keep(page, "2-details")
    page.click("text=Pay KES 2,500")
    expect(page.locator(".err")).to_contain_text("We need your yes")
    expect(page.locator("#id_name")).to_have_value("Faith Cherono")
    page.check("[name=agree]")
    page.click("text=Pay KES 2,500")
    expect(page.locator("h1")).to_have_text("Look at your phone")
    keep(page, "3-wait")
    arrives(merchant)
    page.wait_for_url("**/my/welcome")
    expect(page.locator("h1")).to_have_text("You are in, Faith")
    keep(page, "4-welcome")
    proven_on_router(Subscription.objects.get())
    page.reload()
    expect(page.locator("#steps")).to_contain_text("Your line is ready on our side")
    page.click("text=Show password")
    expect(page.locator("main")).to_contain_text("We noted that it was shown")
    keep(page, "5-login")


@pytest.mark.parametrize("width", [PHONE, 1280])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_join_with_an_add_on(merchant: Merchant, opens: Opens, script: bool, width: int) -> None:
    home_10(merchant.entity)
    static_ip(merchant.entity, once_minor=500_00)
    static_ip(merchant.entity, code="tv", name="TV box", price_minor=600_00, deposit_minor=1000_00)
    page = opens(width, script=script)
    page.goto("/my/join?plan=home-10")
    page.fill("#id_name", "Faith Cherono")
    page.fill("#id_phone", "0700 000 512")
    page.fill("#id_place", "Plot 22, green gate")
    page.check("[name=agree]")
    page.check("[value=static-ip]")
    if not script:
        page.click("text=Pay KES 2,500")
        expect(page.locator("#sum")).to_contain_text("The sum is another now")
    expect(page.locator("#sum")).to_contain_text("KES 3,300")
    expect(page.locator("#id_name")).to_have_value("Faith Cherono")
    keep(page, f"join-add-on-{script}")
    page.click("text=Pay KES 3,300")
    expect(page.locator("h1")).to_have_text("Look at your phone")
    expect(page.locator("main")).to_contain_text("KES 3,300")


def test_sign_in_with_a_code(chebet: Subscription, opens: Opens) -> None:
    page = opens()
    page.goto("/my")
    keep(page, "sign-in")
    page.fill("#id_phone", "0700 000 418")
    page.click("text=Send me a code")
    expect(page.locator("h1")).to_have_text("Enter the code")
    keep(page, "code")
    page.fill("#id_code", code_sent())
    page.click("main button[type=submit]")
    page.wait_for_url("**/my")
    expect(page.locator("main")).to_contain_text("Nothing to pay until")


@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_home_goes_from_off_to_online_by_itself(
    merchant: Merchant, brian: Subscription, opens: Opens, width: int
) -> None:
    page = opens(width, phone="0700000334")
    page.goto("/my")
    expect(page.locator("main")).to_contain_text("Internet is off")
    keep(page, "home-off")
    page.click("text=Pay with M-PESA")
    page.wait_for_url("**/my/wait/*")
    arrives(merchant)
    page.wait_for_url(re.compile("/my(/welcome)?$"))
    page.goto("/my")
    expect(page.locator("main")).to_contain_text("Bringing you back")
    keep(page, "home-restoring")
    proven_on_router(brian)
    dialled_in(brian)
    expect(page.locator("main")).to_contain_text("Nothing to pay until")
    keep(page, "home-online")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_walled_browser_pays_and_watches(
    merchant: Merchant, brian: Subscription, opens: Opens, live_server: LiveServer,
    settings: Settings, script: bool,
) -> None:  # fmt: skip
    settings.PUBLIC_URL = live_server.url
    dialled_in(brian, "127.0.0.1")
    page = opens(script=script)
    page.goto(f"http://{NEWS}/politics?today")
    assert page.url == f"{live_server.url}/my/off"
    expect(page.locator("main")).to_contain_text("Brian M.")
    keep(page, "off")
    page.click("text=Pay with M-PESA")
    page.wait_for_url("**/my/wait/*")
    Session.objects.all().delete()
    arrives(merchant)
    expect(page.locator("h1")).to_have_text("Paid. We switch your internet on.")
    proven_on_router(brian)
    expect(page.locator("h1")).to_have_text("Paid. Your internet is on.")
    keep(page, "off-paid")


def test_the_pay_page_of_a_strange_line(merchant: Merchant, opens: Opens) -> None:
    page = opens()
    page.goto("/my/off")
    expect(page.locator("h1")).to_have_text("Pay for your internet")
    keep(page, "off-unknown")


def test_a_refused_prompt_says_so_while_one_looks(brian: Subscription, opens: Opens) -> None:
    page = opens(phone="0700000334")
    page.goto("/my")
    page.click("text=Pay with M-PESA")
    expect(page.locator("h1")).to_have_text("Look at your phone")
    Prompt.objects.update(state=Prompt.FAILED, result_code="1032")
    expect(page.locator("[role=alert]")).to_contain_text("cancelled on the phone")
    keep(page, "wait-refused")


@pytest.mark.parametrize("width", [NARROW, PHONE, WIDE])
def test_nothing_is_wider_than_the_screen_and_axe_is_content(
    merchant: Merchant, chebet: Subscription, brian: Subscription, opens: Opens, width: int
) -> None:
    static_ip(merchant.entity, once_minor=500_00)
    invoice = chebet.customer.invoices.get()
    payment = chebet.customer.payments.get()
    visitor, customer, owing = opens(width), opens(width, phone="0700000418"), opens(
        width, phone="0700000334"
    )  # fmt: skip
    asked = brian.customer.pro_formas.get()
    pages = [
        (visitor, ["/my/plans", "/my/join?plan=home-10", "/my/sign-in", "/my/off", "/my/help"]),
        (customer, ["/my", "/my/pay", "/my/bills", f"/my/bills/{invoice.public_id}",
                    f"/my/receipts/{payment.public_id}", "/my/welcome"]),
        (owing, ["/my", "/my/bills", f"/my/pro-formas/{asked.public_id}"]),
    ]  # fmt: skip
    for page, addresses in pages:
        for address in addresses:
            page.goto(address)
            name = address.strip("/").replace("/", "-").partition("?")[0]
            keep(page, f"page-{name[:24]}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
            if width == PHONE:
                assert serious(page) == [], address


def test_in_swahili_nothing_is_left_in_english(chebet: Subscription, opens: Opens) -> None:
    page = opens(phone="0700000418")
    page.goto("/my")
    page.click("text=Kiswahili")
    expect(page.locator("html")).to_have_attribute("lang", "sw")
    for address in ("/my", "/my/pay", "/my/bills", "/my/help"):
        page.goto(address)
        keep(page, "sw-" + address.strip("/").replace("/", "-"))
        text = page.locator("main").inner_text()
        assert not re.search(r"\b(the|your|and|to pay|until|owed|received)\b", text, re.I), (
            address,
            text,
        )


def test_a_page_on_2g_is_20_kilobytes(chebet: Subscription, live_server: LiveServer) -> None:
    """Page, styles and the whole sprite, compressed: what stands before anything can be paid."""
    body = signed_in().get("/my").content
    assets = set(re.findall(r"/static/(built/(?:portal\.css|icons\.svg))", body.decode()))
    assert assets == {"built/portal.css", "built/icons.svg"}
    sizes = {name: _compressed(name) for name in assets}
    sizes["page"] = len(gzip.compress(body))
    assert sum(sizes.values()) <= FIRST_LOAD_BYTES, sizes


def _compressed(asset: str) -> int:
    found = finders.find(asset)
    assert isinstance(found, str), f"{asset} is not built: run tools/build_assets.py"
    return len(gzip.compress(Path(found).read_bytes(), 9))

"""A person with a simulated telephone: the page, and what its script asks for."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from waya.lab.tests.daraja_pair import ACCOUNT, AMINA, PAYBILL, Pair, paired

CHEBET = "254711000902"


@pytest.fixture
def pair() -> Iterator[Pair]:
    with paired() as both:
        named = [
            {"msisdn": AMINA, "name": "Amina Otieno"},
            {"msisdn": CHEBET, "name": "Chebet Korir"},
        ]
        httpx.post(f"{both.sim.url}/_sim/phones", json={"phones": named})
        yield both


@pytest.fixture(params=[1440, 390])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Page:
    page = chromium.new_page(viewport={"width": request.param, "height": 844})
    page.set_default_timeout(10_000)
    return page


def test_a_person_approves_on_the_page(pair: Pair, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    pair.push(CHEBET, 634)
    page.goto(pair.sim.handset_url)  # whoever rings is held first
    expect(page.locator("#asked")).to_have_text(
        f"Do you want to pay KES 634 to Baraka Net, account {ACCOUNT}?"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill("#pin", "0000")
    page.click("#prompt >> text=Send")
    expect(page.locator("#prompt")).to_be_hidden()
    expect(page.locator("#messages")).to_contain_text("Confirmed. Ksh634.00 sent to Baraka Net")
    expect(page.locator("#events")).to_contain_text("Callback sent")
    assert pair.sim.ledger()[0]["amount"] == 634
    assert complaints == []


def test_a_person_refuses_and_another_pays_by_paybill(pair: Pair, page: Page) -> None:
    pair.push(CHEBET)
    page.goto(f"{pair.sim.handset_url}/?msisdn={CHEBET}")
    page.click("#verdicts >> text=Refuse")
    expect(page.locator("#ringing")).to_have_text("nothing rings")
    expect(page.locator("#events")).to_contain_text("Request cancelled by user")

    page.goto(f"{pair.sim.handset_url}/?msisdn={AMINA}")
    expect(page.locator("#owner")).to_have_text("Amina Otieno")
    expect(page.locator("#shortcode")).to_have_value(PAYBILL)
    page.fill("#account", ACCOUNT[:-2] + ACCOUNT[-1] + ACCOUNT[-2])
    expect(page.locator("#hint")).to_contain_text("fails its check digit")
    page.fill("#account", ACCOUNT)
    expect(page.locator("#hint")).to_be_empty()
    page.fill("#amount", "2500")
    page.select_option("#arrives", "together")
    page.click("#pay-button")
    expect(page.locator("#paid")).to_contain_text("Waya has it")
    expect(page.locator("#heard")).to_have_text("3 times")
    assert [row["amount"] for row in pair.sim.ledger()] == [2500]


def test_a_fault_is_switched_on_and_off(pair: Pair, page: Page) -> None:
    page.goto(f"{pair.sim.handset_url}/?msisdn={AMINA}")
    late = page.locator("#knobs >> text=Tell 5 s late")
    late.click()
    expect(late).to_have_attribute("aria-pressed", "true")
    knobs = httpx.get(f"{pair.sim.url}/_sim/knobs").json()
    assert knobs["callback_delay"] == 5000
    late.click()
    expect(late).to_have_attribute("aria-pressed", "false")


def test_names_cannot_write_into_the_page(pair: Pair, page: Page) -> None:
    trap = "<img src=x onerror=document.title='owned'>"
    httpx.post(f"{pair.sim.url}/_sim/phones", json={"phones": [{"msisdn": AMINA, "name": trap}]})
    page.goto(f"{pair.sim.handset_url}/?msisdn={AMINA}")
    expect(page.locator("#owner")).to_have_text(trap)
    assert page.title() == "Handset, lab"


def test_telephones_that_ring_come_first_and_can_be_found(pair: Pair) -> None:
    pair.sim.phone(AMINA)
    pair.push(CHEBET)
    with httpx.Client(base_url=pair.sim.handset_url) as screen:
        phones = screen.get("/state").json()["phones"]
        assert [phone["msisdn"] for phone in phones] == [CHEBET, AMINA]
        assert phones[0]["ringing"]
        for words in ("amina o", "0700 000 418", "+254700"):
            found = screen.get("/state", params={"find": words}).json()["phones"]
            assert [phone["msisdn"] for phone in found] == [AMINA]


def test_the_page_runs_no_foreign_script_and_takes_no_foreign_form(pair: Pair) -> None:
    with httpx.Client(base_url=pair.sim.handset_url) as screen:
        answer = screen.get("/")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "<script>" not in answer.text
        assert "style=" not in answer.text
        assert screen.post("/pay", data={"msisdn": AMINA}).status_code == 400
        assert screen.get("/../command.py").status_code == 404

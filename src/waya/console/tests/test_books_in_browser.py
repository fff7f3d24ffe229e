"""The books in a real browser: nothing serious for axe, nothing wider than a phone."""

from __future__ import annotations

from waya.cli.tests.browser import serious
from waya.console.tests.conftest import Opens
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_books import REPORTS
from waya.console.tests.test_browser import listening


def test_every_report_fits_and_is_readable(live_town: Town, opens: Opens) -> None:
    page = opens(signed_in("wanjiku", "accountant"), 1440)
    complaints = listening(page)
    for report in REPORTS:
        page.goto(f"/books?tab={report}")
        for width in (1440, 360):
            page.set_viewport_size({"width": width, "height": 900})
            assert serious(page) == [], f"{report} at {width}"
            fits = "document.documentElement.scrollWidth <= innerWidth"
            assert page.evaluate(fits), f"{report} at {width}"
    page.goto("/books?tab=periods")
    page.get_by_role("link", name="Soft-close").nth(1).click()
    page.get_by_role("dialog").get_by_role("button", name="Soft-close").click()
    page.get_by_role("link", name="Reopen").wait_for()
    assert complaints == []

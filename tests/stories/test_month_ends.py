"""Joined on the 31st: short months clamp a period's end, and never the anchor.

Chebet Korir pays on 31 January 2027, and each renewal before it is due. Her periods end on 28
February, 31 March, 30 April and 31 May: the day after the last one paid for.
"""

from __future__ import annotations

from datetime import date

from tests.stories.world import World, fresh

from waya.billing.models import InvoiceLine

PHONE = "0700000418"


def test_an_anchor_on_the_31st_survives_february(baraka: World) -> None:
    baraka.move_to(date(2027, 1, 31))
    chebet = baraka.joins("Chebet Korir", PHONE)
    assert (chebet.paid_through, chebet.anchor_day) == (date(2027, 2, 28), 31)

    for day, until in (
        (date(2027, 2, 26), date(2027, 3, 31)),
        (date(2027, 3, 29), date(2027, 4, 30)),
        (date(2027, 4, 30), date(2027, 5, 31)),  # a day late: walled in the morning
    ):
        baraka.move_to(day)
        baraka.pays(PHONE, chebet.customer.account_number, 2500)
        chebet = fresh(chebet)
        assert (chebet.paid_through, chebet.state) == (until, "active")
    baraka.is_online(chebet)
    periods = InvoiceLine.objects.filter(subscription=chebet).order_by("start")
    assert list(periods.values_list("start", "end", "total_minor")) == [
        (date(2027, 1, 31), date(2027, 2, 28), 2500_00),
        (date(2027, 2, 28), date(2027, 3, 31), 2500_00),
        (date(2027, 3, 31), date(2027, 4, 30), 2500_00),
        (date(2027, 4, 30), date(2027, 5, 31), 2500_00),
    ]
    baraka.is_well()

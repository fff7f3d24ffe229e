"""Plans as customers see them: with their whole price, and the taxes that are in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from waya.billing.queries.pricing import stacks
from waya.billing.rules.tax import on_top
from waya.catalog.models import Plan
from waya.catalog.queries import Priced, on_day, prices
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.models import Entity
from waya.org.templatetags.waya import speed
from waya.portal.periods import every, monthly


def offered(plans: Iterable[Plan], entity: Entity) -> list[dict[str, Any]]:
    """Plans that have a price today: id, code, name, words, price with its taxes, and which
    taxes these are."""
    rows = list(plans)
    known, today = prices(row.pk for row in rows), clock.today(entity.zone)
    found = []
    for row in rows:
        try:
            price = on_day(known.get(row.pk, []), today)
        except Refused:
            continue
        words = _("%(down)s down, %(up)s up") % {
            "down": speed(row.down_kbps), "up": speed(row.up_kbps),
        }  # fmt: skip
        words = words if monthly(row) else f"{words}. {every(row)}"
        found.append({"id": row.pk, "code": row.code, "name": row.name, "words": words,
                      "price": whole_price(price, row, entity, today),
                      "taxes": taxes(row, entity, today)})  # fmt: skip
    return found


def whole_price(price: Priced, plan: Plan, entity: Entity, on: date) -> Money:
    """What a customer pays for a period: the price with the taxes of the company's country."""
    if price.tax_inclusive:
        return price.amount
    return on_top(price.amount, stacks((entity.country, plan.tax_class, on))).gross


def taxes(plan: Plan, entity: Entity, on: date) -> str:
    """Which taxes the whole price has in it, in words: `Excise duty and VAT included`."""
    rates = stacks((entity.country, plan.tax_class, on))
    names = [rate.name for rate in rates if rate.ratio]
    if not names:
        return _("No tax is on it")
    return _("%(taxes)s included") % {"taxes": get_text_list(names, _("and"))}

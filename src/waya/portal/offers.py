"""Plans as customers see them: with their whole price, and the taxes that are in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from waya.billing.queries.lives.had import sold_on_top
from waya.billing.queries.pricing import stacks
from waya.billing.rules.tax import on_top as taxed
from waya.catalog.models import Plan
from waya.catalog.queries import Priced, Version, on_day, prices, versions
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money, rounded
from waya.org.models import Entity
from waya.org.templatetags.waya import speed
from waya.portal.periods import every, monthly
from waya.reports.documents.wording import tax_name


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


def on_top(plan: Plan, wanted: Collection[str], entity: Entity) -> list[dict[str, Any]]:
    """The add-ons that go on top of a plan: id, code, name, the price each period and words of
    how often and what once, taxes included, and whether it is wanted."""
    today = clock.today(entity.zone)
    sold = sold_on_top(plan, today)
    known = versions([one for one, _price in sold])
    return [
        {"id": one.pk, "code": one.code, "name": one.name, "on": one.code in wanted,
         "price": whole_price(price, one, entity, today),
         "words": ", ".join([every(one), *_once(known[price.version_id], one, entity, today)])}
        for one, price in sold
    ]  # fmt: skip


def _once(version: Version, plan: Plan, entity: Entity, on: date) -> Iterator[str]:
    """What an add-on costs once, in words."""
    for charge in version.terms.charges:
        amount = Money(rounded(charge.amount), version.price.currency)
        if charge.kind == "deposit":
            yield _("a deposit of %(amount)s, which comes back") % {"amount": amount}
        elif charge.kind == "one_off":
            yield _("%(amount)s once") % {"amount": _whole(amount, version, plan, entity, on)}


def whole_price(price: Priced, plan: Plan, entity: Entity, on: date) -> Money:
    """What a customer pays for a period: the price with the taxes of the company's country."""
    return _whole(price.amount, price, plan, entity, on)


def _whole(amount: Money, of: Priced | Version, plan: Plan, entity: Entity, on: date) -> Money:
    if of.tax_inclusive:
        return amount
    return taxed(amount, stacks((entity.country, plan.tax_class, on))).gross


def taxes(plan: Plan, entity: Entity, on: date) -> str:
    """Which taxes the whole price has in it, in words: `Excise duty and VAT included`."""
    rates = stacks((entity.country, plan.tax_class, on))
    names = [tax_name(rate.name) for rate in rates if rate.ratio]
    if not names:
        return _("No tax is on it")
    return _("%(taxes)s included") % {"taxes": get_text_list(names, _("and"))}

"""A pro forma of several services, wherever it is looked at: one paper, one number, one sum."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.utils import translation

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.add_ons import take_add_on
from waya.billing.models import Invoice, ProForma
from waya.billing.tests.make import home_10, isp, pays, wants
from waya.billing.tests.test_add_ons import static_ip
from waya.billing.tests.test_charges import choose
from waya.billing.tests.test_one_pro_forma import ASKED, two
from waya.kernel.money import Money
from waya.org.actors import SYSTEM
from waya.org.models import Entity, Policy
from waya.org.rows.remembered import forget_all
from waya.reports.doctor import findings
from waya.reports.documents import papers
from waya.reports.queries import documents
from waya.reports.queries.customers import _ahead
from waya.reports.queries.owing import lapsed
from waya.reports.queries.suspense import _asked
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

JULY_10 = date(2027, 7, 10)


@pytest.fixture
def entity() -> Entity:
    one = isp()
    choose(one, one_bill=True)
    return one


@pytest.fixture
def home(entity: Entity) -> Subscription:
    row, _ = two(entity)
    return row


def asked() -> ProForma:
    return ProForma.objects.select_related("customer", "entity", "issuer").get(
        state=ProForma.OPEN, line=2
    )


def test_its_paper_has_a_line_for_each_and_one_sum_to_pay(home: Subscription) -> None:
    paper = papers.pro_forma_paper(asked())
    assert [row["cells"] for row in paper["rows"]] == [
        ["Home 10 Mbps, 10 Jul – 10 Aug 2027", "2,500.00"],
        ["prepaid 5, 10 Jul – 10 Aug 2027", "1,500.00"],
    ]  # fmt: skip
    assert paper["total"]["amount"] == "KES 4,000.00"
    assert paper["pay"]["facts"][-1] == ["Amount", "KES 4,000"]
    assert papers.pro_forma(asked()).startswith(b"%PDF")


def test_its_paper_has_what_is_asked_on_top_in_the_customers_language(entity: Entity) -> None:
    """An add-on, what it costs once and its deposit are lines, as they are on its page."""
    row = wants(entity, home_10(entity))
    ip = static_ip(entity, once_minor=500_00, deposit_minor=1000_00)
    quote(subscription_id=row.pk, on=JULY_10, by=SYSTEM)
    take_add_on(subscription_id=row.pk, plan_id=ip.pk, on=JULY_10, by=SYSTEM)
    one = ProForma.objects.select_related("customer", "entity", "issuer").get(state=ProForma.OPEN)
    with translation.override("sw"):
        paper = papers.pro_forma_paper(one)
    shown = dict(row["cells"] for row in paper["rows"])
    assert shown["Home 10 Mbps, 10 Jul – 10 Ago 2027"] == "2,500.00"
    assert shown["Static IP, mara moja"] == "500.00"
    assert len(shown) == 4
    figures = [Decimal(cell.replace(",", "")) for cell in shown.values()]
    assert paper["total"]["amount"] == f"KES {sum(figures):,.2f}"


def test_what_is_paid_of_it_is_taken_off(entity: Entity, home: Subscription) -> None:
    choose_each(entity)
    pays(home, 2500_00, ASKED)
    paper = papers.pro_forma_paper(asked())
    assert len(paper["rows"]) == 2
    assert paper["total"]["amount"] == "KES 1,500.00"
    assert paper["pay"]["facts"][-1] == ["Amount", "KES 1,500"]


def choose_each(entity: Entity) -> None:
    """From now on money pays the oldest first."""
    Policy.objects.filter(entity=entity, name="billing.terms").update(
        chosen={"one_bill": True, "one_pro_forma": "each"}
    )
    forget_all()


def test_lists_and_sums_count_it_once(entity: Entity, home: Subscription) -> None:
    (one,) = documents.pro_formas(entity.pk, state="open").rows
    assert (one.total, one.names) == (Money(4000_00, "KES"), "Home 10 Mbps, prepaid 5")
    assert _asked({home.customer_id}) == {home.customer_id: 4000_00}
    ahead = _ahead(home.customer_id, "KES", JULY_10)
    assert ahead is not None
    assert (ahead.amount.minor, ahead.on) == (4000_00, JULY_10)
    (debtor,) = lapsed(entity.pk, "KES", JULY_10).rows
    assert (debtor.owed.minor, debtor.documents) == (4000_00, 1)


def test_numbers_have_no_gaps_and_the_invoice_names_it(entity: Entity, home: Subscription) -> None:
    number = asked().number
    pays(home, 4000_00, ASKED)
    assert {one.name: one.ok for one in findings(entity)}["document numbers have no gaps"]
    invoice = Invoice.objects.get(issued_on=ASKED)
    paper = documents.paper(entity.pk, invoice.number, ASKED)
    assert paper is not None
    assert paper.pro_forma is not None
    assert (paper.pro_forma.number, len(paper.lines)) == (number, 2)
    assert all(any(number in reason.text for reason in line.because) for line in paper.lines)

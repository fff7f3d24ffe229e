"""What stands on each document, as the template takes it: words, dates and sums as text.

In the customer's language, with the names that they and the company had on issue. What a document
shows of the time after its issue is what settled it and what the tax authority gave.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.dateformat import format as formatted
from django.utils.translation import gettext as _

from waya.billing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, ProForma
from waya.billing.queries.accounts import invoice_state
from waya.billing.queries.asked import with_lines
from waya.billing.queries.fiscal import Fiscal, fiscal_of, fiscal_of_credits
from waya.kernel import clock, ids
from waya.kernel.money import Money, decimals
from waya.kernel.periods import Period
from waya.kernel.phone import national
from waya.org.models import Entity, Issuer
from waya.org.queries import logo_of
from waya.org.templatetags.states import STATES
from waya.parties.models import Customer
from waya.payments.models import Payment
from waya.reports.documents import statements, typesetting
from waya.reports.documents.wording import asked_lines, days_said, said, tax_name
from waya.reports.queries.documents import Settled, settled_by, taxes_of

Paper = dict[str, Any]


def invoice(row: Invoice) -> bytes:
    """An invoice as PDF: its lines and taxes as issued, what settled it, how to pay the rest."""
    with _language(row.customer):
        return typesetting.pdf(invoice_paper(row), row.issued_at)


def pro_forma(row: ProForma) -> bytes:
    """A pro forma as PDF; it says that it is no tax document."""
    with _language(row.customer):
        return typesetting.pdf(pro_forma_paper(row), clock.start_of(row.issued_on, row.entity.zone))


def credit_note(row: CreditNote) -> bytes:
    """A credit note as PDF: which invoice, why, its lines and taxes, and where it went."""
    with _language(row.customer):
        return typesetting.pdf(credit_note_paper(row), row.issued_at)


def receipt(row: Payment) -> bytes:
    """A receipt as PDF: how the money came, and what it was used for."""
    with _language(row.customer):
        return typesetting.pdf(receipt_paper(row), row.taken_at)


def statement(customer: Customer, since: date, through: date) -> bytes:
    """A customer's statement of some days as PDF, both days included."""
    with _language(customer):
        told = statements.statement(customer, since, through)
        return typesetting.pdf(statement_paper(told), clock.start_of(through, customer.entity.zone))


def invoice_paper(row: Invoice) -> Paper:
    """The paper of an invoice; six queries beyond its own row, customer and entity."""
    lines = list(row.lines.order_by("pk").prefetch_related("taxes"))
    left = row.total_minor - row.paid_minor
    settled, gone = settled_by(row)
    facts = [[_("Date"), _day(row.issued_on)], [_("Due"), _day(row.due_on)]]
    if settled:
        became = invoice_state(row, gone, clock.today(row.entity.zone))
        facts.append([_("State"), _(STATES[became].words)])
    paper = _paper(row.issuer, row.customer, _("Tax invoice"), row.number) | {
        "to": _as_issued(row.customer_as_issued),
        "facts": facts,
        **_lines(lines, row.currency),
        "total": _sum(_("Total"), row.total_minor, row.currency),
        "settled": _settled(settled, left, row.currency),
    }
    if left:
        address = f"/my/bills/{row.public_id}"
        paper["pay"] = _pay(row.entity, row.customer, Money(left, row.currency), address)
    return paper | _fiscal(fiscal_of([row.pk]).get(row.pk), row.entity)


def pro_forma_paper(row: ProForma) -> Paper:
    """The paper of a pro forma: the lines of each subscription, no taxes, and how to pay what is
    open of it."""
    (asked,) = with_lines([row])
    paid = asked.total - asked.to_pay if asked.state == ProForma.OPEN else Money(0, row.currency)
    total = asked.total - paid
    paper = _paper(row.issuer, row.customer, _("Pro forma"), row.number) | {
        "facts": [[_("Date"), _day(row.issued_on)], [_("Pay before"), _day(row.start)]],
        "columns": [_column(_("For"), wide=True), _column(row.currency)],
        "rows": [
            _row([line.words, _figure(line.amount)])
            for each in asked.lines for line in asked_lines(each)
        ],
        "sums": [_amount(_("Taxes are inside"), "")]
        + ([_amount(_("Paid"), _figure(-paid))] if paid else []),
        "total": _sum(_("To pay"), total.minor, row.currency),
        "remarks": [_("This is no tax document: the tax invoice comes when it is paid.")],
    }  # fmt: skip
    if asked.state in ProForma.PAYABLE:
        paper["pay"] = _pay(row.entity, row.customer, total, f"/my/pro-formas/{row.public_id}")
    return paper


def credit_note_paper(row: CreditNote) -> Paper:
    """The paper of a credit note; it names the invoice that it credits."""
    lines = list(row.lines.order_by("pk").prefetch_related("taxes"))
    rest = row.total_minor - row.applied_minor
    went = [(_("Taken off %(number)s") % {"number": row.invoice.number}, row.applied_minor),
            (_("Kept as your credit"), rest)]  # fmt: skip
    paper = _paper(row.issuer, row.customer, _("Credit note"), row.number) | {
        "to": _as_issued(row.customer_as_issued),
        "facts": [
            [_("Date"), _day(row.issued_on)],
            [_("Credits invoice"), row.invoice.number],
            [_("of"), _day(row.invoice.issued_on)],
            [_("Reason"), reason(row.reason)],
        ],
        **_lines(lines, row.currency),
        "total": _sum(_("Total credit"), row.total_minor, row.currency),
        "settled": [
            _amount(words, _figure(Money(minor, row.currency))) for words, minor in went if minor
        ],
        "remarks": [row.note] if row.note else [],
    }
    return paper | _fiscal(fiscal_of_credits([row.pk]).get(row.pk), row.entity)


def receipt_paper(row: Payment) -> Paper:
    """The paper of a receipt: a row for each invoice that the money settled, and the rest."""
    parts = list(row.allocations.select_related("invoice").order_by("pk"))
    rest = row.amount_minor - sum(part.amount_minor for part in parts)
    rows = [
        _row(
            [_("Invoice %(number)s") % {"number": part.invoice.number},
             _figure(Money(part.amount_minor, row.currency))],
            _("It had been written off.") if part.recovers else "",
        )
        for part in parts
    ]  # fmt: skip
    if rest:
        kept = [_("Kept as your credit"), _figure(Money(rest, row.currency))]
        rows.append(_row(kept, _("It pays the next bill.")))
    paid_at = row.paid_at.astimezone(ZoneInfo(row.entity.zone))
    facts = [
        [_("Date"), _day(paid_at.date())],
        [_("Time"), f"{paid_at:%H:%M}"],
        [_("Paid by"), channel(row.provider)],
        [_("Transaction"), row.transaction],
    ]
    if row.payer:
        facts.append([_("Paid from"), row.payer])
    return _paper(row.issuer, row.customer, _("Receipt"), row.receipt_number) | {
        "facts": facts,
        "columns": [_column(_("For"), wide=True), _column(row.currency)],
        "rows": rows,
        "sums": [_amount(_("Received with thanks"), "")],
        "total": _sum(_("Total"), row.amount_minor, row.currency),
    }


def statement_paper(told: statements.Statement) -> Paper:
    """The paper of a statement: a row for each document, between what was owed before and
    what is owed after."""
    customer, currency = told.customer, told.opening.currency
    names = {
        statements.INVOICE: _("Invoice"),
        statements.CREDIT_NOTE: _("Credit note"),
        statements.PAYMENT: _("Payment"),
        statements.WRITE_OFF: _("Written off"),
        statements.RECOVERY: _("Written off, paid now"),
    }
    rows = [_row([_day(told.since), _("Owed before"), "", "", _figure(told.opening)])]
    for row in told.rows:
        amount, other = _figure(row.amount), row.words if row.words != row.number else ""
        back = _figure(-row.amount) if row.amount.minor < 0 else ""
        cells = [_day(row.on), f"{names[row.kind]} {row.number}",
                 "" if back else amount, back, _figure(row.balance)]  # fmt: skip
        rows.append(_row(cells, other))
    owed = told.closing if told.closing.minor > 0 else -told.closing
    words = _("Owed") if told.closing.minor >= 0 else _("Your credit")
    account = ids.in_threes(customer.account_number)
    paper = _paper(customer.entity, customer, _("Statement"), account) | {
        "facts": [[_("Since"), _day(told.since)], [_("Through"), _day(told.through)]],
        "columns": [_column(_("Date"), end=False), _column(_("What"), wide=True),
                    _column(_("Charged")), _column(_("Paid")), _column(_("Balance"))],
        "rows": rows,
        "sums": [_amount(_("Charged"), _figure(told.charged)),
                 _amount(_("Paid and credited"), _figure(told.paid))],
        "total": _sum(words, owed.minor, currency),
    }  # fmt: skip
    if told.closing.minor > 0:
        paper["pay"] = _pay(customer.entity, customer, told.closing, "/my/pay")
    return paper


def reason(code: str) -> str:
    """Why money was given back, in words."""
    words = {
        "mistake": _("Billed by mistake"), "cancelled": _("Service ended"),
        "plan_change": _("Plan changed"), "outage": _("Service was out"),
        "paused": _("Service paused"),
        "goodwill": _("Goodwill"),
    }  # fmt: skip
    return words.get(code, code)


def channel(provider: str) -> str:
    """How money came, in words."""
    return {"mpesa": "M-PESA", "cash": _("Cash")}.get(provider, provider)


def _language(customer: Customer | None) -> translation.override:
    return translation.override(customer.language if customer else "en")


def _paper(issuer: Issuer | Entity, customer: Customer | None, title: str, number: str) -> Paper:
    """What stands on every document; what a kind lacks is empty. The seller is named as on issue;
    on what is no document, as the company is now."""
    seller: Paper = {"name": issuer.name, "legal": issuer.legal_name, "lines": []}
    if isinstance(issuer, Issuer) and issuer.branch_name:
        seller["lines"].append(issuer.branch_name)
    seller["lines"].extend(issuer.address.splitlines())
    if issuer.tax_number:
        seller["lines"].append(f"PIN {issuer.tax_number}")
    if issuer.phone:
        seller["lines"].append(national(issuer.phone))
    foot = ", ".join([issuer.legal_name, *seller["lines"]])
    to: Paper = {"name": "", "lines": []}
    if customer:
        to = _as_issued({"name": customer.name, "account_number": customer.account_number,
                         "tax_number": customer.tax_number})  # fmt: skip
    logo = logo_of(issuer.entity_id if isinstance(issuer, Issuer) else issuer.pk)
    return ({"logo": logo} if logo else {}) | {
        "language": translation.get_language(), "title": title, "number": number,
        "seller": seller, "from_label": _("From"), "to_label": _("To"), "to": to,
        "facts": [], "columns": [], "rows": [], "sums": [],
        "total": {"words": "", "amount": ""}, "settled": [], "remarks": [], "foot": foot,
    }  # fmt: skip


def _as_issued(told: dict[str, Any]) -> Paper:
    account = ids.in_threes(str(told.get("account_number", "")))
    lines = [_("Account %(number)s") % {"number": account}]
    if told.get("tax_number"):
        lines.append(f"PIN {told['tax_number']}")
    return {"name": str(told.get("name", "")), "lines": lines}


def _lines(lines: Sequence[InvoiceLine] | Sequence[CreditNoteLine], currency: str) -> Paper:
    """The lines with their days, and below them the net and each tax with its law."""
    rows = []
    for line in lines:
        days = Period(line.start, line.end) if line.start and line.end else None
        sums = [line.net_minor, line.tax_minor, line.total_minor]
        told = said(line.description)
        cells = [told, *(_figure(Money(minor, currency)) for minor in sums)]
        note = ""
        if days and isinstance(line, CreditNoteLine):
            note = _("Not used: %(days)s") % {"days": days_said(days)}
        elif days:
            note = "" if days_said(days) in told else days_said(days)
        rows.append(_row(cells, note))
    net = sum(line.net_minor for line in lines)
    sums_below = [_amount(_("Net"), _figure(Money(net, currency)))]
    for tax in taxes_of(lines, currency):
        words = _("%(tax)s on %(base)s") % {
            "tax": f"{tax_name(tax.name)} {tax.percent} %",
            "base": _figure(tax.base),
        }
        note = "; ".join(one for one in (tax.law, tax.reason) if one)
        sums_below.append(_amount(words, _figure(tax.amount), note))
    columns = [_column(_("For"), wide=True), _column(_("Net")), _column(_("Tax")),
               _column(currency)]  # fmt: skip
    return {"columns": columns, "rows": rows, "sums": sums_below}


def _settled(parts: Iterable[Settled], left: int, currency: str) -> list[Paper]:
    """What settled a document and what is left to pay, if anything did."""
    rows = []
    for part in parts:
        words = {
            "payment": _("Paid %(day)s, %(words)s"),
            "credit": _("From your credit, %(day)s"),
            "credit_note": _("Credited %(day)s, %(words)s"),
            "write_off": _("Written off %(day)s"),
        }[part.kind]
        told = words % {"day": _day(part.at.date()), "words": part.words}
        rows.append(_amount(told, _figure(-part.amount)))
    if rows:
        rows.append(_amount(_("Left to pay"), _figure(Money(left, currency)), strong=True))
    return rows


def _pay(entity: Entity, customer: Customer, amount: Money, path: str) -> Paper:
    """The paybill with its account number, and our own address to pay at as a QR code: there
    is no payload that every M-PESA reads, and a provider's own expires."""
    facts = [[_("Paybill"), entity.paybill]] if entity.paybill else []
    facts += [[_("Account"), ids.in_threes(customer.account_number)], [_("Amount"), str(amount)]]
    return {
        "title": _("Pay with M-PESA"),
        "facts": facts,
        "words": _("Or point your phone's camera at the code to see this bill and pay it."),
        "qr": typesetting.qr(settings.PUBLIC_URL + path),
        "caption": _("Pay online"),
    }


def _fiscal(given: Fiscal | None, entity: Entity) -> Paper:
    """What the authority gave; while it has not answered, that it has not."""
    if given is None:
        return {}
    facts = [[_("Control unit"), given.control_unit]]
    if given.fiscal_number:
        facts.append([_("Invoice number there"), given.fiscal_number])
    if given.signed_at:
        signed = given.signed_at.astimezone(ZoneInfo(entity.zone))
        facts.append([_("Recorded"), f"{_day(signed.date())}, {signed:%H:%M:%S}"])
    facts += [[label, _grouped(text)] for label, text in
              ((_("Signature"), given.signature), (_("Internal data"), given.internal))
              if text]  # fmt: skip
    title = _("Recorded by the tax authority")
    if given.state != "fiscalised":
        title = _("Sent to the tax authority; its number follows on a later copy")
    codes = [[code.code, f"{code.percent.normalize():f} %", f"{code.taxable:,.2f}",
              f"{code.tax:,.2f}"] for code in given.tax_table]  # fmt: skip
    return {"fiscal": {
        "title": title,
        "facts": facts,
        "labels": [_("Code"), _("Rate"), _("Taxable"), _("Tax")],
        "codes": codes if given.state == "fiscalised" else [],
        "qr": typesetting.qr(given.verify_url) if given.verify_url else "",
    }}  # fmt: skip


def _grouped(text: str) -> str:
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _column(label: str, *, wide: bool = False, end: bool = True) -> Paper:
    return {"label": label, "wide": wide, "end": end and not wide}


def _row(cells: list[str], note: str = "", *, strong: bool = False) -> Paper:
    return {"cells": cells, "note": note, "strong": strong}


def _amount(words: str, amount: str, note: str = "", *, strong: bool = False) -> Paper:
    return {"words": words, "amount": amount, "note": note, "strong": strong}


def _sum(words: str, minor: int, currency: str) -> Paper:
    return {"words": words, "amount": f"{currency} {_figure(Money(minor, currency))}"}


def _figure(amount: Money) -> str:
    """A sum in a column: cents always, for the whole column has them."""
    shown, places = amount.plain(), decimals(amount.currency)
    return shown if "." in shown or not places else f"{shown}.{'0' * places}"


def _day(on: date) -> str:
    return formatted(on, "j M Y")

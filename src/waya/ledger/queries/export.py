"""The journal in forms that other people's tools can check: hledger's and beancount's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from django.db.models import Min

from waya.kernel.money import Money, decimals
from waya.ledger.models import JournalEntry, JournalLine
from waya.ledger.queries.balances import trial_balance
from waya.org.queries import branches_of

# Beancount's five kinds, which its options could rename but its readers expect.
_ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}
_TOPS = {
    "asset": "assets",
    "liability": "liabilities",
    "equity": "equity",
    "income": "revenues",
    "expense": "expenses",
}


def hledger(entity_id: int) -> Iterator[str]:
    """The whole journal as hledger reads it, line by line.

    Accounts and currencies are declared, so that `hledger check --strict` accepts it. It ends in
    one entry that asserts what our own trial balance says, so `hledger check` fails if the two
    ever differ (hledger manual, "Balance assertions"). Each line has its branch as a tag:
    `hledger incomestatement tag:branch=NKR`.
    """
    last = None
    codes = _branches(entity_id)
    held = trial_balance(entity_id)
    for currency in dict.fromkeys(row.amount.currency for row in held):
        yield f"commodity {_format(currency)}"
    for name in dict.fromkeys(_name(row.kind, row.code, row.name) for row in held):
        yield f"account {name}"
    yield ""
    for entry, group in _entries(entity_id):
        last = entry.on
        yield f"{entry.on:%Y-%m-%d} ({_plain(entry.source)}) {_plain(entry.memo)}"
        for line in group:
            name = _name(line.account.kind, line.account.code, line.account.name)
            amount = _amount(Money(line.amount_minor, line.currency))
            yield f"    {name}  {amount}  ; branch:{codes[line.branch_id]}"
        yield ""
    if last is not None:
        yield f"{last:%Y-%m-%d} Balances by our own trial balance"
        for row in held:
            zero = _amount(Money(0, row.amount.currency))
            name = _name(row.kind, row.code, row.name)
            yield f"    {name}  {zero} = {_amount(row.amount)}"


def beancount(entity_id: int) -> Iterator[str]:
    """The whole journal as beancount reads it, line by line.

    Every account is opened on the first day, and the day after the last one asserts what our
    own trial balance says, without tolerance, so `bean-check` fails if the two ever differ
    (beancount, "Balance assertions"). Each line's metadata names its branch.
    """
    first = JournalLine.objects.filter(entity_id=entity_id).aggregate(on=Min("on"))["on"]
    if first is None:
        return
    held = trial_balance(entity_id)
    for name in dict.fromkeys(_account(row.kind, row.code, row.name) for row in held):
        yield f"{first} open {name}"
    yield ""
    last = first
    codes = _branches(entity_id)
    for entry, group in _entries(entity_id):
        last = entry.on
        yield f"{entry.on} * {_quoted(entry.memo)}"
        yield f"  source: {_quoted(entry.source)}"
        for line in group:
            name = _account(line.account.kind, line.account.code, line.account.name)
            yield f"  {name}  {_amount(Money(line.amount_minor, line.currency))}"
            yield f"    branch: {_quoted(codes[line.branch_id])}"
        yield ""
    for row in held:
        name = _account(row.kind, row.code, row.name)
        places = decimals(row.amount.currency)
        number, currency = _amount(row.amount).split()
        yield f"{last + timedelta(days=1)} balance {name}  {number} ~ 0.{'0' * places} {currency}"


def _branches(entity_id: int) -> dict[int, str]:
    """The codes of an entity's branches, which are letters and digits."""
    return {branch.pk: branch.code for branch in branches_of(entity_id)}


def _entries(entity_id: int) -> Iterator[tuple[JournalEntry, Iterator[JournalLine]]]:
    """Entries in the order of their days, each with its lines."""
    lines = (
        JournalLine.objects.filter(entity_id=entity_id)
        .select_related("entry", "account")
        .order_by("on", "pk")
    )
    return groupby(lines.iterator(chunk_size=5000), key=lambda line: line.entry)


def _account(kind: str, code: str, name: str) -> str:
    """`Assets:1200-Accounts-receivable`: beancount's names have letters, digits and hyphens."""
    words = "-".join(re.findall(r"[^\W_]+", name))
    return f"{_ROOTS[kind]}:{code}-{words}"


def _quoted(text: str) -> str:
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _name(kind: str, code: str, name: str) -> str:
    return f"{_TOPS[kind]}:{code} {_plain(name)}"


def _plain(text: str) -> str:
    return " ".join(text.replace(";", ",").replace("(", "[").replace(")", "]").split())


def _format(currency: str) -> str:
    """How amounts of a currency look: with the mark of decimals even where there are none."""
    places = decimals(currency)
    return f"1000.{'0' * places} {currency}"


def _amount(money: Money) -> str:
    places = decimals(money.currency)
    whole, part = divmod(abs(money.minor), 10**places)
    sign = "-" if money.minor < 0 else ""
    fraction = f".{part:0{places}d}" if places else ""
    return f"{sign}{whole}{fraction} {money.currency}"

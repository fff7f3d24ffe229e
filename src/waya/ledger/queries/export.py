"""The journal in a form that other people's tools can check: hledger's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from waya.kernel.money import Money, decimals
from waya.ledger.models import JournalLine
from waya.ledger.queries.balances import trial_balance

_TOPS = {
    "asset": "assets",
    "liability": "liabilities",
    "equity": "equity",
    "income": "revenues",
    "expense": "expenses",
}


def hledger(entity_id: int) -> Iterator[str]:
    """The whole journal as hledger reads it, line by line.

    It ends in one entry that asserts what our own trial balance says, so `hledger check`
    fails if the two ever differ (hledger manual, "Balance assertions").
    """
    lines = (
        JournalLine.objects.filter(entity_id=entity_id)
        .select_related("entry", "account")
        .order_by("entry__on", "entry_id", "pk")
    )
    last = None
    for entry, group in groupby(lines.iterator(chunk_size=5000), key=lambda line: line.entry):
        last = entry.on
        yield f"{entry.on:%Y-%m-%d} ({_plain(entry.source)}) {_plain(entry.memo)}"
        for line in group:
            name = _name(line.account.kind, line.account.code, line.account.name)
            yield f"    {name}  {_amount(Money(line.amount_minor, line.currency))}"
        yield ""
    if last is not None:
        yield f"{last:%Y-%m-%d} Balances by our own trial balance"
        for row in trial_balance(entity_id):
            zero = _amount(Money(0, row.amount.currency))
            name = _name(row.kind, row.code, row.name)
            yield f"    {name}  {zero} = {_amount(row.amount)}"


def _name(kind: str, code: str, name: str) -> str:
    return f"{_TOPS[kind]}:{code} {_plain(name)}"


def _plain(text: str) -> str:
    return " ".join(text.replace(";", ",").replace("(", "[").replace(")", "]").split())


def _amount(money: Money) -> str:
    places = decimals(money.currency)
    whole, part = divmod(abs(money.minor), 10**places)
    sign = "-" if money.minor < 0 else ""
    fraction = f".{part:0{places}d}" if places else ""
    return f"{sign}{whole}{fraction} {money.currency}"

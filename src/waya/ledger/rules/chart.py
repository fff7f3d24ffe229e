"""A chart of accounts for an internet provider."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import count

ASSET, LIABILITY, EQUITY, INCOME, EXPENSE = "asset", "liability", "equity", "income", "expense"
KINDS = (ASSET, LIABILITY, EQUITY, INCOME, EXPENSE)


@dataclass(frozen=True, slots=True)
class Chart:
    """An account: its code, name, kind, and the purpose by which code finds it."""

    code: str
    name: str
    kind: str
    purpose: str


CHART = (
    Chart("1000", "Cash on hand", ASSET, "cash"),
    Chart("1010", "Bank", ASSET, "bank"),
    Chart("1100", "M-PESA clearing", ASSET, "clearing:mpesa"),
    Chart("1200", "Accounts receivable", ASSET, "receivable"),
    Chart("1290", "Allowance for bad debts", ASSET, "allowance"),
    Chart("1300", "Input tax", ASSET, "input_tax"),
    Chart("1400", "Prepaid expenses", ASSET, "prepaid"),
    Chart("1500", "Network equipment", ASSET, "equipment"),
    Chart("1590", "Accumulated depreciation", ASSET, "accumulated_depreciation"),
    Chart("2000", "Accounts payable", LIABILITY, "payable"),
    Chart("2100", "Customer credit", LIABILITY, "customer_credit"),
    Chart("2110", "Unidentified receipts", LIABILITY, "suspense"),
    Chart("2120", "Customer deposits", LIABILITY, "deposits"),
    Chart("2200", "Deferred revenue", LIABILITY, "deferred"),
    Chart("2300", "VAT payable", LIABILITY, "tax:vat"),
    Chart("2310", "Excise duty payable", LIABILITY, "tax:excise"),
    Chart("2320", "Withholding tax payable", LIABILITY, "withholding"),
    Chart("3000", "Owners' capital", EQUITY, "capital"),
    Chart("3100", "Retained earnings", EQUITY, "retained"),
    Chart("4000", "Internet service", INCOME, "revenue:internet"),
    Chart("4100", "Installation", INCOME, "revenue:labour"),
    Chart("4200", "Equipment sales", INCOME, "revenue:goods"),
    Chart("4300", "Hotspot", INCOME, "revenue:hotspot"),
    Chart("4400", "Late fees", INCOME, "revenue:late"),
    Chart("4700", "Service credits", INCOME, "service_credits"),
    Chart("4800", "Bad debts recovered", INCOME, "bad_debts_recovered"),
    Chart("4900", "Rounding", INCOME, "rounding"),
    Chart("5000", "Upstream bandwidth", EXPENSE, "bandwidth"),
    Chart("5100", "Gateway fees", EXPENSE, "gateway_fees"),
    Chart("5200", "Messages", EXPENSE, "messages"),
    Chart("5300", "Bad debts", EXPENSE, "bad_debts"),
    Chart("5400", "Salaries", EXPENSE, "salaries"),
    Chart("5500", "Mast rent and power", EXPENSE, "rent"),
    Chart("5600", "Depreciation", EXPENSE, "depreciation"),
)

# The account of each tax is found by this and the tax's code; those of a country that the chart
# does not name are opened when they are first charged.
TAX = "tax:"
_TAXES = {
    "fusf": "Federal universal service fund", "state_usf": "State universal service fund",
    "sales": "Sales tax", "gross_receipts": "Gross receipts tax",
}  # fmt: skip
_FIRST = 2330


def tax_account(purpose: str, taken: Collection[str]) -> Chart:
    """The account that a tax is owed on, under the first code that is free."""
    tax = purpose.removeprefix(TAX)
    name = _TAXES.get(tax) or tax.replace("_", " ").capitalize()
    code = next(str(code) for code in count(_FIRST) if str(code) not in taken)
    return Chart(code, f"{name} payable"[:80], LIABILITY, purpose)

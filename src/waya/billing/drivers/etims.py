"""Kenya's eTIMS: sales recorded at KRA by an online or a virtual control unit.

The OSCU is KRA's own server, called for each document; the VSCU is KRA's program beside ours
(port 8088), which signs and passes on. They differ in paths and in the names of what they
return. Amounts include VAT: excise is inside what code B taxes. Source: KRA's specifications 2.0
of both and TPA s.23A; the key goes in a header and never into a stored body, and the VSCU keeps
its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx

from waya.billing.drivers.fiscal import (
    Activation,
    Answer,
    FiscalError,
    FiscalLine,
    FiscalSale,
    Item,
    Outcome,
    Receipt,
    Settings,
    TaxCode,
    Unfit,
)

NAIROBI: Final = ZoneInfo("Africa/Nairobi")
RECEIPTS: Final = "https://etims.kra.go.ke/common/link/etims/receipt/indexEtimsReceiptData"
LETTERS: Final = {"A": Decimal(0), "B": Decimal(16), "C": Decimal(0), "D": Decimal(0),
                  "E": Decimal(8)}  # fmt: skip
_BY_PERCENT: Final = {Decimal(16): "B", Decimal(8): "E", Decimal(0): "C"}
_CENT: Final = Decimal("0.01")
OPERATOR: Final = {"regrId": "waya", "regrNm": "Waya", "modrId": "waya", "modrNm": "Waya"}

# KRA's classes of what we sell (its class list follows UNSPSC), the name, and the item type:
# 3 is a service, 2 a finished product.
ITEMS: Final[Mapping[str, tuple[str, str, str]]] = {
    "revenue:internet": ("8111210100", "Internet service", "3"),
    "revenue:hotspot": ("8111210100", "Internet by hotspot", "3"),
    "revenue:voice": ("8116170000", "Telephone service", "3"),
    "revenue:labour": ("8111180000", "Installation and support", "3"),
    "revenue:goods": ("4322260000", "Network equipment", "2"),
    "revenue:late": ("8111210100", "Late fee", "3"),
}
_OTHER: Final = ("8111210100", "Service", "3")


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where a control unit is asked, what it calls the number and moment of a receipt, and its
    codes for a number that it has already."""

    activate: str
    item: str
    sale: str
    receipt_number: str
    signed: str
    repeated: frozenset[str] = frozenset({"921", "994"})


OSCU: Final = Dialect(
    "/selectInitOsdcInfo", "/saveItem", "/saveTrnsSalesOsdc", "curRcptNo", "sdcDateTime"
)
VSCU: Final = Dialect(
    "/initializer/selectInitInfo", "/items/saveItems", "/trnsSales/saveSales",
    "rcptNo", "vsdcRcptPbctDate",
    # The program answers a sale that it has signed before with 899, which its specification has
    # for errors of its client (integrators of VSDC 2.0.6).
    frozenset({"899", "921", "994"}),
)  # fmt: skip


class Etims:
    """One branch's control unit at KRA.

    Of the choices, `taxable` says whether the taxable amount holds the tax (`gross`, as KRA's
    sample has it) or not (`net`), until KRA's sandbox has certified one; `payment` is the code
    of paid sales (06 is mobile money); `receipts` is where a QR code leads.
    """

    def __init__(
        self, settings: Settings, dialect: Dialect, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.settings = settings
        self.dialect = dialect
        self.transport = transport
        self.taxable = settings.choices.get("taxable", "gross")
        self.payment = settings.choices.get("payment", "06")
        self.receipts = settings.choices.get("receipts", RECEIPTS)
        self.seconds = int(settings.choices.get("timeout_seconds", "30"))

    @cached_property
    def http(self) -> httpx.Client:
        """The connection, made when it is first needed."""
        return httpx.Client(
            base_url=self.settings.base_url,
            timeout=httpx.Timeout(self.seconds, connect=10),
            transport=self.transport,
        )

    def activate(self, serial: str) -> Activation:
        """Have KRA accept the device; its answer holds the key, which KRA gives once."""
        body = _text({**self._who(), "dvcSrlNo": serial})
        answer, told = self._post(self.dialect.activate, body)
        device = told.get("info", told)
        if answer.outcome is not Outcome.RECORDED or not isinstance(device, dict):
            raise FiscalError(f"{answer.code} {answer.text}")
        key, control_unit = str(device.get("cmcKey") or ""), str(device.get("sdcId") or "")
        self.settings = replace(self.settings, key=key, control_unit=control_unit)
        return Activation(control_unit, key)

    def letter(self, line: FiscalLine) -> str:
        """A exempt, B 16 %, C zero, D outside VAT, E 8 %."""
        if line.vat_percent is None:
            return "D"
        if line.category == "E":
            return "A"
        known = _BY_PERCENT.get(line.vat_percent.normalize() + 0)
        if known is None:
            raise Unfit(f"KRA has no code for VAT of {line.vat_percent} %")
        return known

    def item_code(self, item: Item) -> str:
        """Country, type, packaging, unit and a running number: `KE3NTXU0000001`. An X ends a unit
        of two letters, as on the receipts of live systems."""
        return f"KE{ITEMS.get(item.revenue, _OTHER)[2]}NTXU{item.sequence:07d}"

    def register(self, item: Item) -> Answer:
        """Tell KRA of an item; saving a code again replaces it."""
        of_class, name, kind = ITEMS.get(item.revenue, _OTHER)
        body = {
            **self._who(), "itemCd": self.item_code(item), "itemClsCd": of_class,
            "itemTyCd": kind, "itemNm": name, "orgnNatCd": "KE", "pkgUnitCd": "NT",
            "qtyUnitCd": "U", "taxTyCd": item.letter, "dftPrc": 0, "isrcAplcbYn": "N",
            "useYn": "Y", **OPERATOR,
        }  # fmt: skip
        return self._post(self.dialect.item, _text(body))[0]

    def compose(
        self, sale: FiscalSale, *, number: int, items: Mapping[tuple[str, str], str]
    ) -> str:
        """The sale as KRA reads it, header sums being those of its rounded lines."""
        rows = [
            self._line(place, line, items)
            for place, line in enumerate(_without_negatives(sale.lines, self.letter), start=1)
        ]
        if not rows:
            raise Unfit("nothing is left to record")
        stamp = sale.issued_at.astimezone(NAIROBI).strftime("%Y%m%d%H%M%S")
        credit = sale.credits_number is not None
        body: dict[str, Any] = {
            **self._who(),
            "invcNo": number,
            "orgInvcNo": sale.credits_number or 0,
            "trdInvcNo": sale.reference,
            "custTin": sale.customer_tax_number or None,
            "custNm": sale.customer_name[:60] or None,
            "salesTyCd": "N",
            "rcptTyCd": "R" if credit else "S",
            "pmtTyCd": self.payment if sale.paid else "02",
            "salesSttsCd": "02",
            "cfmDt": stamp,
            "salesDt": stamp[:8],
            "stockRlsDt": stamp,
            "rfdDt": stamp if credit else None,
            "rfdRsnCd": "06" if credit else None,
            "totItemCnt": len(rows),
            **_sums(rows),
            "prchrAcptcYn": "N",
            "receipt": {"custTin": sale.customer_tax_number or None, "rcptPbctDt": stamp,
                        "prchrAcptcYn": "N"},
            "itemList": rows,
            **OPERATOR,
        }  # fmt: skip
        return _text(body)

    def submit(self, body: str) -> Answer:
        """Send a sale; what was recorded comes back with its signature."""
        answer, told = self._post(self.dialect.sale, body)
        if answer.outcome is not Outcome.RECORDED:
            return answer
        return replace(answer, receipt=self._receipt(told))

    def verify_url(self, signature: str) -> str:
        """Where KRA shows a receipt of this branch to whoever has its signature."""
        proof = quote(f"{self.settings.tax_number}{self.settings.branch_code}{signature}", safe="")
        return f"{self.receipts}?Data={proof}" if signature else ""

    def tax_table(self, body: str) -> list[TaxCode]:
        """The codes of which the sale has any."""
        told = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        used = {row["taxTyCd"] for row in told["itemList"]}
        return [
            TaxCode(code, told[f"taxRt{code}"], told[f"taxblAmt{code}"], told[f"taxAmt{code}"])
            for code in LETTERS
            if code in used
        ]

    def _who(self) -> dict[str, Any]:
        return {"tin": self.settings.tax_number, "bhfId": self.settings.branch_code}

    def _line(
        self, place: int, line: _Priced, items: Mapping[tuple[str, str], str]
    ) -> dict[str, Any]:
        due = line.supply_minor - line.discount_minor
        taxable = due if self.taxable == "gross" else due - line.vat_minor
        share = (Decimal(100 * line.discount_minor) / line.supply_minor).quantize(_CENT)
        # A discount that is no per cent of its price is refused as none.
        rate = max(share, _CENT) if line.discount_minor else share
        return {
            "itemSeq": place, "itemCd": items[line.revenue, line.letter],
            "itemClsCd": ITEMS.get(line.revenue, _OTHER)[0], "itemNm": line.name[:200],
            "pkgUnitCd": "NT", "pkg": 1, "qtyUnitCd": "U", "qty": 1,
            "prc": _major(line.supply_minor), "splyAmt": _major(line.supply_minor),
            "dcRt": rate, "dcAmt": _major(line.discount_minor),
            "taxTyCd": line.letter, "taxblAmt": _major(taxable),
            "taxAmt": _major(line.vat_minor), "totAmt": _major(due),
        }  # fmt: skip

    def _receipt(self, told: Mapping[str, Any]) -> Receipt:
        signature = str(told.get("rcptSign") or "")
        unit = str(told.get("sdcId") or self.settings.control_unit)
        return Receipt(
            fiscal_number=f"{unit}/{told.get(self.dialect.receipt_number) or ''}",
            signature=signature,
            internal=str(told.get("intrlData") or ""),
            signed_at=_moment(str(told.get(self.dialect.signed) or "")),
            verify_url=self.verify_url(signature),
        )

    def _post(self, path: str, body: str) -> tuple[Answer, Mapping[str, Any]]:
        headers = {"content-type": "application/json", **self._who(), "cmcKey": self.settings.key}
        try:
            got = self.http.post(path, content=body.encode(), headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Answer(Outcome.LATER, "unreachable", str(error)), {}
        except httpx.HTTPError as error:
            return Answer(Outcome.DOUBT, "no_answer", f"{type(error).__name__} {error}"), {}
        return read(got.status_code, got.text, self.dialect.repeated)


def oscu(settings: Settings) -> Etims:
    """KRA's own control unit, called for each document."""
    return Etims(settings, OSCU)


def vscu(settings: Settings) -> Etims:
    """KRA's program beside ours."""
    return Etims(settings, VSCU)


def read(
    status: int, text: str, repeated: frozenset[str] = OSCU.repeated
) -> tuple[Answer, Mapping[str, Any]]:
    """An answer of KRA and what it holds besides; whatever is no answer leaves a doubt."""
    if status != 200:
        outcome = Outcome.DOUBT if status >= 500 else Outcome.BLOCKED
        return Answer(outcome, f"http_{status}", text[:200]), {}
    try:
        told = json.loads(text)
        code = str(told["resultCd"]).strip()
    except (ValueError, TypeError, KeyError):
        return Answer(Outcome.DOUBT, "unreadable", text[:200]), {}
    said = Answer(_outcome(code, repeated), code, str(told.get("resultMsg") or "")[:200])
    held = told.get("data")
    return said, held if isinstance(held, dict) else {}


def _outcome(code: str, repeated: frozenset[str]) -> Outcome:
    """900–905 and 922 are the device and its numbering, 891, 892 and 895 how it is asked, 910–912
    the document, 990 too many at once. A failure of KRA's own, or of its program, proves nothing.
    Success is all noughts, two of them in one specification and three in the other."""
    if code and not code.strip("0"):
        return Outcome.RECORDED
    if code in repeated:
        return Outcome.KNOWN
    known = {
        "922": Outcome.BLOCKED, "990": Outcome.LATER,
        **dict.fromkeys(("891", "892", "895"), Outcome.BLOCKED),
        **dict.fromkeys(("900", "901", "902", "903", "904", "905"), Outcome.BLOCKED),
        **dict.fromkeys(("910", "911", "912"), Outcome.REFUSED),
    }  # fmt: skip
    return known.get(code, Outcome.DOUBT)


@dataclass(slots=True)
class _Priced:
    """A line with its code; what is negative elsewhere becomes its discount."""

    revenue: str
    letter: str
    name: str
    supply_minor: int
    vat_minor: int
    discount_minor: int = 0


def _without_negatives(lines: Sequence[FiscalLine], letter: Any) -> list[_Priced]:
    """KRA knows no negative line: what is given back inside an invoice is a discount on what
    is charged by the same code. More given back than charged needs a credit note: Unfit."""
    charged = [
        _Priced(line.revenue, letter(line), line.name, line.gross_minor, line.vat_minor)
        for line in lines
        if line.gross_minor > 0
    ]
    for line in lines:
        if line.gross_minor >= 0:
            continue
        back, vat = -line.gross_minor, -line.vat_minor
        for one in (one for one in charged if one.letter == letter(line)):
            part = min(back, one.supply_minor - one.discount_minor)
            tax = min(vat, one.vat_minor)
            one.discount_minor += part
            one.vat_minor -= tax
            back, vat = back - part, vat - tax
        if back or vat:
            raise Unfit("more is given back than charged under one tax code")
    return charged


def _sums(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The header's sums, by code and over all."""
    told: dict[str, Any] = {}
    for code, percent in LETTERS.items():
        mine = [row for row in rows if row["taxTyCd"] == code]
        told[f"taxblAmt{code}"] = sum((row["taxblAmt"] for row in mine), Decimal(0))
        told[f"taxRt{code}"] = percent
        told[f"taxAmt{code}"] = sum((row["taxAmt"] for row in mine), Decimal(0))
    for name, of in (("totTaxblAmt", "taxblAmt"), ("totTaxAmt", "taxAmt"), ("totAmt", "totAmt")):
        told[name] = sum((row[of] for row in rows), Decimal(0))
    return told


def _major(minor: int) -> Decimal:
    return Decimal(minor) / 100


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp[:14], "%Y%m%d%H%M%S").replace(tzinfo=NAIROBI)
    except ValueError:
        return None


def _text(told: Any) -> str:
    """JSON with exact decimals: KRA's amounts are numbers with two decimals, and no float."""
    if isinstance(told, dict):
        inside = ",".join(f"{json.dumps(name)}:{_text(value)}" for name, value in told.items())
        return f"{{{inside}}}"
    if isinstance(told, list):
        return "[" + ",".join(_text(value) for value in told) + "]"
    if isinstance(told, Decimal):
        return f"{told.normalize() + 0:f}"
    return json.dumps(told)

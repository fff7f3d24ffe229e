"""What a control unit knows and answers: devices, items, signed sales, and its own refusals."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from waya.kernel import clock

INIT: Final = "/initializer/selectInitInfo"
ITEM: Final = "/items/saveItems"
SALE: Final = "/trnsSales/saveSales"
NAIROBI: Final = ZoneInfo("Africa/Nairobi")
# So long it signs without having reached the authority.
ALONE: Final = timedelta(hours=24)

Body = Mapping[str, Any]
Envelope = dict[str, Any]

_MESSAGES: Final = {
    "000": "Successful",
    "894": "An error regarding server communication.",
    "899": "An error regarding client.",
    "901": "It is not valid device.",
    "902": "This device is installed.",
    "910": "Request parameter error.",
    "994": "There is an overlapped Data.",
}
_PIN = re.compile(r"[AP]\d{9}[A-Z]")
_ITEM_CODE = re.compile(r"[A-Z]{2}[123][A-Z0-9]+\d{7}")
_MOMENT = re.compile(r"\d{14}")
_SALE = ("invcNo", "orgInvcNo", "salesTyCd", "rcptTyCd", "salesSttsCd", "cfmDt", "salesDt",
         "totItemCnt", "totTaxblAmt", "totTaxAmt", "totAmt", "prchrAcptcYn", "regrId", "regrNm",
         "modrId", "modrNm", "receipt", "itemList")  # fmt: skip
_LINE = ("itemSeq", "itemCd", "itemClsCd", "itemNm", "pkgUnitCd", "pkg", "qtyUnitCd", "qty", "prc",
         "splyAmt", "dcRt", "dcAmt", "taxTyCd", "taxblAmt", "taxAmt", "totAmt")  # fmt: skip
_ITEM = ("itemCd", "itemClsCd", "itemTyCd", "itemNm", "orgnNatCd", "pkgUnitCd", "qtyUnitCd",
         "taxTyCd", "dftPrc", "isrcAplcbYn", "useYn", "regrId", "regrNm", "modrId",
         "modrNm")  # fmt: skip


@dataclass(slots=True)
class Branch:
    """A branch whose device is installed: its items by code, its sales by number."""

    serial: str
    control_unit: str
    items: dict[str, Body] = field(default_factory=dict)
    sales: dict[int, dict[str, Any]] = field(default_factory=dict)
    receipts: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class ControlUnit:
    """The program. `serials` are those that the authority approved, all for None; `away` says
    that the authority is not reached; `repeated` is the code for a number that is had already:
    994 by the specification, 899 by the program as integrators met it (VSDC 2.0.6)."""

    serials: frozenset[str] | None = None
    away: bool = False
    repeated: str = "994"
    branches: dict[tuple[str, str], Branch] = field(default_factory=dict)
    reached_at: datetime = field(default_factory=clock.real_now)

    def answer(self, path: str, body: Body) -> Envelope | None:
        """The answer to a request; None for a path that it does not have."""
        if not self.away:
            self.reached_at = clock.real_now()
        known = {INIT: self._install, ITEM: self._item, SALE: self._sale}
        return known[path](body) if path in known else None

    def _install(self, body: Body) -> Envelope:
        tin, branch, serial = (str(body.get(name) or "") for name in ("tin", "bhfId", "dvcSrlNo"))
        if not (_PIN.fullmatch(tin) and branch and serial):
            return said("910", "Request parameter error (tin, bhfId, dvcSrlNo)")
        if self.away:
            return said("894")
        if self.serials is not None and serial not in self.serials:
            return said("901")
        if (tin, branch) in self.branches:
            return said("902")
        unit = "KRACU03" + hashlib.sha256(f"{tin}{branch}".encode()).hexdigest()[:8].upper()
        self.branches[tin, branch] = Branch(serial, unit)
        named = {"tin": tin, "taxprNm": f"Taxpayer {tin}", "bhfId": branch, "dvcId": serial,
                "sdcId": unit, "mrcNo": "WIS00000033", "hqYn": "Y" if branch == "00" else "N",
                "lastInvcNo": 0, "lastSaleRcptNo": None, "lastSaleInvcNo": None}  # fmt: skip
        return said("000", held={"info": named})

    def _item(self, body: Body) -> Envelope:
        found = self._branch(body)
        if found is None:
            return said("901")
        wrong = missing(body, _ITEM)
        if wrong or not _ITEM_CODE.fullmatch(str(body["itemCd"])):
            return said("910", f"Request parameter error ({', '.join(wrong) or 'itemCd'})")
        found.items[body["itemCd"]] = body
        return said("000")

    def _sale(self, body: Body) -> Envelope:
        found = self._branch(body)
        if found is None:
            return said("901")
        if clock.real_now() - self.reached_at > ALONE:
            return said("894")
        wrong = next(faults(body, found), None)
        if wrong:
            return said("910", f"Request parameter error ({wrong})")
        number = body["invcNo"]
        if number in found.sales:
            return said(self.repeated)
        receipt = _signed(body, found)
        found.sales[number] = {"request": body, "receipt": receipt}
        return said("000", held=receipt)

    def _branch(self, body: Body) -> Branch | None:
        return self.branches.get((str(body.get("tin")), str(body.get("bhfId"))))


def said(code: str, message: str = "", held: Any = None) -> Envelope:
    """An answer as the program wraps it; always HTTP 200."""
    stamp = f"{clock.real_now().astimezone(NAIROBI):%Y%m%d%H%M%S}"
    return {"resultCd": code, "resultMsg": message or _MESSAGES[code], "resultDt": stamp,
            "data": held}  # fmt: skip


def missing(body: Body, names: tuple[str, ...]) -> list[str]:
    """Which of these fields are not there."""
    return [name for name in names if body.get(name) in (None, "")]


def faults(body: Body, branch: Branch) -> Iterator[str]:
    """What is wrong with a sale, in the program's order: fields, then lines, then sums."""
    yield from missing(body, _SALE)
    if not isinstance(body["invcNo"], int) or body["invcNo"] < 1:
        yield "invcNo"
    if not _MOMENT.fullmatch(str(body["cfmDt"])) or str(body["salesDt"]) != body["cfmDt"][:8]:
        yield "salesDt"
    if len(str(body.get("custNm") or "")) > 60:
        yield "custNm"
    if body["rcptTyCd"] == "R" and (
        body["orgInvcNo"] not in branch.sales or not body.get("rfdRsnCd")
    ):
        yield "orgInvcNo"
    lines = body["itemList"]
    if not isinstance(lines, list) or not lines or body["totItemCnt"] != len(lines):
        yield "itemList"
    for line in lines:
        yield from _line_faults(line, branch)
    yield from _sum_faults(body, lines)


def _line_faults(line: Body, branch: Branch) -> Iterator[str]:
    yield from (f"itemList: {name}" for name in missing(line, _LINE))
    if line["itemCd"] not in branch.items:
        yield "itemList: itemCd"
    amounts = {name: _amount(line[name]) for name in ("qty", "prc", "splyAmt", "dcRt", "dcAmt",
                                                      "taxblAmt", "taxAmt", "totAmt")}  # fmt: skip
    yield from (f"itemList: {name}" for name, amount in amounts.items() if amount is None)
    read = {name: amount or Decimal(0) for name, amount in amounts.items()}
    if (read["dcAmt"] > 0) != (read["dcRt"] > 0):
        yield "itemList: dcRt"
    if read["splyAmt"] - read["dcAmt"] != read["totAmt"]:
        yield "itemList: totAmt"


def _sum_faults(body: Body, lines: list[Body]) -> Iterator[str]:
    for code in "ABCDE":
        mine = [line for line in lines if line["taxTyCd"] == code]
        for total, part in (("taxblAmt", "taxblAmt"), ("taxAmt", "taxAmt")):
            sums = sum((_amount(line[part]) or Decimal(0) for line in mine), Decimal(0))
            if _amount(body.get(f"{total}{code}")) != sums:
                yield f"{total}{code}"
    for name, part in (("totTaxblAmt", "taxblAmt"), ("totTaxAmt", "taxAmt"), ("totAmt", "totAmt")):
        if _amount(body[name]) != sum((_amount(one[part]) or Decimal(0) for one in lines), 0):
            yield name


def _amount(value: Any) -> Decimal | None:
    """An amount with at most two decimals, from zero; None for anything else."""
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        return None
    exponent = read.as_tuple().exponent
    fits = isinstance(exponent, int) and exponent >= -2
    return read if fits and read >= 0 else None


def _signed(body: Body, branch: Branch) -> dict[str, Any]:
    """What the program returns for a sale: the count of its kind and of all, signature, stamp."""
    kind = str(body["rcptTyCd"])
    branch.receipts[kind] = branch.receipts.get(kind, 0) + 1
    digest = hashlib.sha256(repr((branch.control_unit, body["invcNo"], body)).encode())
    secret = digest.hexdigest().upper()
    return {
        "rcptNo": branch.receipts[kind],
        "intrlData": secret[:26],
        "rcptSign": secret[26:42],
        "totRcptNo": sum(branch.receipts.values()),
        "vsdcRcptPbctDate": f"{clock.real_now().astimezone(NAIROBI):%Y%m%d%H%M%S}",
        "sdcId": branch.control_unit,
        "mrcNo": "WIS00000033",
    }

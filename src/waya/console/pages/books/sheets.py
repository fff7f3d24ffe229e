"""A report as a file: CSV for programs, XLSX for people; the same rows in both."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO

import xlsxwriter
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from waya.kernel.money import Money, decimals

Cell = str | int | date | Money | None
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a spreadsheet would take for a formula; a name that begins so stays a name.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report as rows of cells; `name` is the file's."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


class _Echo:
    """What a CSV writer writes to when each line is to be given back."""

    def write(self, line: str) -> str:
        return line


def as_file(sheet: Sheet, kind: str) -> HttpResponseBase:
    """The sheet as `csv`, sent as it is read, or `xlsx`."""
    if kind == "xlsx":
        answer: HttpResponseBase = HttpResponse(_xlsx(sheet), content_type=_XLSX)
    else:
        answer = StreamingHttpResponse(_csv(sheet), content_type="text/csv; charset=utf-8")
        kind = "csv"
    answer["Content-Disposition"] = f'attachment; filename="{sheet.name}.{kind}"'
    return answer


def _csv(sheet: Sheet) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(sheet.columns)
    for row in sheet.rows:
        yield writer.writerow([_plain(cell) for cell in row])


def _plain(cell: Cell) -> str:
    if isinstance(cell, Money):
        return str(_exact(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return "" if cell is None else str(cell)


def _xlsx(sheet: Sheet) -> bytes:
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"constant_memory": True})
    page = book.add_worksheet(sheet.name[:31])
    bold = book.add_format({"bold": True})
    money, whole = (
        book.add_format({"num_format": "#,##0.00"}),
        book.add_format({"num_format": "#,##0"}),
    )
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    page.freeze_panes(1, 0)
    page.set_column(0, len(sheet.columns) - 1, 18)
    page.write_row(0, 0, sheet.columns, bold)
    for at, row in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, Money):
                form = money if decimals(cell.currency) else whole
                page.write_number(at, column, _exact(cell), form)
            elif isinstance(cell, date):
                page.write_datetime(at, column, cell, day)
            elif isinstance(cell, int):
                page.write_number(at, column, cell, whole)
            elif cell:
                page.write_string(at, column, cell)
    book.close()
    return made.getvalue()


def _exact(amount: Money) -> Decimal:
    return Decimal(amount.minor).scaleb(-decimals(amount.currency))

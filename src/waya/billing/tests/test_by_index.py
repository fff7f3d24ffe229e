"""What the database checks of a batch costs the same however much was billed before: on a new
installation, too, where each check was planned when the tables were empty."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection

from waya.billing.commands.invoices import issue
from waya.billing.tests.make import isp, joined, month
from waya.kernel.periods import next_anchor
from waya.org.actors import SYSTEM
from waya.org.rows.asking import ask

pytestmark = pytest.mark.django_db

# What this transaction has read row by row, without an index.
_READ = """
select coalesce(sum(seq_tup_read), 0) from pg_stat_xact_user_tables where relname = any(%s)
"""
_GROW = ["billing_invoice", "billing_invoiceline", "billing_invoicetax", "ledger_journalentry",
         "ledger_journalline"]  # fmt: skip


def _read() -> int:
    ((read,),) = ask(_READ, [_GROW])
    return int(read)


def test_checks_look_at_no_table_row_by_row() -> None:
    entity = isp()
    rows = [joined(entity, name=f"Customer {one}") for one in range(5)]
    with connection.cursor() as cursor:
        cursor.execute(f"analyze {', '.join(_GROW)}")  # the database knows that there is little
    on, before = date(2027, 1, 1), _read()
    for _ in range(3):
        issue(drafts=[month(row, on) for row in rows], by=SYSTEM)
        on = next_anchor(on, anchor_day=1)
    assert _read() == before

"""The checks of a batch look up their parents by index, whatever the tables held when the check
was first planned.

A session plans a function's queries once. Planned on a new installation, when the tables are
all but empty, they would read the whole table for each batch (or each row of it) until the
database gathers statistics: in a first month's run, every chunk reads what was billed before.
"""

from django.db import migrations

from waya.org.rows.checking import by_index

FUNCTIONS = (
    "invoices_belong",
    "invoice_lines_belong",
    "invoice_taxes_belong",
    "invoice_lines_defer",
    "credit_notes_belong",
    "credit_lines_within",
    "credit_taxes_within",
)


class Migration(migrations.Migration):
    dependencies = [("billing", "0009_sums_by_days_of_the_books")]

    operations = [by_index(name) for name in FUNCTIONS]

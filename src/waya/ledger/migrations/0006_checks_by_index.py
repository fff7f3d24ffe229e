"""Entries are checked by index, whatever the books held when the check was first planned: see
billing's migration of the same name."""

from django.db import migrations

from waya.org.rows.checking import by_index


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_first_open_day")]

    operations = [by_index("journal_lines_balance")]

"""Every line of the books says its branch, and so do the sums by day beside them.

Lines that were posted without one were the whole company's, whose branch is the main one: that
is written on them once, here, and no amount is touched. The sums are added up anew from lines.
"""

from django.db import migrations, models

NAMED = """
alter table ledger_journalline disable trigger journal_line_frozen;
update ledger_journalline l set branch_id = b.id
from org_branch b where b.entity_id = l.entity_id and b.main and l.branch_id is null;
alter table ledger_journalline enable trigger journal_line_frozen;
truncate ledger_balancedelta;
"""

_SUMS = """
create or replace function journal_lines_add_up() returns trigger language plpgsql as $$
begin
    insert into ledger_balancedelta
        (entity_id, {branch}account_id, "on", currency, amount_minor, debit_minor, base_minor)
    select entity_id, {branch}account_id, "on", currency, sum(amount_minor),
        sum(greatest(amount_minor, 0)), sum(base_minor)
    from fresh group by entity_id, {branch}account_id, "on", currency;
    return null;
end $$;
"""

ANEW = """
insert into ledger_balancedelta
    (entity_id, branch_id, account_id, "on", currency, amount_minor, debit_minor, base_minor)
select entity_id, branch_id, account_id, "on", currency, sum(amount_minor),
    sum(greatest(amount_minor, 0)), sum(base_minor)
from ledger_journalline group by 1, 2, 3, 4, 5;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_books_that_refuse"), ("org", "0003_accounts_and_issuers")]

    operations = [
        migrations.RunSQL(NAMED, migrations.RunSQL.noop),
        migrations.AlterField("journalline", "branch_id", models.BigIntegerField()),
        migrations.AddField(
            "balancedelta", "branch_id", models.BigIntegerField(default=0), preserve_default=False
        ),
        migrations.RunSQL(_SUMS.format(branch="branch_id, ") + ANEW, _SUMS.format(branch="")),
    ]

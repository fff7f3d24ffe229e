"""Balances by day, kept beside the lines by a statement trigger; periods that are soft-closed
or locked; the general ledger's index."""

import django.db.models.deletion
from django.db import migrations, models

SO_FAR = """
insert into ledger_balancedelta
    (entity_id, account_id, "on", currency, amount_minor, debit_minor, base_minor)
select entity_id, account_id, "on", currency, sum(amount_minor),
    sum(greatest(amount_minor, 0)), sum(base_minor)
from ledger_journalline group by entity_id, account_id, "on", currency
"""

ADDED_UP = """
create function journal_lines_add_up() returns trigger language plpgsql as $$
begin
    insert into ledger_balancedelta
        (entity_id, account_id, "on", currency, amount_minor, debit_minor, base_minor)
    select entity_id, account_id, "on", currency, sum(amount_minor),
        sum(greatest(amount_minor, 0)), sum(base_minor)
    from fresh group by entity_id, account_id, "on", currency;
    return null;
end $$;
create trigger journal_lines_add_up after insert on ledger_journalline
    referencing new table as fresh for each statement
    execute function journal_lines_add_up();
"""

# Whoever posts holds a shared lock until the transaction ends, whoever closes waits for it: so
# an entry that was begun before a period is closed is in the books before it is.
SHUT = """
create function shut_periods(entities bigint[]) returns setof ledger_fiscalperiod
language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(hashtext('waya.periods'), e::int)
    from unnest(entities) e;
    return query select p.* from ledger_fiscalperiod p
        where p.entity_id = any(entities) and (p.state = 'locked' or p.state = 'soft'
            and current_setting('waya.adjusting', true) is distinct from 'on')
        order by p.start;
end $$;
create or replace function journal_period_open() returns trigger language plpgsql as $$
declare bad record;
begin
    select fresh.source, p.start, p."end", p.state into bad
    from shut_periods(array(select distinct entity_id from fresh)) p
        join fresh on fresh.entity_id = p.entity_id
        and fresh."on" >= p.start and fresh."on" < p."end"
    limit 1;
    if found then
        raise exception '% falls in the closed period % to % (%)',
            bad.source, bad.start, bad."end", bad.state using errcode = 'check_violation';
    end if;
    return null;
end $$;
"""

OPEN_AS_BEFORE = """
create or replace function journal_period_open() returns trigger language plpgsql as $$
declare bad record;
begin
    select fresh.source, p.start, p."end" into bad
    from fresh join ledger_fiscalperiod p
        on p.entity_id = fresh.entity_id and p.state = 'closed'
        and fresh."on" >= p.start and fresh."on" < p."end"
    limit 1;
    if found then
        raise exception '% falls in the closed period % to %', bad.source, bad.start, bad."end"
            using errcode = 'check_violation';
    end if;
    return null;
end $$;
drop function shut_periods(bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_one_check_for_many")]

    operations = [
        migrations.CreateModel(
            name="BalanceDelta",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("entity_id", models.BigIntegerField()),
                ("on", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("debit_minor", models.BigIntegerField()),
                ("base_minor", models.BigIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["entity_id", "on"], name="balance_by_day")],
            },
        ),
        migrations.AddIndex(
            "journalline", models.Index(fields=["account", "on"], name="line_by_day")
        ),
        migrations.AlterField(
            "journalline",
            "account",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="ledger.account",
            ),
        ),
        migrations.RunSQL(SO_FAR, migrations.RunSQL.noop),
        migrations.RunSQL(ADDED_UP, "drop function journal_lines_add_up() cascade"),
        migrations.RunSQL(
            "update ledger_fiscalperiod set state = 'locked' where state = 'closed'",
            "update ledger_fiscalperiod set state = 'closed' where state = 'locked'",
        ),
        migrations.AddConstraint(
            "fiscalperiod",
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "soft", "locked"]),
                name="period_state_known",
            ),
        ),
        migrations.RunSQL(SHUT, OPEN_AS_BEFORE),
    ]

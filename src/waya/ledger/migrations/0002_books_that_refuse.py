"""Triggers that keep the books balanced, whole, unchanged and out of closed periods, and the
balances by day beside the lines.

Statement triggers over the transition table fire for COPY as for one row.
"""

from django.db import migrations

XACT = "alter table ledger_journalentry add column xact xid8 not null default pg_current_xact_id()"

BALANCED = """
create function journal_lines_balance() returns trigger language plpgsql as $$
declare bad bigint;
begin
    select fresh.entry_id into bad
    from fresh left join ledger_journalentry e
        on e.id = fresh.entry_id and e.xact = pg_current_xact_id()
    group by fresh.entry_id, fresh.currency, e.id, e."on", e.entity_id
    having sum(fresh.amount_minor) <> 0 or sum(fresh.base_minor) <> 0 or e.id is null
        or bool_or(fresh."on" <> e."on") or bool_or(fresh.entity_id <> e.entity_id)
    limit 1;
    if found then
        raise exception 'entry % does not balance, or is not new', bad
            using errcode = 'check_violation';
    end if;
    select fresh.account_id into bad
    from fresh left join ledger_account a
        on a.id = fresh.account_id and a.entity_id = fresh.entity_id
    where a.id is null
    limit 1;
    if found then
        raise exception 'account % is not in the chart of the entity', bad
            using errcode = 'foreign_key_violation';
    end if;
    return null;
end $$;
create trigger journal_lines_balance after insert on ledger_journalline
    referencing new table as fresh for each statement
    execute function journal_lines_balance();
"""

FROZEN = """
create function books_are_frozen() returns trigger language plpgsql as $$
begin
    raise exception 'the books are append-only' using errcode = 'restrict_violation';
end $$;
create trigger journal_line_frozen before update or delete or truncate on ledger_journalline
    for each statement execute function books_are_frozen();
create trigger journal_entry_frozen before update or delete or truncate on ledger_journalentry
    for each statement execute function books_are_frozen();
"""

# Whoever posts holds a shared lock until the transaction ends, whoever closes waits for it: so
# an entry that was begun before a period is closed is in the books before it is.
OPEN = """
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
create function journal_period_open() returns trigger language plpgsql as $$
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
create trigger journal_period_open after insert on ledger_journalentry
    referencing new table as fresh for each statement
    execute function journal_period_open();
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


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(XACT, "alter table ledger_journalentry drop column xact"),
        migrations.RunSQL(BALANCED, "drop function journal_lines_balance() cascade"),
        migrations.RunSQL(FROZEN, "drop function books_are_frozen() cascade"),
        migrations.RunSQL(
            OPEN, "drop function shut_periods(bigint[]), journal_period_open() cascade"
        ),
        migrations.RunSQL(ADDED_UP, "drop function journal_lines_add_up() cascade"),
    ]

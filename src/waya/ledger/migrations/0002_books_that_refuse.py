"""Triggers that keep the books balanced, whole, unchanged and out of closed periods, and the
balances by day beside the lines.

Statement triggers over the transition table fire for COPY as for one row.
"""

from django.db import migrations

XACT = "alter table ledger_journalentry add column xact xid8 not null default pg_current_xact_id()"

# `offset 0` keeps the look at each entry one by its key: PostgreSQL plans these statements when
# the tables are small, keeps the plan, and would read every entry of the books for each batch.
BALANCED = """
create function journal_lines_balance() returns trigger language plpgsql as $$
declare bad bigint;
begin
    select l.entry_id into bad
    from (select entry_id, sum(amount_minor) amount, sum(base_minor) base,
              min("on") first, max("on") last, min(entity_id) least, max(entity_id) most
          from fresh group by entry_id, currency) l
        left join lateral (
            select e."on", e.entity_id from ledger_journalentry e
            where e.id = l.entry_id and e.xact = pg_current_xact_id() offset 0) e on true
    where l.amount <> 0 or l.base <> 0 or e."on" is null or l.first <> e."on" or l.last <> e."on"
        or l.least <> e.entity_id or l.most <> e.entity_id
    limit 1;
    if found then
        raise exception 'entry % does not balance, or is not new', bad
            using errcode = 'check_violation';
    end if;
    select l.account_id into bad
    from (select distinct account_id, entity_id from fresh) l
        left join ledger_account a on a.id = l.account_id and a.entity_id = l.entity_id
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

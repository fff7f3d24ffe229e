"""Triggers that keep the books balanced, whole, unchanged and out of closed periods.

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

OPEN = """
create function journal_period_open() returns trigger language plpgsql as $$
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
create trigger journal_period_open after insert on ledger_journalentry
    referencing new table as fresh for each statement
    execute function journal_period_open();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(XACT, "alter table ledger_journalentry drop column xact"),
        migrations.RunSQL(BALANCED, "drop function journal_lines_balance() cascade"),
        migrations.RunSQL(FROZEN, "drop function books_are_frozen() cascade"),
        migrations.RunSQL(OPEN, "drop function journal_period_open() cascade"),
    ]

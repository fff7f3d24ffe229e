"""Sums that statement triggers keep beside invoices and their lines: what is owed by due day,
and what is earned over which days."""

from django.db import migrations

OWED = """
create function invoices_add_up() returns trigger language plpgsql as $$
begin
    insert into billing_receivabledelta (entity_id, currency, due_on, "on", amount_minor)
    select entity_id, currency, due_on, issued_on, sum(total_minor - paid_minor)
    from fresh group by entity_id, currency, due_on, issued_on
    having sum(total_minor - paid_minor) <> 0;
    return null;
end $$;
create trigger invoices_add_up after insert on billing_invoice
    referencing new table as fresh for each statement execute function invoices_add_up();

create function invoices_settled() returns trigger language plpgsql as $$
begin
    insert into billing_receivabledelta (entity_id, currency, due_on, "on", amount_minor)
    select fresh.entity_id, fresh.currency, fresh.due_on,
        coalesce(fresh.settled_on, (waya_now() at time zone e.zone)::date),
        sum(was.paid_minor - fresh.paid_minor)
    from fresh join was on was.id = fresh.id and was.paid_minor <> fresh.paid_minor
        join org_entity e on e.id = fresh.entity_id
    group by 1, 2, 3, 4;
    return null;
end $$;
create trigger invoices_settled after update on billing_invoice
    referencing old table as was new table as fresh for each statement
    execute function invoices_settled();
"""

# A line billed in advance without days, or of less than one, is earned on its first day.
EARNED = """
create function invoice_lines_defer() returns trigger language plpgsql as $$
begin
    insert into billing_deferral
        (entity_id, revenue, currency, "on", start, "end", net_minor, lines)
    select i.entity_id, fresh.revenue, i.currency, i.issued_on, coalesce(fresh.start, i.issued_on),
        greatest(fresh."end", coalesce(fresh.start, i.issued_on) + 1),
        fresh.net_minor, count(*)
    from fresh join billing_invoice i on i.id = fresh.invoice_id
    where fresh.deferred and fresh.net_minor <> 0
    group by 1, 2, 3, 4, 5, 6, 7;
    return null;
end $$;
create trigger invoice_lines_defer after insert on billing_invoiceline
    referencing new table as fresh for each statement execute function invoice_lines_defer();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_invoices_belong_and_stay"), ("org", "0002_waya_now")]

    operations = [
        migrations.RunSQL(OWED, "drop function invoices_add_up(), invoices_settled() cascade"),
        migrations.RunSQL(EARNED, "drop function invoice_lines_defer() cascade"),
    ]

"""Credit notes: of an invoice's own lines and taxes, and never more of any than is left of it.

Triggers lock the invoices, so that two who credit at once take turns whatever their code does,
and see to credit notes staying as they were issued.
"""

from django.db import migrations

BELONG = """
create function credit_notes_belong() returns trigger language plpgsql as $$
declare bad text;
begin
    select fresh.number into bad
    from fresh left join billing_invoice i
        on i.id = fresh.invoice_id and i.entity_id = fresh.entity_id
            and i.customer_id = fresh.customer_id and i.currency = fresh.currency
            and i.issued_on <= fresh.issued_on
    where i.id is null limit 1;
    if found then
        raise exception 'credit note % is of no invoice of its customer', bad
            using errcode = 'foreign_key_violation';
    end if;
    return null;
end $$;
create trigger credit_notes_belong after insert on billing_creditnote
    referencing new table as fresh for each statement execute function credit_notes_belong();
"""

# What is not earned yet of a line will not be: a row below zero among what is earned by day.
WITHIN = """
create function credit_lines_within() returns trigger language plpgsql as $$
declare bad bigint;
begin
    perform 1 from billing_invoice
    where id in (select l.invoice_id from billing_invoiceline l
                 where l.id in (select line_id from fresh))
    order by id for no key update;

    select s.note_id into bad
    from (select note_id, sum(net_minor) net, sum(tax_minor) tax, sum(total_minor) total
          from fresh group by note_id) s
        left join billing_creditnote n on n.id = s.note_id
            and n.net_minor = s.net and n.tax_minor = s.tax and n.total_minor = s.total
    where n.id is null limit 1;
    if found then
        raise exception 'the lines of credit note % are not its sums', bad
            using errcode = 'foreign_key_violation';
    end if;

    select fresh.line_id into bad
    from fresh join billing_creditnote n on n.id = fresh.note_id
        left join billing_invoiceline l
            on l.id = fresh.line_id and l.invoice_id = n.invoice_id
    where l.id is null limit 1;
    if found then
        raise exception 'line % is not of the invoice that is credited', bad
            using errcode = 'foreign_key_violation';
    end if;

    select l.id into bad
    from (select line_id, sum(net_minor) net, sum(tax_minor) tax, sum(total_minor) total
          from billing_creditnoteline
          where line_id in (select line_id from fresh) group by line_id) c
        join billing_invoiceline l on l.id = c.line_id
    where c.net not between least(0, l.net_minor) and greatest(0, l.net_minor)
        or c.tax not between least(0, l.tax_minor) and greatest(0, l.tax_minor)
        or c.total not between least(0, l.total_minor) and greatest(0, l.total_minor)
    limit 1;
    if found then
        raise exception 'more is credited of line % than is left of it', bad
            using errcode = 'check_violation';
    end if;

    select fresh.line_id into bad
    from fresh join billing_creditnoteline o on o.line_id = fresh.line_id and o.id <> fresh.id
        and o.start < fresh."end" and fresh.start < o."end" limit 1;
    if found then
        raise exception 'days of line % are credited twice', bad
            using errcode = 'check_violation';
    end if;

    insert into billing_deferral
        (entity_id, revenue, currency, "on", start, "end", net_minor, lines)
    select n.entity_id, fresh.revenue, n.currency, n.issued_on, fresh.unearned_from,
        fresh.unearned_until, -fresh.unearned_minor, count(*)
    from fresh join billing_creditnote n on n.id = fresh.note_id
    where fresh.unearned_minor <> 0
    group by 1, 2, 3, 4, 5, 6, 7;
    return null;
end $$;
create trigger credit_lines_within after insert on billing_creditnoteline
    referencing new table as fresh for each statement execute function credit_lines_within();

create function credit_taxes_within() returns trigger language plpgsql as $$
declare bad bigint;
begin
    select t.line_id into bad
    from (select line_id, sum(amount_minor) tax from fresh group by line_id) t
        left join billing_creditnoteline l on l.id = t.line_id and l.tax_minor = t.tax
    where l.id is null limit 1;
    if found then
        raise exception 'the taxes of credited line % are not its tax', bad
            using errcode = 'foreign_key_violation';
    end if;

    select c.line_id into bad
    from (select l.line_id, t.sequence, sum(t.amount_minor) amount
          from billing_creditnotetax t join billing_creditnoteline l on l.id = t.line_id
          where l.line_id in (select f.line_id from billing_creditnoteline f
                              where f.id in (select line_id from fresh))
          group by 1, 2) c
        left join billing_invoicetax o
            on o.line_id = c.line_id and o.sequence = c.sequence
    where o.id is null
        or c.amount not between least(0, o.amount_minor) and greatest(0, o.amount_minor)
    limit 1;
    if found then
        raise exception 'more tax is credited of line % than was charged', bad
            using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger credit_taxes_within after insert on billing_creditnotetax
    referencing new table as fresh for each statement execute function credit_taxes_within();
"""

ISSUED = """
create trigger credit_note_stays before update or delete or truncate on billing_creditnote
    for each statement execute function issued_stays();
create trigger credit_line_stays before update or delete or truncate on billing_creditnoteline
    for each statement execute function issued_stays();
create trigger credit_tax_stays before update or delete or truncate on billing_creditnotetax
    for each statement execute function issued_stays();
"""

UNSTAY = """
drop trigger credit_note_stays on billing_creditnote;
drop trigger credit_line_stays on billing_creditnoteline;
drop trigger credit_tax_stays on billing_creditnotetax;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_sums_beside_rows")]

    operations = [
        migrations.RunSQL(BELONG, "drop function credit_notes_belong() cascade"),
        migrations.RunSQL(
            WITHIN, "drop function credit_lines_within(), credit_taxes_within() cascade"
        ),
        migrations.RunSQL(ISSUED, UNSTAY),
    ]

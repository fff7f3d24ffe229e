"""Invoices arrive by COPY: statement triggers see to what foreign keys would, and to issued
documents staying as they are.

A foreign key costs a check a row; one check of the batch costs a fifteenth (measured). The
parents are append-only, so nothing can be orphaned later.
"""

from django.db import migrations

BELONG = """
create function invoices_belong() returns trigger language plpgsql as $$
declare bad text;
begin
    select fresh.number into bad
    from fresh left join parties_customer c
            on c.id = fresh.customer_id and c.entity_id = fresh.entity_id
        left join org_issuer i on i.id = fresh.issuer_id and i.entity_id = fresh.entity_id
    where c.id is null or i.id is null limit 1;
    if found then
        raise exception 'invoice % belongs to no customer and issuer of its entity', bad
            using errcode = 'foreign_key_violation';
    end if;
    return null;
end $$;
create trigger invoices_belong after insert on billing_invoice
    referencing new table as fresh for each statement execute function invoices_belong();

create function invoice_lines_belong() returns trigger language plpgsql as $$
declare bad bigint;
begin
    select l.invoice_id into bad
    from (select invoice_id, sum(net_minor) net, sum(tax_minor) tax, sum(total_minor) total
          from fresh group by invoice_id) l
        left join billing_invoice i on i.id = l.invoice_id
            and i.net_minor = l.net and i.tax_minor = l.tax and i.total_minor = l.total
    where i.id is null limit 1;
    if found then
        raise exception 'the lines of invoice % are not its sums', bad
            using errcode = 'foreign_key_violation';
    end if;
    select fresh.subscription_id into bad
    from fresh left join subscriptions_subscription s on s.id = fresh.subscription_id
    where fresh.subscription_id is not null and s.id is null limit 1;
    if found then
        raise exception 'there is no subscription %', bad using errcode = 'foreign_key_violation';
    end if;
    return null;
end $$;
create trigger invoice_lines_belong after insert on billing_invoiceline
    referencing new table as fresh for each statement execute function invoice_lines_belong();

create function invoice_taxes_belong() returns trigger language plpgsql as $$
declare bad bigint;
begin
    select t.line_id into bad
    from (select line_id, sum(amount_minor) tax from fresh group by line_id) t
        left join billing_invoiceline l on l.id = t.line_id and l.tax_minor = t.tax
    where l.id is null limit 1;
    if found then
        raise exception 'the taxes of line % are not its tax', bad
            using errcode = 'foreign_key_violation';
    end if;
    return null;
end $$;
create trigger invoice_taxes_belong after insert on billing_invoicetax
    referencing new table as fresh for each statement execute function invoice_taxes_belong();
"""

ISSUED = """
create function issued_stays() returns trigger language plpgsql as $$
begin
    raise exception 'an issued document is never changed' using errcode = 'restrict_violation';
end $$;
create trigger invoice_stays before delete or truncate on billing_invoice
    for each statement execute function issued_stays();
create trigger invoice_stays_as_issued before update of id, public_id, entity_id, customer_id, issuer_id,
    number, issued_on, issued_at, due_on, currency, net_minor, tax_minor, total_minor,
    customer_as_issued on billing_invoice
    for each statement execute function issued_stays();
create trigger invoice_line_stays before update or delete or truncate on billing_invoiceline
    for each statement execute function issued_stays();
create trigger invoice_tax_stays before update or delete or truncate on billing_invoicetax
    for each statement execute function issued_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(
            BELONG,
            "drop function invoices_belong(), invoice_lines_belong(), invoice_taxes_belong() cascade",
        ),
        migrations.RunSQL(ISSUED, "drop function issued_stays() cascade"),
    ]

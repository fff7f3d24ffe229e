"""Documents name who issued them, as it was called; those of before the main branch as it is now."""

import django.db.models.deletion
from django.db import migrations, models

# Issued documents are never changed, but for this once.
AS_NAMED_NOW = """
alter table billing_invoice disable trigger user;
alter table billing_creditnote disable trigger user;
update billing_invoice d set issuer_id = i.id
from org_issuer i join org_branch b on b.id = i.branch_id and b.main
where i.entity_id = d.entity_id;
update billing_proforma d set issuer_id = i.id
from org_issuer i join org_branch b on b.id = i.branch_id and b.main
where i.entity_id = d.entity_id;
update billing_creditnote d set issuer_id = i.id
from org_issuer i join org_branch b on b.id = i.branch_id and b.main
where i.entity_id = d.entity_id;
set constraints all immediate;
alter table billing_invoice enable trigger user;
alter table billing_creditnote enable trigger user;
"""

BELONG = """
create or replace function invoices_belong() returns trigger language plpgsql as $$
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
create trigger invoice_keeps_its_issuer before update of issuer_id on billing_invoice
    for each statement execute function issued_stays();
"""

BELONGED = """
drop trigger invoice_keeps_its_issuer on billing_invoice;
create or replace function invoices_belong() returns trigger language plpgsql as $$
declare bad text;
begin
    select fresh.number into bad
    from fresh left join parties_customer c
        on c.id = fresh.customer_id and c.entity_id = fresh.entity_id
    where c.id is null limit 1;
    if found then
        raise exception 'invoice % belongs to no customer of its entity', bad
            using errcode = 'foreign_key_violation';
    end if;
    return null;
end $$;
"""


def issuer(*, null: bool, constraint: bool = True) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=constraint,
        db_index=False,
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="org.issuer",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0013_offers"),
        ("parties", "0003_branch_and_tax_number"),
    ]

    operations = [
        migrations.AddField("invoice", "issuer", issuer(null=True, constraint=False)),
        migrations.AddField("proforma", "issuer", issuer(null=True)),
        migrations.AddField("creditnote", "issuer", issuer(null=True)),
        migrations.RunSQL(AS_NAMED_NOW, migrations.RunSQL.noop),
        migrations.AlterField("invoice", "issuer", issuer(null=False, constraint=False)),
        migrations.AlterField("proforma", "issuer", issuer(null=False)),
        migrations.AlterField("creditnote", "issuer", issuer(null=False)),
        migrations.RunSQL(BELONG, BELONGED),
    ]

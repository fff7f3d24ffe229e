"""Sums that statement triggers keep beside invoices and their lines: what is owed by due day,
and what is earned over which days; what was recognised of it."""

import django.db.models.deletion
from django.db import migrations, models

# Under each trigger, the same sums of the rows that are there already.
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

insert into billing_receivabledelta (entity_id, currency, due_on, "on", amount_minor)
select entity_id, currency, due_on, issued_on, sum(total_minor - paid_minor)
from billing_invoice where paid_minor < total_minor
group by entity_id, currency, due_on, issued_on;
"""

# A line billed in advance without days, or of less than one, is earned on its first day.
EARNED = """
create function invoice_lines_defer() returns trigger language plpgsql as $$
begin
    insert into billing_deferral
        (entity_id, revenue, currency, "on", start, "end", net_minor, lines)
    select i.entity_id, fresh.revenue, i.currency, i.issued_on, {start}, {end},
        fresh.net_minor, count(*)
    from fresh join billing_invoice i on i.id = fresh.invoice_id
    where fresh.deferred and fresh.net_minor <> 0
    group by 1, 2, 3, 4, 5, 6, 7;
    return null;
end $$;
create trigger invoice_lines_defer after insert on billing_invoiceline
    referencing new table as fresh for each statement execute function invoice_lines_defer();

insert into billing_deferral
    (entity_id, revenue, currency, "on", start, "end", net_minor, lines)
select i.entity_id, fresh.revenue, i.currency, i.issued_on, {start}, {end},
    fresh.net_minor, count(*)
from billing_invoiceline fresh join billing_invoice i on i.id = fresh.invoice_id
where fresh.deferred and fresh.net_minor <> 0
group by 1, 2, 3, 4, 5, 6, 7;
""".format(
    start="coalesce(fresh.start, i.issued_on)",
    end='greatest(fresh."end", coalesce(fresh.start, i.issued_on) + 1)',
)

KEY = (
    "id",
    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_fiscal_outbox"),
        ("org", "0004_idempotent_answers"),
    ]

    operations = [
        migrations.AddField("invoice", "settled_on", models.DateField(null=True)),
        migrations.AddIndex(
            "invoice",
            models.Index(
                condition=models.Q(settled_on__isnull=False),
                fields=["entity", "settled_on"],
                name="invoice_by_settling",
            ),
        ),
        migrations.CreateModel(
            name="ReceivableDelta",
            fields=[
                KEY,
                ("entity_id", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("due_on", models.DateField()),
                ("on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["entity_id", "on"], name="receivable_by_day")],
            },
        ),
        migrations.CreateModel(
            name="Deferral",
            fields=[
                KEY,
                ("entity_id", models.BigIntegerField()),
                ("revenue", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("on", models.DateField()),
                ("start", models.DateField()),
                ("end", models.DateField()),
                ("net_minor", models.BigIntegerField()),
                ("lines", models.IntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(start__lt=models.F("end")), name="deferral_has_days"
                    )
                ],
                "indexes": [models.Index(fields=["entity_id", "end"], name="deferral_by_end")],
            },
        ),
        migrations.CreateModel(
            name="Recognition",
            fields=[
                KEY,
                ("through", models.DateField()),
                ("revenue", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.entity",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["entity", "through", "revenue", "currency"],
                        name="recognised_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(OWED, "drop function invoices_add_up(), invoices_settled() cascade"),
        migrations.RunSQL(EARNED, "drop function invoice_lines_defer() cascade"),
    ]

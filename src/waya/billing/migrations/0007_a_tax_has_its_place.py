"""A tax row's key is its place on its line: one index instead of two for every tax.

The index of invoices by company goes too: their numbers begin with it.
"""

import django.db.models.deletion
from django.db import migrations, models

PLACED = """
alter table billing_invoicetax drop column id;
alter table billing_invoicetax add primary key (line_id, sequence);
drop index billing_invoicetax_line_id_c7ba7a3f;
alter table billing_creditnotetax drop column id;
alter table billing_creditnotetax drop constraint credited_tax_once;
alter table billing_creditnotetax add primary key (line_id, sequence);
drop index billing_creditnotetax_line_id_eb943f94;
do $$ begin
    execute replace(pg_get_functiondef('credit_taxes_within'::regproc),
                    'o.id is null', 'o.line_id is null');
end $$;
"""


def _placed(model: str) -> list[migrations.operations.base.Operation]:
    key = models.CompositePrimaryKey(
        "line_id", "sequence", blank=True, editable=False, serialize=False
    )
    return [migrations.RemoveField(model, "id"), migrations.AddField(model, "pk", key)]


def _line(to: str, **options: bool) -> models.ForeignKey:
    return models.ForeignKey(
        to, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="taxes",
        **options,
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_recognised_by_branch")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(PLACED)],
            [
                migrations.RemoveConstraint("creditnotetax", "credited_tax_once"),
                *_placed("invoicetax"),
                *_placed("creditnotetax"),
                migrations.AlterField(
                    "invoicetax", "line", _line("billing.invoiceline", db_constraint=False)
                ),
                migrations.AlterField("creditnotetax", "line", _line("billing.creditnoteline")),
            ],
        ),
        migrations.AlterField(
            "invoice",
            "entity",
            models.ForeignKey(
                "org.entity",
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
            ),
        ),
    ]

"""Money that came for what had been written off."""

import django.db.models.deletion
from django.db import migrations, models

# Whose each loss was; then the checks that this left for the end, or the table would not change.
OWNERS = """
update billing_writeoff w set customer_id = i.customer_id
from billing_invoice i where i.id = w.invoice_id;
set constraints all immediate;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0015_exemptions"),
        ("parties", "0002_tags"),
    ]

    operations = [
        migrations.AddField(
            model_name="writeoff",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="write_offs",
                to="parties.customer",
            ),
        ),
        migrations.RunSQL(OWNERS, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="writeoff",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="write_offs",
                to="parties.customer",
            ),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="recovered_minor",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="writeoff",
            index=models.Index(
                condition=models.Q(("recovered_minor__lt", models.F("amount_minor"))),
                fields=["customer"],
                name="write_off_lost",
            ),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recovered_minor__gte", 0),
                    ("recovered_minor__lte", models.F("amount_minor")),
                ),
                name="recovered_within_loss",
            ),
        ),
        migrations.CreateModel(
            name="Recovery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("on", models.DateField()),
                ("recovered_at", models.DateTimeField()),
                (
                    "write_off",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recoveries",
                        to="billing.writeoff",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="recovery_of_something"
                    )
                ],
            },
        ),
    ]

"""Several pro formas of a customer share one number, and become one invoice.

What was asked before is a document of one line each.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_credit_notes_belong_and_stay")]

    operations = [
        migrations.AddField("proforma", "line", models.SmallIntegerField(db_default=1, default=1)),
        migrations.RemoveConstraint("proforma", "pro_forma_number_once"),
        migrations.AddConstraint(
            "proforma",
            models.UniqueConstraint(
                fields=["entity", "number", "line"], name="pro_forma_number_once"
            ),
        ),
        migrations.AlterField(
            "proforma", "invoice",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, to="billing.invoice",
                related_name="pro_formas",
            ),
        ),
    ]  # fmt: skip

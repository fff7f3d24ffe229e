"""Receipts name who gave them, as it was called; those of before the main branch as it is now."""

import django.db.models.deletion
from django.db import migrations, models

AS_NAMED_NOW = """
update payments_payment d set issuer_id = i.id
from org_issuer i join org_branch b on b.id = i.branch_id and b.main
where i.entity_id = d.entity_id;
set constraints all immediate;
"""


def issuer(*, null: bool) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="org.issuer",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0002_what_a_notification_says"),
        ("org", "0006_branches_and_issuers"),
    ]

    operations = [
        migrations.AddField("payment", "issuer", issuer(null=True)),
        migrations.RunSQL(AS_NAMED_NOW, migrations.RunSQL.noop),
        migrations.AlterField("payment", "issuer", issuer(null=False)),
    ]

"""Customers belong to a branch, those of before to the main one; some have a tax number."""

import django.db.models.deletion
from django.db import migrations, models

TO_THE_MAIN_ONE = """
update parties_customer c set branch_id = b.id
from org_branch b where b.entity_id = c.entity_id and b.main;
set constraints all immediate;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("parties", "0002_tags"),
        ("org", "0006_branches_and_issuers"),
    ]

    operations = [
        migrations.AddField(
            "customer",
            "tax_number",
            models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.AddField(
            "customer",
            "branch",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.branch",
            ),
        ),
        migrations.RunSQL(TO_THE_MAIN_ONE, migrations.RunSQL.noop),
        migrations.AlterField(
            "customer",
            "branch",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.branch"
            ),
        ),
    ]

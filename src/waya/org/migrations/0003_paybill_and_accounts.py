"""The paybill that customers are told, and the sequence of account numbers.

Account numbers may have gaps (they are never used again), so a sequence serves.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("org", "0002_waya_now")]

    operations = [
        migrations.AddField("entity", "paybill", models.CharField(blank=True, max_length=12)),
        migrations.RunSQL(
            "create sequence account_sequence start 100001", "drop sequence account_sequence"
        ),
    ]

"""A part of a payment may come for what had been written off."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_issuers")]

    operations = [
        migrations.AddField(
            model_name="allocation",
            name="recovers",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]

"""A period that was given back may be asked for again: one pro forma is open for it at a time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0011_runs")]

    operations = [
        migrations.RemoveConstraint("proforma", "pro_forma_period_once"),
        migrations.AddConstraint(
            "proforma",
            models.UniqueConstraint(
                condition=models.Q(state="open"),
                fields=["subscription", "start"],
                name="pro_forma_period_once",
            ),
        ),
    ]

"""What waits for a person is found by an index of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_recoveries")]

    operations = [
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("state", "parked")),
                fields=["merchant", "-id"],
                name="notification_parked",
            ),
        ),
    ]

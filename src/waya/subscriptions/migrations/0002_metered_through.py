"""Up to which day the use of what is paid before is billed."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column that may be empty: nothing is rewritten."""

    dependencies = [("subscriptions", "0001_initial")]

    operations = [
        migrations.AddField("subscription", "metered_through", models.DateField(null=True)),
    ]

"""The carrier's key, and what may go out at night, which also goes first."""

from django.db import migrations, models
from django.db.models import Q

import waya.org.secrets


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial"), ("org", "0001_initial")]

    operations = [
        migrations.AddField(
            "gateway",
            "api_key",
            waya.org.secrets.SealedField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AddField("message", "urgent", models.BooleanField(default=True)),
        migrations.RemoveIndex("message", "message_waiting"),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["entity", "-urgent", "next_try_at"],
                name="message_waiting",
                condition=Q(state="waiting"),
            ),
        ),
    ]

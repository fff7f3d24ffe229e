"""Disputes and calls have public ids; a promise may be taken back."""

import django.contrib.postgres.functions
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0016_recoveries")]

    operations = [
        migrations.AddField(
            "dispute",
            "public_id",
            models.UUIDField(
                db_default=django.contrib.postgres.functions.RandomUUID(),
                editable=False,
                unique=True,
            ),
        ),
        migrations.AddField(
            "followup",
            "public_id",
            models.UUIDField(
                db_default=django.contrib.postgres.functions.RandomUUID(),
                editable=False,
                unique=True,
            ),
        ),
        migrations.AddField("promise", "withdrawn_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "promise",
            "withdrawn_by",
            models.CharField(blank=True, db_default="", default="", max_length=80),
        ),
        migrations.RemoveConstraint("promise", "promise_day_once"),
        migrations.AddConstraint(
            "promise",
            models.UniqueConstraint(
                fields=["customer", "until"],
                name="promise_day_once",
                condition=Q(withdrawn_at__isnull=True),
            ),
        ),
    ]

"""Several charges of a subscription for one period, each billed once; usage by the day."""

import django.db.models.deletion
from django.db import migrations, models

BILLED = models.Q(subscription__isnull=False, start__isnull=False)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0009_dunning"),
        ("subscriptions", "0003_versions"),
    ]

    operations = [
        migrations.AddField(
            "invoiceline",
            "charge",
            models.CharField(db_collation="C", db_default="fee", default="fee", max_length=100),
        ),
        migrations.AddField(
            "invoiceline", "turn", models.SmallIntegerField(db_default=0, default=0)
        ),
        migrations.RemoveConstraint("invoiceline", "period_billed_once"),
        migrations.AddConstraint(
            "invoiceline",
            models.UniqueConstraint(
                condition=BILLED,
                fields=["subscription", "start", "charge", "turn"],
                name="period_billed_once",
            ),
        ),
        migrations.CreateModel(
            name="Usage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metric", models.CharField(max_length=40)),
                ("on", models.DateField()),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=20)),
                ("source", models.CharField(max_length=80)),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="subscriptions.subscription",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["subscription", "on"], name="usage_by_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["subscription", "metric", "source"], name="usage_counts_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(quantity__gte=0), name="usage_not_negative"
                    ),
                ],
            },
        ),
    ]

"""Hours that are paid to the minute, a quantity that is to come, and grants of usage."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_hours"), ("subscriptions", "0003_versions")]

    operations = [
        migrations.AddField("subscription", "paid_until", models.DateTimeField(null=True)),
        migrations.AddField("subscription", "next_quantity", models.IntegerField(null=True)),
        migrations.AddIndex(
            "subscription",
            models.Index(
                fields=["paid_until"],
                name="subscription_hours",
                condition=Q(state="active", paid_until__isnull=False),
            ),
        ),
        migrations.AlterField(
            "grant",
            "promotion",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="catalog.promotion",
            ),
        ),
        migrations.AddField(
            "grant", "metric", models.CharField(blank=True, default="", max_length=40)
        ),
        migrations.AddField(
            "grant", "quantity", models.DecimalField(decimal_places=6, default=0, max_digits=18)
        ),
        migrations.AddConstraint(
            "grant",
            models.CheckConstraint(
                condition=Q(promotion__isnull=False, metric="", quantity=0)
                | Q(promotion__isnull=True, quantity__gt=0) & ~Q(metric=""),
                name="grant_of_one_kind",
            ),
        ),
    ]

"""Plans by weeks and days as well, price changes for those who have a plan, promotions."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

KEY = (
    "id",
    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_versions"), ("org", "0004_idempotent_answers")]

    operations = [
        migrations.RemoveConstraint("plan", "plan_months"),
        migrations.RenameField("plan", "months", "count"),
        migrations.AddField("plan", "unit", models.CharField(default="month", max_length=5)),
        migrations.AddConstraint(
            "plan",
            models.CheckConstraint(
                condition=models.Q(unit="month", count__gte=1, count__lte=12)
                | models.Q(
                    unit__in=["week", "day"], count__gte=1, count__lte=366, calendar_day=None
                ),
                name="plan_period",
            ),
        ),
        migrations.CreateModel(
            name="PriceChange",
            fields=[
                KEY,
                ("on", models.DateField()),
                ("made_at", models.DateTimeField()),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="catalog.planversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["version"], name="price_change_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Promotion",
            fields=[
                KEY,
                ("code", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=80)),
                ("percent", models.DecimalField(decimal_places=4, default=0, max_digits=7)),
                ("amount_minor", models.BigIntegerField(default=0)),
                ("periods", models.SmallIntegerField(null=True)),
                ("valid_from", models.DateField()),
                ("end", models.DateField(null=True)),
                (
                    "plans",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.entity",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["entity", "code"], name="promotion_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(percent__gt=0, percent__lte=100, amount_minor=0)
                        | models.Q(percent=0, amount_minor__gt=0),
                        name="promotion_takes_off",
                    ),
                ],
            },
        ),
    ]

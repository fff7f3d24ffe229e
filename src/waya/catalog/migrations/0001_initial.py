import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("org", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Plan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("code", models.SlugField(max_length=40)),
                ("name", models.CharField(max_length=80)),
                ("mode", models.CharField(default="prepaid", max_length=10)),
                ("unit", models.CharField(default="month", max_length=5)),
                ("count", models.SmallIntegerField(default=1)),
                ("down_kbps", models.IntegerField()),
                ("up_kbps", models.IntegerField()),
                ("tax_class", models.CharField(default="internet", max_length=20)),
                ("on_sale", models.BooleanField(default=True)),
                ("calendar_day", models.SmallIntegerField(null=True)),
                ("add_on", models.BooleanField(db_default=False, default=False)),
                (
                    "add_on_to",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        db_default=[],
                        default=list,
                        size=None,
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
                    models.UniqueConstraint(fields=("entity", "code"), name="plan_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("count__gte", 1), ("count__lte", 12), ("unit", "month")),
                            models.Q(
                                ("calendar_day", None),
                                ("count__gte", 1),
                                ("count__lte", 366),
                                ("unit__in", ["week", "day"]),
                            ),
                            models.Q(
                                ("calendar_day", None),
                                ("count__gte", 1),
                                ("count__lte", 744),
                                ("mode", "prepaid"),
                                ("unit", "hour"),
                            ),
                            _connector="OR",
                        ),
                        name="plan_period",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BundlePart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.SmallIntegerField()),
                (
                    "bundle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="catalog.plan",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.plan",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("bundle", "part"), name="bundle_part_once"),
                    models.UniqueConstraint(fields=("bundle", "place"), name="bundle_place_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.SmallIntegerField()),
                ("valid_from", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("tax_inclusive", models.BooleanField(default=True)),
                ("terms", models.JSONField()),
                ("published_at", models.DateTimeField()),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="catalog.plan",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plan", "valid_from"), name="version_from_once"
                    ),
                    models.UniqueConstraint(fields=("plan", "number"), name="version_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gte", 0)), name="version_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
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
                    models.UniqueConstraint(fields=("version",), name="price_change_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Promotion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
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
                    models.UniqueConstraint(fields=("entity", "code"), name="promotion_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_minor", 0), ("percent__gt", 0), ("percent__lte", 100)
                            ),
                            models.Q(("amount_minor__gt", 0), ("percent", 0)),
                            _connector="OR",
                        ),
                        name="promotion_takes_off",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaxRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("jurisdiction", models.CharField(max_length=20)),
                ("tax", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("kind", models.CharField(default="vat", max_length=20)),
                ("tax_class", models.CharField(max_length=20)),
                ("customer_class", models.CharField(blank=True, default="", max_length=20)),
                ("sequence", models.SmallIntegerField()),
                ("how", models.CharField(default="ratio", max_length=10)),
                ("rate_percent", models.DecimalField(decimal_places=4, max_digits=7)),
                (
                    "on",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), null=True, size=None
                    ),
                ),
                ("share_percent", models.DecimalField(decimal_places=4, default=100, max_digits=7)),
                ("per_unit_minor", models.DecimalField(decimal_places=4, default=0, max_digits=18)),
                ("least_minor", models.BigIntegerField(null=True)),
                ("most_minor", models.BigIntegerField(null=True)),
                ("category", models.CharField(default="S", max_length=3)),
                ("reverse", models.CharField(blank=True, default="", max_length=10)),
                ("reverse_law", models.CharField(blank=True, default="", max_length=200)),
                ("valid_from", models.DateField()),
                ("end", models.DateField(null=True)),
                ("recorded_on", models.DateField()),
                ("status", models.CharField(default="enacted", max_length=10)),
                ("law", models.CharField(max_length=200)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "jurisdiction",
                            "tax",
                            "tax_class",
                            "customer_class",
                            "valid_from",
                            "recorded_on",
                        ),
                        name="tax_rate_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["enacted", "suspended", "repealed"])),
                        name="tax_rate_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("how__in", ["ratio", "per_unit"]),
                            models.Q(("how", "gross_up"), ("rate_percent__lt", 100)),
                            _connector="OR",
                        ),
                        name="tax_rate_how",
                    ),
                ],
            },
        ),
    ]

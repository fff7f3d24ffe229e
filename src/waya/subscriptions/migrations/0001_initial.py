import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("catalog", "0001_initial"),
        ("network", "0001_initial"),
        ("org", "0001_initial"),
        ("parties", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("quantity", models.IntegerField(default=1)),
                ("username", models.CharField(max_length=60)),
                ("state", models.CharField(default="pending_payment", max_length=16)),
                ("standing", models.CharField(default="good", max_length=10)),
                ("standing_cause_id", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("started_on", models.DateField(null=True)),
                ("anchor_day", models.SmallIntegerField(null=True)),
                ("paid_through", models.DateField(null=True)),
                ("paid_until", models.DateTimeField(null=True)),
                ("billed_through", models.DateField(null=True)),
                ("cycle_on", models.DateField(null=True)),
                ("next_quantity", models.IntegerField(null=True)),
                ("next_on", models.DateField(null=True)),
                ("ended_on", models.DateField(null=True)),
                ("extra_down_kbps", models.IntegerField(db_default=0, default=0)),
                ("extra_up_kbps", models.IntegerField(db_default=0, default=0)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="parties.customer",
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.entity",
                    ),
                ),
                (
                    "next_version",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.planversion",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.plan",
                    ),
                ),
                (
                    "router",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.router",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.site",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.planversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("username",), name="username_once"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_on__isnull", False)),
                        fields=["entity", "next_on"],
                        name="subscription_to_turn",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["active", "suspended"])),
                        fields=["entity", "billed_through"],
                        name="subscription_to_bill",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("paid_through__isnull", False),
                            ("state__in", ["active", "suspended"]),
                        ),
                        fields=["entity", "paid_through"],
                        name="subscription_lapsing",
                    ),
                    models.Index(
                        condition=models.Q(("paid_until__isnull", False), ("state", "active")),
                        fields=["paid_until"],
                        name="subscription_hours",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metric", models.CharField(blank=True, default="", max_length=40)),
                ("quantity", models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                ("start", models.DateField()),
                (
                    "promotion",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.promotion",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="subscriptions.subscription",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subscription", "promotion"), name="granted_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("metric", ""), ("promotion__isnull", False), ("quantity", 0)),
                            models.Q(
                                ("promotion__isnull", True),
                                ("quantity__gt", 0),
                                models.Q(("metric", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="grant_of_one_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("on", models.DateField()),
                ("made_at", models.DateTimeField()),
                (
                    "from_plan",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.plan",
                    ),
                ),
                (
                    "to_plan",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.plan",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="subscriptions.subscription",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AddOn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("quantity", models.IntegerField(default=1)),
                ("start", models.DateField()),
                ("end", models.DateField(null=True)),
                ("state", models.CharField(default="running", max_length=8)),
                ("taken_at", models.DateTimeField()),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.plan",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.planversion",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="add_ons",
                        to="subscriptions.subscription",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["start"],
                        name="add_on_to_start",
                    ),
                    models.Index(
                        condition=models.Q(("end__isnull", False), ("state", "running")),
                        fields=["end"],
                        name="add_on_to_end",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "over"), _negated=True),
                        fields=("subscription", "plan"),
                        name="add_on_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("end", None), ("end__gte", models.F("start")), _connector="OR"
                        ),
                        name="add_on_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="add_on_counts"
                    ),
                ],
            },
        ),
    ]

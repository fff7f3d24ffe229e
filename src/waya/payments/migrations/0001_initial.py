import uuid

import django.db.models.deletion
from django.db import migrations, models

import waya.org.secrets


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("billing", "0001_initial"),
        ("org", "0001_initial"),
        ("parties", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Merchant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(default="mpesa", max_length=20)),
                ("short_code", models.CharField(max_length=12)),
                ("path", models.CharField(max_length=64, unique=True)),
                ("clearing", models.CharField(default="clearing:mpesa", max_length=40)),
                ("base_url", models.URLField()),
                ("consumer_key", models.CharField(blank=True, max_length=120)),
                ("consumer_secret", waya.org.secrets.SealedField(blank=True)),
                ("passkey", waya.org.secrets.SealedField(blank=True)),
                ("app_token", waya.org.secrets.SealedField(blank=True)),
                ("app_token_at", models.DateTimeField(null=True)),
                ("app_token_until", models.DateTimeField(null=True)),
                ("heard_at", models.DateTimeField(null=True)),
                ("registered_at", models.DateTimeField(null=True)),
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
                    models.UniqueConstraint(fields=("provider", "short_code"), name="merchant_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("provider", models.CharField(max_length=20)),
                ("account", models.CharField(max_length=20)),
                ("transaction", models.CharField(max_length=60)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("payer", models.CharField(blank=True, max_length=80)),
                ("payer_name", models.CharField(blank=True, max_length=120)),
                ("account_typed", models.CharField(blank=True, max_length=60)),
                ("paid_at", models.DateTimeField()),
                ("value_on", models.DateField()),
                ("taken_at", models.DateTimeField()),
                ("receipt_number", models.CharField(max_length=30)),
                ("matched_at", models.DateTimeField(null=True)),
                ("matched_by", models.CharField(blank=True, max_length=80)),
                ("thanked_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="parties.customer",
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
                (
                    "issuer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.issuer",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="payments.merchant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "-id"], name="payment_by_customer"),
                    models.Index(
                        condition=models.Q(("customer__isnull", True)),
                        fields=["entity", "-id"],
                        name="payment_suspense",
                    ),
                    models.Index(fields=["entity", "value_on"], name="payment_by_day"),
                    models.Index(
                        condition=models.Q(("payer", ""), _negated=True),
                        fields=["payer", "-id"],
                        name="payment_by_payer",
                    ),
                    models.Index(
                        condition=models.Q(("thanked_at__isnull", True)),
                        fields=["entity", "id"],
                        name="payment_not_thanked",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "account", "transaction"), name="payment_once"
                    ),
                    models.UniqueConstraint(
                        fields=("entity", "receipt_number"), name="receipt_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="payment_above_zero"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Allocation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("recovers", models.BooleanField(db_default=False, default=False)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations",
                        to="billing.invoice",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations",
                        to="payments.payment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="allocation_above_zero"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Prompt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("phone", models.CharField(max_length=20)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("state", models.CharField(default="sending", max_length=8)),
                ("key", models.CharField(max_length=80, null=True, unique=True)),
                ("result_code", models.CharField(blank=True, max_length=20)),
                ("result_text", models.CharField(blank=True, max_length=200)),
                ("made_at", models.DateTimeField()),
                ("queried_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prompts",
                        to="parties.customer",
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prompts",
                        to="payments.merchant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "-id"], name="prompt_by_customer"),
                    models.Index(fields=["phone", "-id"], name="prompt_by_phone"),
                    models.Index(
                        condition=models.Q(("state__in", ["sending", "sent", "unknown"])),
                        fields=["made_at"],
                        name="prompt_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=16)),
                ("event_key", models.CharField(max_length=120)),
                ("prompt_key", models.CharField(blank=True, max_length=80)),
                ("transaction", models.CharField(blank=True, max_length=60)),
                ("raw", models.TextField()),
                ("address", models.GenericIPAddressField(null=True)),
                ("received_at", models.DateTimeField()),
                ("state", models.CharField(default="waiting", max_length=8)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("repeats", models.IntegerField(default=0)),
                (
                    "merchant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to="payments.merchant",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to="payments.payment",
                    ),
                ),
                (
                    "prompt",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to="payments.prompt",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["merchant", "id"],
                        name="notification_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("state", "parked")),
                        fields=["merchant", "-id"],
                        name="notification_parked",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "kind", "event_key"), name="notification_once"
                    )
                ],
            },
        ),
    ]

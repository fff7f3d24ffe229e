import uuid
from decimal import Decimal

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import waya.org.secrets


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("org", "0001_initial"),
        ("parties", "0001_initial"),
        ("subscriptions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Deferral",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("entity_id", models.BigIntegerField()),
                ("revenue", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("on", models.DateField()),
                ("start", models.DateField()),
                ("end", models.DateField()),
                ("net_minor", models.BigIntegerField()),
                ("lines", models.IntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["entity_id", "end"], name="deferral_by_end")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("start__lt", models.F("end"))), name="deferral_has_days"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FiscalDevice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("driver", models.CharField(max_length=20)),
                ("base_url", models.CharField(max_length=200)),
                ("tax_number", models.CharField(max_length=20)),
                ("branch_code", models.CharField(default="00", max_length=4)),
                ("serial", models.CharField(max_length=100)),
                ("key", waya.org.secrets.SealedField(blank=True, default="")),
                ("control_unit", models.CharField(blank=True, default="", max_length=40)),
                ("choices", models.JSONField(default=dict)),
                ("next_number", models.BigIntegerField(default=1)),
                ("failures", models.IntegerField(default=0)),
                ("next_try_at", models.DateTimeField()),
                ("trouble", models.CharField(blank=True, default="", max_length=300)),
                ("trouble_since", models.DateTimeField(null=True)),
                (
                    "branch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.branch",
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
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        unique=True,
                    ),
                ),
                ("number", models.CharField(max_length=30)),
                ("issued_on", models.DateField()),
                ("issued_at", models.DateTimeField()),
                ("due_on", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("net_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("total_minor", models.BigIntegerField()),
                ("paid_minor", models.BigIntegerField(default=0)),
                ("settled_on", models.DateField(null=True)),
                ("customer_as_issued", models.JSONField(default=dict)),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="parties.customer",
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.entity",
                    ),
                ),
                (
                    "issuer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.issuer",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("paid_minor__lt", models.F("total_minor"))),
                        fields=["customer", "due_on"],
                        name="invoice_open",
                    ),
                    models.Index(
                        condition=models.Q(("paid_minor__lt", models.F("total_minor"))),
                        fields=["entity", "due_on", "id"],
                        name="invoice_open_by_due",
                    ),
                    models.Index(
                        condition=models.Q(("settled_on__isnull", False)),
                        fields=["entity", "settled_on", "issued_on"],
                        name="invoice_by_settling",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("entity", "number"), name="invoice_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("paid_minor__gte", 0), ("paid_minor__lte", models.F("total_minor"))
                        ),
                        name="invoice_never_overpaid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_minor",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("net_minor"), "+", models.F("tax_minor")
                                ),
                            )
                        ),
                        name="invoice_adds_up",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.CharField(max_length=30)),
                ("issued_on", models.DateField()),
                ("issued_at", models.DateTimeField()),
                ("currency", models.CharField(max_length=3)),
                ("net_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("total_minor", models.BigIntegerField()),
                ("applied_minor", models.BigIntegerField()),
                ("reason", models.CharField(max_length=20)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("once", models.CharField(max_length=80)),
                ("customer_as_issued", models.JSONField(default=dict)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
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
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
                        to="billing.invoice",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["entity", "-id"], name="credit_note_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("entity", "number"), name="credit_note_number_once"
                    ),
                    models.UniqueConstraint(fields=("invoice", "once"), name="credit_note_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_minor",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("net_minor"), "+", models.F("tax_minor")
                                ),
                            ),
                            ("total_minor__gt", 0),
                        ),
                        name="credit_note_adds_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("applied_minor__gte", 0),
                            ("applied_minor__lte", models.F("total_minor")),
                        ),
                        name="credit_note_applied_within",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FiscalDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(default="sale", max_length=12)),
                ("reference", models.CharField(max_length=30)),
                ("state", models.CharField(default="issued", max_length=10)),
                ("number", models.BigIntegerField(null=True)),
                ("body", models.TextField(blank=True, default="")),
                ("in_doubt", models.BooleanField(default=False)),
                ("attempts", models.IntegerField(default=0)),
                ("answers", models.JSONField(default=list)),
                ("owed_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("fiscal_number", models.CharField(blank=True, default="", max_length=60)),
                ("signature", models.CharField(blank=True, default="", max_length=80)),
                ("internal", models.CharField(blank=True, default="", max_length=80)),
                ("signed_at", models.DateTimeField(null=True)),
                ("verify_url", models.CharField(blank=True, default="", max_length=300)),
                (
                    "credit_note",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fiscal",
                        to="billing.creditnote",
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="billing.fiscaldevice",
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fiscal",
                        to="billing.invoice",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["issued", "submitting"])),
                        fields=["device", "id"],
                        name="fiscal_owed",
                    ),
                    models.Index(fields=["invoice"], name="fiscal_by_invoice"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("device", "number"), name="fiscal_number_once"),
                    models.UniqueConstraint(
                        fields=("device", "kind", "reference"), name="fiscal_document_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("number__isnull", True), ("state__in", ["issued", "rejected"])
                            ),
                            models.Q(
                                ("number__isnull", False),
                                ("state__in", ["submitting", "fiscalised"]),
                            ),
                            _connector="OR",
                        ),
                        name="fiscal_number_when_sent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DunningAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rung", models.CharField(max_length=40)),
                ("debt", models.CharField(max_length=60)),
                ("action", models.CharField(max_length=10)),
                ("on", models.DateField()),
                ("done_at", models.DateTimeField()),
                ("amount_minor", models.BigIntegerField(default=0)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                    "invoice",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="late_fee_of",
                        to="billing.invoice",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["entity", "on"], name="dunning_by_day")],
                "constraints": [
                    models.UniqueConstraint(fields=("customer", "rung", "debt"), name="rung_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        editable=False,
                        unique=True,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("opened_on", models.DateField()),
                ("opened_at", models.DateTimeField()),
                ("opened_by", models.CharField(max_length=80)),
                ("state", models.CharField(default="open", max_length=8)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.CharField(blank=True, max_length=80)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="billing.invoice",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("invoice",),
                        name="dispute_open_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("used_at", models.DateTimeField()),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_uses",
                        to="billing.invoice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InvoiceLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("description", models.CharField(max_length=200)),
                ("start", models.DateField(null=True)),
                ("end", models.DateField(null=True)),
                ("net_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("total_minor", models.BigIntegerField()),
                ("revenue", models.CharField(default="revenue:internet", max_length=40)),
                ("deferred", models.BooleanField(default=False)),
                (
                    "charge",
                    models.CharField(
                        db_collation="C", db_default="fee", default="fee", max_length=100
                    ),
                ),
                ("turn", models.SmallIntegerField(db_default=0, default=0)),
                ("why", models.JSONField(default=dict)),
                (
                    "invoice",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="billing.invoice",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="subscriptions.subscription",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("start__isnull", False), ("subscription__isnull", False)
                        ),
                        fields=("subscription", "start", "charge", "turn"),
                        name="period_billed_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditNoteLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("description", models.CharField(max_length=200)),
                ("start", models.DateField(null=True)),
                ("end", models.DateField(null=True)),
                ("net_minor", models.BigIntegerField()),
                ("tax_minor", models.BigIntegerField()),
                ("total_minor", models.BigIntegerField()),
                ("revenue", models.CharField(max_length=40)),
                ("unearned_minor", models.BigIntegerField(default=0)),
                ("unearned_from", models.DateField(null=True)),
                ("unearned_until", models.DateField(null=True)),
                ("why", models.JSONField(default=dict)),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="billing.creditnote",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="billing.invoiceline",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end__isnull", True), ("start__isnull", True)),
                            ("start__lt", models.F("end")),
                            _connector="OR",
                        ),
                        name="credited_days_are_days",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("unearned_minor", 0),
                            ("unearned_from__lt", models.F("unearned_until")),
                            _connector="OR",
                        ),
                        name="unearned_over_days",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceTax",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.SmallIntegerField()),
                ("tax", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("rate_percent", models.DecimalField(decimal_places=4, max_digits=7)),
                ("base_minor", models.BigIntegerField()),
                ("amount_minor", models.BigIntegerField()),
                ("law", models.CharField(max_length=200)),
                ("rate_id", models.BigIntegerField(null=True)),
                ("category", models.CharField(db_default="S", default="S", max_length=3)),
                ("reason", models.CharField(blank=True, db_default="", default="", max_length=200)),
                (
                    "line",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taxes",
                        to="billing.invoiceline",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Parked",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("on", models.DateField()),
                ("reason", models.CharField(max_length=300)),
                ("at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("resolved_at__isnull", True)),
                        fields=["entity"],
                        name="parked_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("customer", "on"), name="parked_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ProForma",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.CharField(max_length=30)),
                ("issued_on", models.DateField()),
                ("start", models.DateField()),
                ("end", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("total_minor", models.BigIntegerField()),
                ("why", models.JSONField(default=dict)),
                ("state", models.CharField(default="open", max_length=8)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pro_formas",
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
                    "invoice",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pro_forma",
                        to="billing.invoice",
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
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pro_formas",
                        to="subscriptions.subscription",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["open", "offered"])),
                        fields=["customer"],
                        name="pro_forma_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("entity", "number"), name="pro_forma_number_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["open", "offered"])),
                        fields=("subscription", "start"),
                        name="pro_forma_period_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("start__lt", models.F("end"))),
                        name="pro_forma_has_days",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Promise",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("until", models.DateField()),
                ("debts", models.JSONField(default=dict)),
                ("made_on", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("taken_by", models.CharField(max_length=80)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "withdrawn_by",
                    models.CharField(blank=True, db_default="", default="", max_length=80),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promises",
                        to="parties.customer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("customer", "until"),
                        name="promise_day_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="promise_of_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReceivableDelta",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("entity_id", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("due_on", models.DateField()),
                ("on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["entity_id", "on"], name="receivable_by_day")],
            },
        ),
        migrations.CreateModel(
            name="Recognition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("through", models.DateField()),
                ("revenue", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
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
                    models.UniqueConstraint(
                        fields=("entity", "through", "revenue", "currency"), name="recognised_once"
                    )
                ],
            },
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
                        fields=("subscription", "metric", "source"), name="usage_counts_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 0)), name="usage_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WriteOff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("recovered_minor", models.BigIntegerField(db_default=0, default=0)),
                ("currency", models.CharField(max_length=3)),
                ("on", models.DateField()),
                ("written_at", models.DateTimeField()),
                ("written_by", models.CharField(max_length=80)),
                ("reason", models.CharField(max_length=300)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="write_offs",
                        to="parties.customer",
                    ),
                ),
                (
                    "invoice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="write_off",
                        to="billing.invoice",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("recovered_minor__lt", models.F("amount_minor"))),
                        fields=["customer"],
                        name="write_off_lost",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="write_off_of_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recovered_minor__gte", 0),
                            ("recovered_minor__lte", models.F("amount_minor")),
                        ),
                        name="recovered_within_loss",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Recovery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("on", models.DateField()),
                ("recovered_at", models.DateTimeField()),
                (
                    "write_off",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recoveries",
                        to="billing.writeoff",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="recovery_of_something"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BillingRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("on", models.DateField()),
                ("state", models.CharField(default="running", max_length=8)),
                ("due", models.IntegerField(default=0)),
                ("done", models.IntegerField(default=0)),
                ("invoices", models.IntegerField(default=0)),
                ("pro_formas", models.IntegerField(default=0)),
                ("total_minor", models.BigIntegerField(default=0)),
                ("expected_minor", models.BigIntegerField(default=0)),
                ("started_at", models.DateTimeField()),
                ("beat_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("stopped_by", models.CharField(blank=True, default="", max_length=120)),
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
                    models.UniqueConstraint(fields=("entity", "on"), name="billing_run_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Credit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField(default=0)),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit",
                        to="parties.customer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gte", 0)), name="credit_not_negative"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditNoteTax",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.SmallIntegerField()),
                ("tax", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("rate_percent", models.DecimalField(decimal_places=4, max_digits=7)),
                ("base_minor", models.BigIntegerField()),
                ("amount_minor", models.BigIntegerField()),
                ("law", models.CharField(max_length=200)),
                ("category", models.CharField(max_length=3)),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taxes",
                        to="billing.creditnoteline",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("line", "sequence"), name="credited_tax_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Exemption",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("certificate", models.CharField(max_length=60)),
                ("kind", models.CharField(max_length=20)),
                ("tax", models.CharField(blank=True, max_length=20)),
                ("tax_class", models.CharField(blank=True, max_length=20)),
                (
                    "percent",
                    models.DecimalField(decimal_places=4, default=Decimal("100"), max_digits=7),
                ),
                ("valid_from", models.DateField()),
                ("end", models.DateField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.CharField(max_length=80)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exemptions",
                        to="parties.customer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("percent__gt", 0), ("percent__lte", 100)),
                        name="exemption_of_a_part",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("end__isnull", True),
                            ("end__gte", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="exemption_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FiscalItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("revenue", models.CharField(max_length=40)),
                ("letter", models.CharField(max_length=2)),
                ("code", models.CharField(max_length=20)),
                ("registered_at", models.DateTimeField()),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="billing.fiscaldevice",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("device", "revenue", "letter"), name="fiscal_item_once"
                    ),
                    models.UniqueConstraint(
                        fields=("device", "code"), name="fiscal_item_code_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        editable=False,
                        unique=True,
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=200)),
                ("owed_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("made_on", models.DateField()),
                ("resolved_at", models.DateTimeField(null=True)),
                ("resolved_by", models.CharField(blank=True, max_length=80)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "cause",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_up",
                        to="billing.dunningaction",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("resolved_at__isnull", True)),
                        fields=["entity", "id"],
                        name="follow_up_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("resolved_at__isnull", True)),
                        fields=["customer"],
                        name="follow_up_by_customer",
                    ),
                ],
            },
        ),
    ]

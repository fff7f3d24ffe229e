# A device at the tax authority, what it owes, and where a tax row came from.

import django.db.models.deletion
from django.db import migrations, models

import waya.org.secrets


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0004_parked"),
        ("org", "0004_idempotent_answers"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoicetax",
            name="category",
            field=models.CharField(db_default="S", default="S", max_length=3),
        ),
        migrations.AddField(
            model_name="invoicetax",
            name="rate_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="invoicetax",
            name="reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
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
    ]

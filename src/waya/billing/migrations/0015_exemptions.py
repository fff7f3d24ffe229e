"""Certificates by which customers are exempt from taxes."""

import uuid
from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0014_issuers"),
        ("parties", "0003_branch_and_tax_number"),
    ]

    operations = [
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
    ]

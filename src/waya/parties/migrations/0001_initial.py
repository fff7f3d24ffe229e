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
            name="Customer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("account_number", models.CharField(max_length=12, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("language", models.CharField(default="en", max_length=5)),
                (
                    "tax_number",
                    models.CharField(blank=True, db_default="", default="", max_length=30),
                ),
                ("created_at", models.DateTimeField()),
                ("note", models.TextField(blank=True)),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        db_default=[],
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "branch",
                    models.ForeignKey(
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
            options={
                "indexes": [models.Index(fields=["entity", "name"], name="customer_by_name")],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("phone", models.CharField(db_index=True, max_length=20)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("primary", models.BooleanField(default=True)),
                ("verified_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contacts",
                        to="parties.customer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SignInCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("phone", models.CharField(max_length=20)),
                ("digest", models.CharField(max_length=64)),
                ("sent_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("tries_left", models.SmallIntegerField(default=5)),
                ("used_at", models.DateTimeField(null=True)),
                ("address", models.GenericIPAddressField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["phone", "-id"], name="code_by_phone"),
                    models.Index(fields=["address", "sent_at"], name="code_by_address"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("directions", models.CharField(blank=True, max_length=300)),
                ("latitude", models.DecimalField(decimal_places=5, max_digits=8, null=True)),
                ("longitude", models.DecimalField(decimal_places=5, max_digits=8, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sites",
                        to="parties.customer",
                    ),
                ),
            ],
        ),
    ]

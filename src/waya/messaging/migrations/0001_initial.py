import django.db.models.deletion
from django.db import migrations, models

import waya.org.secrets


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("org", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Gateway",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("driver", models.CharField(default="africastalking", max_length=30)),
                ("base_url", models.URLField()),
                ("username", models.CharField(max_length=60)),
                ("api_key", waya.org.secrets.SealedField(blank=True)),
                ("sender", models.CharField(blank=True, max_length=20)),
                (
                    "entity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.entity",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("customer_id", models.BigIntegerField(null=True)),
                ("to", models.CharField(max_length=20)),
                ("key", models.CharField(max_length=40)),
                ("body", models.TextField()),
                ("once", models.CharField(max_length=120)),
                ("urgent", models.BooleanField(default=True)),
                ("state", models.CharField(default="waiting", max_length=10)),
                ("created_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField()),
                ("leased_until", models.DateTimeField(null=True)),
                ("attempts", models.IntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("provider_id", models.CharField(blank=True, max_length=80)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("parts", models.SmallIntegerField(default=1)),
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
                        condition=models.Q(("state", "waiting")),
                        fields=["entity", "-urgent", "next_try_at"],
                        name="message_waiting",
                    ),
                    models.Index(fields=["customer_id", "-id"], name="message_by_customer"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("entity", "once"), name="message_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Template",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40)),
                ("language", models.CharField(max_length=5)),
                ("body", models.TextField()),
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
                        fields=("entity", "key", "language"), name="template_once"
                    )
                ],
            },
        ),
    ]

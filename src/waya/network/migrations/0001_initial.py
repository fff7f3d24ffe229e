import uuid

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
            name="Router",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=60)),
                ("place", models.CharField(blank=True, max_length=80)),
                ("host", models.CharField(max_length=120)),
                ("port", models.IntegerField(default=8728)),
                ("username", models.CharField(max_length=60)),
                ("password", waya.org.secrets.SealedField(blank=True)),
                ("pool", models.CharField(blank=True, max_length=60)),
                ("local_address", models.CharField(blank=True, max_length=60)),
                ("portal_host", models.CharField(blank=True, max_length=120)),
                ("portal_port", models.IntegerField(default=80)),
                ("wanted", models.BigIntegerField(default=0)),
                ("confirmed", models.BigIntegerField(default=0)),
                ("failures", models.IntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("leased_by", models.UUIDField(null=True)),
                ("trouble", models.CharField(blank=True, max_length=30)),
                ("trouble_since", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField(null=True)),
                ("polled_at", models.DateTimeField(null=True)),
                ("swept_at", models.DateTimeField(null=True)),
                ("next_poll_at", models.DateTimeField(null=True)),
                ("next_sweep_at", models.DateTimeField(null=True)),
                ("prepared_at", models.DateTimeField(null=True)),
                ("version", models.CharField(blank=True, max_length=60)),
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
                        condition=models.Q(("wanted__gt", models.F("confirmed"))),
                        fields=["next_try_at"],
                        name="router_owed",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("entity", "name"), name="router_name_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="HandEdit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("field", models.CharField(max_length=30)),
                ("should", models.CharField(max_length=120)),
                ("does", models.CharField(max_length=120)),
                ("seen_at", models.DateTimeField()),
                ("outcome", models.CharField(max_length=10)),
                (
                    "router",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hand_edits",
                        to="network.router",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["router", "-id"], name="hand_edit_by_router")],
            },
        ),
        migrations.CreateModel(
            name="DesiredAccess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("profile", models.CharField(max_length=60)),
                ("enabled", models.BooleanField(default=True)),
                ("ended", models.BooleanField(default=False)),
                ("restricted", models.BooleanField(default=False)),
                ("owner", models.UUIDField()),
                ("customer_id", models.BigIntegerField(null=True)),
                ("since", models.DateTimeField()),
                ("number", models.BigIntegerField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("conflict_since", models.DateTimeField(null=True)),
                ("refusal", models.CharField(blank=True, max_length=200)),
                ("cause_id", models.BigIntegerField(null=True)),
                (
                    "router",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="access",
                        to="network.router",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("confirmed_at__isnull", True)),
                        fields=["router"],
                        name="access_unconfirmed",
                    ),
                    models.Index(fields=["owner"], name="access_by_owner"),
                    models.Index(fields=["customer_id"], name="access_by_customer"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("router", "name"), name="access_name_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=60)),
                ("address", models.GenericIPAddressField(null=True)),
                ("caller_id", models.CharField(blank=True, max_length=40)),
                ("began_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "router",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="network.router",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["router", "name"],
                        name="session_open",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["router", "key"],
                        name="session_by_key",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("rate_limit", models.CharField(blank=True, max_length=120)),
                ("address_list", models.CharField(blank=True, max_length=40)),
                ("session_timeout_seconds", models.IntegerField(null=True)),
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
                    models.UniqueConstraint(fields=("entity", "name"), name="profile_name_once")
                ],
            },
        ),
    ]

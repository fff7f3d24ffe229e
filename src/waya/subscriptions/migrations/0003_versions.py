"""Whoever has a plan keeps the version that they have; what comes next; promotions granted."""

import django.db.models.deletion
from django.db import migrations, models

# Until now everybody paid the price of the day on which a period begins: their version is the
# one that the period they have was charged by, and later ones are price changes.
KEPT = """
update subscriptions_subscription s set version_id = (
    select v.id from catalog_planversion v where v.plan_id = s.plan_id
    order by v.valid_from > coalesce(s.billed_through, s.created_at::date),
        case when v.valid_from > coalesce(s.billed_through, s.created_at::date)
            then v.valid_from end, v.valid_from desc
    limit 1)
"""
CHANGED = """
insert into catalog_pricechange (version_id, "on", made_at)
select id, valid_from, published_at from catalog_planversion where number > 1
"""


def version(**more: object) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="catalog.planversion",
        **more,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_periods_and_promotions"),
        ("subscriptions", "0002_fewer_indexes"),
    ]

    operations = [
        migrations.AddField("subscription", "version", version(null=True)),
        migrations.AddField("subscription", "quantity", models.IntegerField(default=1)),
        migrations.AddField("subscription", "cycle_on", models.DateField(null=True)),
        migrations.AddField("subscription", "next_version", version(null=True)),
        migrations.AddField("subscription", "next_on", models.DateField(null=True)),
        migrations.RunSQL(
            KEPT + ";" + CHANGED + "; set constraints all immediate", migrations.RunSQL.noop
        ),
        migrations.AlterField("subscription", "version", version()),
        migrations.AddIndex(
            "subscription",
            models.Index(
                condition=models.Q(next_on__isnull=False),
                fields=["entity", "next_on"],
                name="subscription_to_turn",
            ),
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
                ("start", models.DateField()),
                (
                    "promotion",
                    models.ForeignKey(
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
                        fields=["subscription", "promotion"], name="granted_once"
                    )
                ],
            },
        ),
    ]

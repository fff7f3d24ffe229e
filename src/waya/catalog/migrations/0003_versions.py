"""Prices become versions of plans: immutable, dated, with everything that a plan charges."""

import uuid

from django.contrib.postgres.functions import TransactionNow
from django.db import migrations, models

# What was a price is a version of one flat charge, numbered in the order of its date.
CARRIED = """
update catalog_planversion v set number = placed.number, public_id = gen_random_uuid(), terms = jsonb_build_object(
    'charges', jsonb_build_array(jsonb_build_object(
        'code', 'fee', 'kind', 'flat', 'amount', v.amount_minor::text, 'tiers', '[]'::jsonb,
        'lot', '1', 'included', '0', 'metric', '', 'timing', null)),
    'phases', jsonb_build_array(jsonb_build_object(
        'kind', 'evergreen', 'length', null, 'percent_off', '0', 'charges', null)),
    'price_per', 'cycle', 'minimum', '0')
from (select id, row_number() over (partition by plan_id order by valid_from) as number
      from catalog_planversion) placed
where placed.id = v.id
"""

PUBLISHED = """
create function published_stays() returns trigger language plpgsql as $$
begin
    raise exception 'a published version is never changed' using errcode = 'restrict_violation';
end $$;
create trigger version_stays before update or delete or truncate on catalog_planversion
    for each statement execute function published_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_tax_rates_in_two_senses")]

    operations = [
        migrations.RenameModel("Price", "PlanVersion"),
        migrations.AlterField(
            "planversion",
            "plan",
            models.ForeignKey(on_delete=models.PROTECT, related_name="versions", to="catalog.plan"),
        ),
        migrations.RemoveConstraint("planversion", "price_from_once"),
        migrations.RemoveConstraint("planversion", "price_not_negative"),
        migrations.AddField(
            "planversion",
            "public_id",
            models.UUIDField(default=uuid.uuid4, editable=False, null=True),
        ),
        migrations.AddField(
            "planversion", "number", models.SmallIntegerField(default=1), preserve_default=False
        ),
        migrations.AddField(
            "planversion", "terms", models.JSONField(default=dict), preserve_default=False
        ),
        migrations.AddField(
            "planversion",
            "published_at",
            models.DateTimeField(db_default=TransactionNow()),
            preserve_default=False,
        ),
        migrations.RunSQL(CARRIED, migrations.RunSQL.noop),
        migrations.AlterField(
            "planversion",
            "public_id",
            models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
        migrations.AlterField("planversion", "published_at", models.DateTimeField()),
        migrations.AddConstraint(
            "planversion",
            models.UniqueConstraint(fields=["plan", "valid_from"], name="version_from_once"),
        ),
        migrations.AddConstraint(
            "planversion",
            models.UniqueConstraint(fields=["plan", "number"], name="version_number_once"),
        ),
        migrations.AddConstraint(
            "planversion",
            models.CheckConstraint(
                condition=models.Q(amount_minor__gte=0), name="version_not_negative"
            ),
        ),
        migrations.RunSQL(PUBLISHED, "drop function published_stays() cascade"),
    ]

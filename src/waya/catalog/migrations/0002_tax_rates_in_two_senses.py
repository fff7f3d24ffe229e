# Rates by jurisdiction, dated by when they hold and by when they were recorded.

import django.contrib.postgres.fields
from django.db import migrations, models

# A rate seeded before was known from its first day; what it was for is told by its code.
BACKFILL = """
update catalog_taxrate set recorded_on = valid_from, kind = case tax when 'excise' then 'excise' else 'vat' end
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="taxrate", name="tax_rate_once"),
        migrations.RenameField(model_name="taxrate", old_name="country", new_name="jurisdiction"),
        migrations.AlterField(
            model_name="taxrate", name="jurisdiction", field=models.CharField(max_length=20)
        ),
        migrations.AddField(
            model_name="taxrate", name="kind", field=models.CharField(default="vat", max_length=20)
        ),
        migrations.AddField(
            model_name="taxrate",
            name="customer_class",
            field=models.CharField(blank=True, default="", max_length=20),
        ),
        migrations.AddField(
            model_name="taxrate", name="how", field=models.CharField(default="ratio", max_length=10)
        ),
        migrations.AddField(
            model_name="taxrate",
            name="on",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20), null=True, size=None
            ),
        ),
        migrations.AddField(
            model_name="taxrate",
            name="share_percent",
            field=models.DecimalField(decimal_places=4, default=100, max_digits=7),
        ),
        migrations.AddField(
            model_name="taxrate",
            name="per_unit_minor",
            field=models.DecimalField(decimal_places=4, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name="taxrate", name="least_minor", field=models.BigIntegerField(null=True)
        ),
        migrations.AddField(
            model_name="taxrate", name="most_minor", field=models.BigIntegerField(null=True)
        ),
        migrations.AddField(
            model_name="taxrate", name="category", field=models.CharField(default="S", max_length=3)
        ),
        migrations.AddField(
            model_name="taxrate",
            name="reverse",
            field=models.CharField(blank=True, default="", max_length=10),
        ),
        migrations.AddField(
            model_name="taxrate",
            name="reverse_law",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddField(
            model_name="taxrate",
            name="status",
            field=models.CharField(default="enacted", max_length=10),
        ),
        migrations.AddField(
            model_name="taxrate", name="recorded_on", field=models.DateField(null=True)
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.AlterField(model_name="taxrate", name="recorded_on", field=models.DateField()),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.UniqueConstraint(
                fields=(
                    "jurisdiction",
                    "tax",
                    "tax_class",
                    "customer_class",
                    "valid_from",
                    "recorded_on",
                ),
                name="tax_rate_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["enacted", "suspended", "repealed"])),
                name="tax_rate_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("how__in", ["ratio", "per_unit"]),
                    models.Q(("how", "gross_up"), ("rate_percent__lt", 100)),
                    _connector="OR",
                ),
                name="tax_rate_how",
            ),
        ),
    ]

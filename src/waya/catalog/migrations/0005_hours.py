"""Plans by the hour."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_periods_and_promotions")]

    operations = [
        migrations.RemoveConstraint("plan", "plan_period"),
        migrations.AddConstraint(
            "plan",
            models.CheckConstraint(
                condition=Q(unit="month", count__gte=1, count__lte=12)
                | Q(unit__in=["week", "day"], count__gte=1, count__lte=366, calendar_day=None)
                | Q(unit="hour", count__gte=1, count__lte=744, calendar_day=None, mode="prepaid"),
                name="plan_period",
            ),
        ),
    ]

"""Pro formas that may be paid and are asked of nobody: the next hours of who is paid by the hour."""

from django.db import migrations, models
from django.db.models import Q

WAITING = Q(state__in=["open", "offered"])


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_asked_again")]

    operations = [
        migrations.RemoveConstraint("proforma", "pro_forma_period_once"),
        migrations.AddConstraint(
            "proforma",
            models.UniqueConstraint(
                fields=["subscription", "start"], name="pro_forma_period_once", condition=WAITING
            ),
        ),
        migrations.RemoveIndex("proforma", "pro_forma_open"),
        migrations.AddIndex(
            "proforma",
            models.Index(fields=["customer"], name="pro_forma_open", condition=WAITING),
        ),
    ]

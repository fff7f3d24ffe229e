"""The invoices behind an ageing are found by index alone: in the order of their list, and
those settled after a day that were issued before it."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_sums_beside_rows")]

    operations = [
        migrations.RemoveIndex("invoice", "invoice_open_by_due"),
        migrations.AddIndex(
            "invoice",
            models.Index(
                condition=Q(paid_minor__lt=F("total_minor")),
                fields=["entity", "due_on", "id"],
                name="invoice_open_by_due",
            ),
        ),
        migrations.RemoveIndex("invoice", "invoice_by_settling"),
        migrations.AddIndex(
            "invoice",
            models.Index(
                condition=Q(settled_on__isnull=False),
                fields=["entity", "settled_on", "issued_on"],
                name="invoice_by_settling",
            ),
        ),
    ]

"""What a notification says of prompt and receipt; whom we prompted lately; who was thanked."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [
        migrations.AddField(
            "notification",
            "prompt_key",
            models.CharField(max_length=80, blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            "notification",
            "transaction",
            models.CharField(max_length=60, blank=True, default=""),
            preserve_default=False,
        ),
        # The first version of the provider's interface names payers by a hash of 64 letters.
        migrations.AlterField("payment", "payer", models.CharField(max_length=80, blank=True)),
        migrations.AddField("merchant", "app_token_at", models.DateTimeField(null=True)),
        migrations.AddField("payment", "thanked_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "prompt", models.Index(fields=["phone", "-id"], name="prompt_by_phone")
        ),
        migrations.AddIndex(
            "payment",
            models.Index(fields=["payer", "-id"], name="payment_by_payer", condition=~Q(payer="")),
        ),
        migrations.AddIndex(
            "payment",
            models.Index(
                fields=["entity", "id"],
                name="payment_not_thanked",
                condition=Q(thanked_at__isnull=True),
            ),
        ),
    ]

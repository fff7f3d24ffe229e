"""Journal entries arrive by COPY: their entity is seen to by the lines' accounts, which are
of the entry's entity, so a foreign key of its own would only cost a check a row."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_books_that_refuse")]

    operations = [
        migrations.AlterField(
            "journalentry",
            "entity",
            models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.entity",
            ),
        ),
    ]

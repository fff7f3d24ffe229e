"""A journal line's key is its place in its entry: one index instead of two for every line.

The index of entries by company goes too: what they were posted from begins with it.
"""

import django.db.models.deletion
from django.db import migrations, models

PLACED = """
alter table ledger_journalline disable trigger journal_line_frozen;
alter table ledger_journalline add column sequence smallint;
update ledger_journalline l set sequence = p.place
from (select id, row_number() over (partition by entry_id order by id) as place
    from ledger_journalline) p
where p.id = l.id;
alter table ledger_journalline drop column id;
alter table ledger_journalline add primary key (entry_id, sequence);
drop index ledger_journalline_entry_id_9e70d486;
alter table ledger_journalline enable trigger journal_line_frozen;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_every_line_has_a_branch")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(PLACED)],
            [
                migrations.RemoveField("journalline", "id"),
                migrations.AddField(
                    "journalline", "sequence", models.SmallIntegerField(), preserve_default=False
                ),
                migrations.AddField(
                    "journalline",
                    "pk",
                    models.CompositePrimaryKey(
                        "entry_id", "sequence", blank=True, editable=False, serialize=False
                    ),
                ),
                migrations.AlterField(
                    "journalline",
                    "entry",
                    models.ForeignKey(
                        "ledger.journalentry",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                    ),
                ),
            ],
        ),
        migrations.AlterField(
            "journalentry",
            "entity",
            models.ForeignKey(
                "org.entity",
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
            ),
        ),
    ]

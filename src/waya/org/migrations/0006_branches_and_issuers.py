"""Documents are numbered by branch, and keep who issued them as it was named.

The oldest branch of each entity is its main one: the series of numbers that there are go on there.
"""

import django.db.models.deletion
from django.db import migrations, models

KEPT = """
insert into org_branch (entity_id, code, name, main)
select e.id, 'HQ', 'Head office', true from org_entity e
where not exists (select from org_branch b where b.entity_id = e.id);
update org_branch set main = true
where id in (select min(id) from org_branch group by entity_id);
update org_numberseries s set branch_id = b.id
from org_branch b where b.entity_id = s.entity_id and b.main;
insert into org_issuer (branch_id, entity_id, name, legal_name, tax_number, phone, branch_name)
select b.id, e.id, e.name, e.legal_name, e.tax_number, e.phone,
    case when b.main then '' else b.name end
from org_branch b join org_entity e on e.id = b.entity_id;
set constraints all immediate;
"""

STAYS = """
create function issuer_stays() returns trigger language plpgsql as $$
begin
    raise exception 'who issued a document is never changed' using errcode = 'restrict_violation';
end $$;
create trigger issuer_stays before update or delete on org_issuer
    for each statement execute function issuer_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("org", "0005_logo")]

    operations = [
        migrations.AddField("branch", "main", models.BooleanField(default=False)),
        migrations.CreateModel(
            name="Issuer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("legal_name", models.CharField(max_length=120)),
                ("tax_number", models.CharField(blank=True, max_length=40)),
                ("phone", models.CharField(blank=True, max_length=20)),
                ("branch_name", models.CharField(blank=True, max_length=80)),
                (
                    "branch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="issuers",
                        to="org.branch",
                    ),
                ),
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
                    models.UniqueConstraint(
                        fields=(
                            "branch",
                            "name",
                            "legal_name",
                            "tax_number",
                            "phone",
                            "branch_name",
                        ),
                        name="issuer_once",
                    )
                ],
            },
        ),
        migrations.AddField(
            "numberseries",
            "branch",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.branch",
            ),
        ),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
        migrations.RemoveConstraint("numberseries", "series_once"),
        migrations.RemoveField("numberseries", "entity"),
        migrations.AlterField(
            "numberseries",
            "branch",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.branch"
            ),
        ),
        migrations.AddConstraint(
            "numberseries",
            models.UniqueConstraint(fields=("branch", "kind"), name="series_once"),
        ),
        migrations.AddConstraint(
            "branch",
            models.UniqueConstraint(
                condition=models.Q(main=True), fields=("entity",), name="one_main_branch"
            ),
        ),
        migrations.RunSQL(STAYS, "drop function issuer_stays() cascade"),
    ]

"""What is kept beside documents goes by the days on which the books have them, so that ageing is
the receivable account and deferred revenue its own, on any day that has passed."""

from importlib import import_module

from django.db import migrations, models

_FOLDER = "waya.billing.migrations."
_OWED = import_module(_FOLDER + "0003_sums_beside_rows").OWED
_BRANCHES = import_module(_FOLDER + "0006_recognised_by_branch")

_ISSUED, _, _SETTLED = _OWED.partition("create function invoices_settled()")
_WAS = [
    made.partition("create trigger")[0].replace("create fun", "create or replace fun", 1)
    for made in (_ISSUED, "create function invoices_settled()" + _SETTLED)
]
_LINES_WERE = _BRANCHES._by_branch(_BRANCHES._EARNS, _BRANCHES._LINES)

ISSUED = """
create or replace function invoices_add_up() returns trigger language plpgsql as $$
begin
    insert into billing_receivabledelta (entity_id, currency, due_on, "on", amount_minor)
    select g.entity_id, g.currency, g.due_on, first_open_day(g.entity_id, g.issued_on), g.owed
    from (select entity_id, currency, due_on, issued_on, sum(total_minor - paid_minor) as owed
          from fresh group by entity_id, currency, due_on, issued_on) g
    where g.owed <> 0;
    return null;
end $$;
"""

SETTLED = """
create or replace function invoices_settled() returns trigger language plpgsql as $$
begin
    insert into billing_receivabledelta (entity_id, currency, due_on, "on", amount_minor)
    select g.entity_id, g.currency, g.due_on, first_open_day(g.entity_id, g.moved_on), g.paid
    from (select fresh.entity_id, fresh.currency, fresh.due_on,
              coalesce(fresh.moved_on, fresh.settled_on, (waya_now() at time zone e.zone)::date)
                  as moved_on,
              sum(was.paid_minor - fresh.paid_minor) as paid
          from fresh join was on was.id = fresh.id and was.paid_minor <> fresh.paid_minor
              join org_entity e on e.id = fresh.entity_id
          group by 1, 2, 3, 4) g;
    return null;
end $$;
"""

LINES = _LINES_WERE.replace(
    "g.issued_on, g.start", "first_open_day(g.entity_id, g.issued_on), g.start", 1
)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0008_pro_formas_stay"),
        ("ledger", "0005_first_open_day"),
    ]

    operations = [
        migrations.AddField("invoice", "moved_on", models.DateField(null=True)),
        migrations.RunSQL(ISSUED, _WAS[0]),
        migrations.RunSQL(SETTLED, _WAS[1]),
        migrations.RunSQL(LINES, _LINES_WERE),
    ]

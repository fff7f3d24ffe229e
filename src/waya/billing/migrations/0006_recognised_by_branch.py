"""Revenue billed in advance is earned and recognised by branch: that of the document.

What is kept of documents is added up anew from them. What was recognised until now was posted
for the whole company, which is its main branch; where others have a part in it, the next
recognition moves it to them.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

_FOLDER = "waya.billing.migrations."
_EARNED = import_module(_FOLDER + "0003_sums_beside_rows").EARNED
_WITHIN = import_module(_FOLDER + "0004_credit_notes_belong_and_stay").WITHIN

# A line billed in advance without days, or of less than one, is earned on its first day. Its
# branch is joined to sums, not to lines: a chunk of a run pays for a few rows.
_LINES = """
    insert into billing_deferral
        (entity_id, branch_id, revenue, currency, "on", start, "end", net_minor, lines)
    select g.entity_id, s.branch_id, g.revenue, g.currency, g.issued_on, g.start, g."end",
        g.net_minor, g.lines
    from (
        select i.entity_id, i.issuer_id, fresh.revenue, i.currency, i.issued_on,
            coalesce(fresh.start, i.issued_on) as start,
            greatest(fresh."end", coalesce(fresh.start, i.issued_on) + 1) as "end",
            fresh.net_minor, count(*) as lines
        from {fresh} join billing_invoice i on i.id = fresh.invoice_id
        where fresh.deferred and fresh.net_minor <> 0
        group by 1, 2, 3, 4, 5, 6, 7, 8
    ) g join org_issuer s on s.id = g.issuer_id;
"""

_CREDITS = """
    insert into billing_deferral
        (entity_id, branch_id, revenue, currency, "on", start, "end", net_minor, lines)
    select n.entity_id, s.branch_id, fresh.revenue, n.currency, n.issued_on, fresh.unearned_from,
        fresh.unearned_until, -fresh.unearned_minor, count(*)
    from {fresh} join billing_creditnote n on n.id = fresh.note_id
        join org_issuer s on s.id = n.issuer_id
    where fresh.unearned_minor <> 0
    group by 1, 2, 3, 4, 5, 6, 7, 8;
"""

ANEW = _LINES.format(fresh="billing_invoiceline fresh") + _CREDITS.format(
    fresh="billing_creditnoteline fresh"
)

MAIN = """
update billing_recognition r set branch_id = b.id
from org_branch b where b.entity_id = r.entity_id and b.main;
"""


def _replaced(made: str) -> str:
    """The function alone out of what made it and its trigger."""
    return made.partition("create trigger")[0].replace("create fun", "create or replace fun", 1)


def _by_branch(made: str, added: str) -> str:
    """The same function with another end: what it adds to what is deferred."""
    return f"""{made.partition("    insert into billing_deferral")[0].rstrip()}
{added.format(fresh="fresh")}    return null;
end $$;
"""


_EARNS, _CHECKS = _replaced(_EARNED), _replaced(_WITHIN)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_lines_of_pro_formas"),
        ("org", "0003_accounts_and_issuers"),
    ]

    operations = [
        migrations.RunSQL("truncate billing_deferral", migrations.RunSQL.noop),
        migrations.AddField(
            "deferral", "branch_id", models.BigIntegerField(default=0), preserve_default=False
        ),
        migrations.RunSQL(_by_branch(_EARNS, _LINES), _EARNS),
        migrations.RunSQL(_by_branch(_CHECKS, _CREDITS), _CHECKS),
        migrations.RunSQL(ANEW, migrations.RunSQL.noop),
        migrations.AddField(
            "recognition",
            "branch",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.branch",
            ),
        ),
        migrations.RunSQL(MAIN, migrations.RunSQL.noop),
        migrations.AlterField(
            "recognition",
            "branch",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.branch"
            ),
        ),
        migrations.RemoveConstraint("recognition", "recognised_once"),
        migrations.AddConstraint(
            "recognition",
            models.UniqueConstraint(
                fields=["entity", "through", "branch", "revenue", "currency"],
                name="recognised_once",
            ),
        ),
    ]

"""The sequence of account numbers, and issuers that stay as documents name them.

Account numbers may have gaps (they are never used again), so a sequence serves.
"""

from django.db import migrations

STAYS = """
create function issuer_stays() returns trigger language plpgsql as $$
begin
    raise exception 'who issued a document is never changed' using errcode = 'restrict_violation';
end $$;
create trigger issuer_stays before update or delete on org_issuer
    for each statement execute function issuer_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("org", "0002_waya_now")]

    operations = [
        migrations.RunSQL(
            "create sequence account_sequence start 100001", "drop sequence account_sequence"
        ),
        migrations.RunSQL(STAYS, "drop function issuer_stays() cascade"),
    ]

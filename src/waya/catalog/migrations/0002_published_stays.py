"""A published version of a plan is immutable: who bought it keeps what they bought."""

from django.db import migrations

PUBLISHED = """
create function published_stays() returns trigger language plpgsql as $$
begin
    raise exception 'a published version is never changed' using errcode = 'restrict_violation';
end $$;
create trigger version_stays before update or delete or truncate on catalog_planversion
    for each statement execute function published_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunSQL(PUBLISHED, "drop function published_stays() cascade")]

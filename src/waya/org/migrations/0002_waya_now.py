"""Business time in SQL: the moment now, ahead by the lab's offset if there is one."""

from django.db import migrations

CREATE = """
create function waya_now() returns timestamptz language sql stable as
$$ select now() + coalesce((select ahead from org_labclock where id = 1), interval '0') $$
"""


class Migration(migrations.Migration):
    dependencies = [("org", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, "drop function waya_now()")]

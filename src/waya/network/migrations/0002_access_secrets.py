"""The one table of PPPoE secrets in the clear, in a schema of its own.

CHAP needs them readable; only its owner reads it, and in time the function that FreeRADIUS
asks. Never in history, audit, log or API.
"""

from django.db import migrations

CREATE = """
create schema radius_private;
revoke all on schema radius_private from public;
create table radius_private.access_secret (
    name text primary key,
    password text not null
);
"""


class Migration(migrations.Migration):
    dependencies = [("network", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, "drop schema radius_private cascade")]

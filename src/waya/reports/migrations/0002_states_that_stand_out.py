"""The index of subscriptions by state keeps those that are not simply well.

Nearly all are, and each was written anew whenever it was billed: a sixth of that statement.
"""

from django.db import migrations

MOST = """
drop index subscription_by_state;
create index subscription_by_state on subscriptions_subscription
    (entity_id, state, standing, customer_id);
"""
FEW = """
drop index subscription_by_state;
create index subscription_by_state on subscriptions_subscription
    (entity_id, state, standing, customer_id) where state <> 'active' or standing <> 'good';
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_indexes"), ("subscriptions", "0001_initial")]

    operations = [migrations.RunSQL(FEW, MOST)]

"""What a receipt says never changes: whose the money is may be found out later, and no more.

Who paid is not held here: erasure takes names and numbers out of what is kept.
"""

from django.db import migrations

STAYS = """
create trigger receipt_stays before delete or truncate on payments_payment
    for each statement execute function issued_stays();
create trigger receipt_stays_as_issued before update of id, public_id, entity_id, merchant_id,
    provider, account, transaction, issuer_id, amount_minor, currency, paid_at, value_on, taken_at,
    receipt_number on payments_payment for each statement execute function issued_stays();
create trigger allocation_stays before update or delete or truncate on payments_allocation
    for each statement execute function issued_stays();
"""
GOES = """
drop trigger receipt_stays on payments_payment;
drop trigger receipt_stays_as_issued on payments_payment;
drop trigger allocation_stays on payments_allocation;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("billing", "0002_invoices_belong_and_stay")]

    operations = [migrations.RunSQL(STAYS, GOES)]

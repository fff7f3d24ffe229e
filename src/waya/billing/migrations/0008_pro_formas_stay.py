"""What a pro forma asks never changes: only its state does, and which invoice it became."""

from django.db import migrations

STAYS = """
create trigger pro_forma_stays before delete or truncate on billing_proforma
    for each statement execute function issued_stays();
create trigger pro_forma_stays_as_issued before update of id, public_id, entity_id, customer_id,
    subscription_id, issuer_id, number, line, issued_on, start, "end", currency, total_minor, why
    on billing_proforma for each statement execute function issued_stays();
"""
GOES = """
drop trigger pro_forma_stays on billing_proforma;
drop trigger pro_forma_stays_as_issued on billing_proforma;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_a_tax_has_its_place")]

    operations = [migrations.RunSQL(STAYS, GOES)]

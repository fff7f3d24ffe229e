"""Indexes that only reads across contexts need: search, the dashboard, causes."""

from django.db import migrations

INDEXES = {
    # Names by the beginning of any word; core PostgreSQL, no extension. Kept up to date at once:
    # a search that forgives a slip asks hundreds of times, each past whatever is pending.
    "customer_words": (
        "parties_customer using gin (to_tsvector('simple'::regconfig, coalesce(name, '')))"
        " with (fastupdate = off)"
    ),
    # Phones by their end, which is what payers' masked numbers and memories keep.
    "contact_phone_end": "parties_contact (reverse(phone) text_pattern_ops)",
    "payment_by_transaction": "payments_payment (upper(transaction) text_pattern_ops)",
    "session_by_caller": (
        "network_session (upper(caller_id) text_pattern_ops) where ended_at is null"
    ),
    "session_by_address": "network_session (address) where ended_at is null",
    "session_by_name": "network_session (name) where ended_at is null",
    "audit_by_cause": "org_auditrecord (cause_id) where cause_id is not null",
    "audit_confirmed": "org_auditrecord (entity_id, at) where action = 'access.confirmed'",
    "subscription_by_state": "subscriptions_subscription (entity_id, state, standing, customer_id)",
    "pro_forma_open_by_start": "billing_proforma (entity_id, start) where state = 'open'",
}


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0001_initial"),
        ("parties", "0001_initial"),
        ("network", "0001_initial"),
        ("subscriptions", "0001_initial"),
        ("billing", "0001_initial"),
        ("payments", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(f"create index {name} on {target}", f"drop index {name}")
        for name, target in INDEXES.items()
    ]

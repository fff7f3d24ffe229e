"""What billing speaks to outside: tax authorities that record documents, and tax services."""

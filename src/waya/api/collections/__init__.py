"""What was said and what is to be done about debts, by API: promises, disputes, calls."""

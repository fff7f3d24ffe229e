"""Every write of org, by noun."""

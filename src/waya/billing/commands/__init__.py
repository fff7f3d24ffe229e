"""Every write of billing, by noun."""

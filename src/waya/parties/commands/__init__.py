"""Every write of parties, by noun."""

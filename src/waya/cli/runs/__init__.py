"""A day's runs, by hand or rehearsed: billing, and the dunning of a night."""

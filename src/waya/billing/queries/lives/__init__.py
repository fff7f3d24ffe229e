"""Subscriptions as billing sees them: what is due of each, and what a change comes to."""

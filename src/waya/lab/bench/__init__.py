"""Benches: each starts what it needs in a home of its own, measures, and leaves nothing."""

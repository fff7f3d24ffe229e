"""Tests of the billing engine."""

"""Tests of the API, as programs with tokens use it."""

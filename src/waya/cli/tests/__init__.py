"""Tests of the command line, and the database that every test runs on."""

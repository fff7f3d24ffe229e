"""Tests of the portal, as customers use it: by words a person would see."""

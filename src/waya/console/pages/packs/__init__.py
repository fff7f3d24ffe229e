"""Screens of add-ons and bundles: put on sale, taken and dropped."""

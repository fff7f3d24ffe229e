"""Forms of many rows: filled in, added to, dropped from and worked out while they are typed.

`rows` reads them and takes a step; `fields` are what they are filled in with.
"""

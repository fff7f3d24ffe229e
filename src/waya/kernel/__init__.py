"""The words everything else is made of: money, periods, time, refusals, phones and numbers.

Pure: no Django, no database, no network. Only `clock` reads the time, and only here.
"""

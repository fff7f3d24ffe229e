"""The database server from the wheel: its programs, its account, its data and its end.

We start the programs of the wheel ourselves. The wheel's own starter opens the permissions
of every parent folder when run as root, trusts whoever connects, and shares one lock file
between all accounts of a machine.
"""

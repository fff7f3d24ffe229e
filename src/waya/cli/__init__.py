"""The `waya` command: one small file for each thing it does.

This is the only part that knows processes, files of the machine and the database server.
It sits above every context, decides nothing about the business, and is imported by nobody.
"""

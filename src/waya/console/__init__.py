"""The staff surface: what a member of staff sees and does, at `/`.

Words: a *page* is a whole screen, a *part* is the piece of it that refreshes or is swapped.
Views read through `reports`, act through commands and compose nothing. What a role may not
do is absent from its pages, and refused if asked for all the same.
"""

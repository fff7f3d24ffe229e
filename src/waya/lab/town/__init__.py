"""A town with an ISP: the company, its people, some hundred households and their habits.

Everything is made through the commands that staff and customers use; business time starts
some months ago and is worked through day by day, so the history is one that happened.
"""

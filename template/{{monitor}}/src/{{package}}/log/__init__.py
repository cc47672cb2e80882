"""The log of predictions: what was asked, what was answered, when, by which version, and what turned out to be true.

database    where it ends up: SQLite or PostgreSQL, the same statements for both
tables      what is kept there, column by column
"""

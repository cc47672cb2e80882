"""The log of predictions: what was asked, what was answered, when, by which version, and what turned out to be true.

hook, batch_hook    append to local files, in a service and in a batch run (journal, segment, entry; row_sampling)
ship                brings the files into the database (tail, decode, place, report, retention); a shadow answers along
database            where it ends up: SQLite or PostgreSQL, the same statements for both
tables              what is kept there, column by column
"""

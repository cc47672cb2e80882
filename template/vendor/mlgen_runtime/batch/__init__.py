"""Scoring whole tables: rows from somewhere, through the champion, into a table somewhere else.

source/     Parquet, CSV, JSON lines, SQL, Delta → batches of rows, and a fingerprint of them
job         what makes a run, how far it is, when it is stopped
pump        scoring and writing at the same time      progress   what a terminal shows meanwhile
sink/       SQLite, PostgreSQL, Parquet, Delta: portions kept whole or not at all

How rows become answers is the use case's `batch_scoring`; this package knows no model.
"""

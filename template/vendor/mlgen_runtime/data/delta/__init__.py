"""Tables in the format of Delta Lake, on disk, by delta-rs: no Spark and no server.

settings    conf/delta as a dataclass
table       a table at one of its versions, and which versions there are
writing     rows as the next version
"""

"""Files that DVC keeps: which version lies there, where any other one is, and how to make the next.

settings     conf/dvc as a dataclass
pointers     what stands in git for a file: its md5, in a .dvc file or in dvc.lock
revisions    what git had at a commit
objects      the content of an md5, from the cache or the remote
keeping      files as the next version
"""

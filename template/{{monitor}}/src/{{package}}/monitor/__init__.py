"""Looking at production: what came in, what was answered, how quickly, and how right it was once the truth is known.

settings    the values of conf/monitor, and durations in words
measure     one figure of one window, with what it rests on
window      a stretch of time that is looked at together, and where windows are kept
"""

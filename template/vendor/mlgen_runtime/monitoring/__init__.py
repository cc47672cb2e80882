"""Looking at production: what came in, what was answered, how quickly, and how right it was once the truth is known.

settings    the values of conf/monitor, and moments in words
session     one run of the verb: which windows are due, looked at, judged, kept, told
stretch     which stretches of the log those are
look        one window: counted, met with its truth, measured
measure     one figure, with what it rests on; window: all of them together, and where they are kept

reading     one pass over a window of the log (decoding, histogram, latency) or over rows that were given (given)
chance      what would differ by chance alone
drift, service, quality, value     the figures
truth       answers beside the truth that came later; outcomes: the truth from a table

summary     the terminal and reports/monitor.json
page        reports/monitor.html (sections, charts, style), with Evidently's report (detail, detail_process)
prometheus, tracked     a text file for Prometheus, a run in MLflow
"""

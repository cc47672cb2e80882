"""Looking at production: what came in, what was answered, how quickly, and how right it was once the truth is known.

settings    the values of conf/monitor, and moments in words
run         one run: what is due is evaluated, judged by whoever raises alerts, and kept
time_range, log_windows      which time ranges of the log are due, and their evaluation one after the other
window_evaluator             one window of the log (answering: compared with which model)
table_evaluator              the table of `monitor.current=` as a window (uploaded_table)
measure     one figure, with what it rests on; window: all of them together, and where they are kept

reading     one pass over a window of the log (decoding, histogram, latency) or over an uploaded table
drift, service, quality, value, data_age     the figures
labelled_answers    answers beside the truth that came later; outcomes: the truth from a table

summary     a window in short, for the terminal and reports/monitor.json; alerts: alerts as they are shown
reports     reports/monitor.html (page, sections, charts, style), with Evidently's report (detail, detail_process),
            a text file for Prometheus (prometheus), a run in MLflow (tracked)
"""

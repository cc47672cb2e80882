# Monitoring: looks at the log of predictions; error 3 says that an alert fired.
.PHONY: monitor

monitor: setup ## Look at production: drift, latency, quality, alerts; MONITOR="monitor.current=…" looks at a table instead.
	$(RUN) monitor $(MONITOR)

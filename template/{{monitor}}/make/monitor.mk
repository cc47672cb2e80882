# Monitoring: looks at the log of predictions; error 3 says that an alert fired.
.PHONY: monitor evidently
EVIDENTLY := .venv-evidently

monitor: setup ## Look at production: drift, latency, quality, alerts; MONITOR="monitor.current=…" looks at a table instead.
	$(RUN) monitor $(MONITOR)

evidently: $(EVIDENTLY)/.ready ## Make the environment from which monitor adds Evidently's report to its page.

$(EVIDENTLY)/.ready: requirements-evidently.lock
	$(if $(UV)$(PYTHON),,$(error found neither uv nor a Python from 3.11 to 3.13; install one, or name it: PYTHON=/path/to/python))
	@echo "installing $$(grep -c == $<) pinned packages into $(EVIDENTLY)"
ifdef UV
	@uv venv --quiet --allow-existing --python "$(or $(PYTHON),>=3.11,<3.14)" $(EVIDENTLY)
	@uv pip sync --quiet --compile-bytecode --python $(EVIDENTLY)/bin/python --require-hashes $<
else
	@$(PYTHON) -m venv $(EVIDENTLY)
	@$(EVIDENTLY)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
endif
	@touch $@

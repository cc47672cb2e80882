# Scheduled jobs with Prefect, from schedule/jobs.toml. It lives in schedule/.venv, from a lock of its own.
.PHONY: schedule unschedule prefect worker
OWN := schedule/.venv/bin
PROJECT := $(notdir $(RUN))
# The server: PREFECT_API_URL or a profile of yours names it, else the one that `make prefect` starts here.
ifndef PREFECT_PROFILE
export PREFECT_API_URL ?= http://127.0.0.1:4200/api
endif
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT := false
export PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY := false
# Prefect imports the flow from vendor/, which only the project's own environment has installed.
schedule unschedule worker: export PYTHONPATH := $(CURDIR)/vendor

schedule: setup ## Write prefect.yaml from schedule/jobs.toml and print it; INSTALL=1 deploys it.
	@$(BIN)/python -m mlgen_runtime.scheduling.prefect.deployments
ifdef INSTALL
	@$(MAKE) --no-print-directory schedule/.venv/.ready
	@$(OWN)/python -m mlgen_runtime.scheduling.prefect.deployments --prepare
	@$(OWN)/prefect --no-prompt deploy --all
	@echo "deployed; 'make worker' runs the jobs on this machine, 'make unschedule' takes them out"
endif

unschedule: schedule/.venv/.ready ## Take this project's deployments out of the Prefect server.
	@$(OWN)/python -m mlgen_runtime.scheduling.prefect.deployments --remove

prefect: schedule/.venv/.ready ## Start a Prefect server on this machine, with its pages; stop with Ctrl-C.
	$(OWN)/prefect server start

worker: setup schedule/.venv/.ready ## Run the scheduled jobs on this machine; stop with Ctrl-C.
	$(OWN)/prefect worker start --type process --pool $(PROJECT)

schedule/.venv/.ready: schedule/requirements.lock
	$(if $(UV)$(PYTHON),,$(error found neither uv nor a Python from 3.11 to 3.13; install one, or name it: PYTHON=/path/to/python))
	@echo "installing $$(grep -c == $<) pinned packages into schedule/.venv"
ifdef UV
	@uv venv --quiet --allow-existing --python "$(or $(PYTHON),>=3.11,<3.14)" schedule/.venv
	@uv pip sync --quiet --compile-bytecode --python $(OWN)/python --require-hashes $<
else
	@$(PYTHON) -m venv schedule/.venv
	@$(OWN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
endif
	@touch $@

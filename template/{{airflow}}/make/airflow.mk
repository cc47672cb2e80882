# Scheduled jobs with Airflow, from schedule/jobs.toml. schedule/.venv holds one to try, from a lock of its own; an Airflow
# that runs already needs nothing but the link to schedule/dag.py in its dags folder (DAGS=…).
.PHONY: schedule unschedule airflow
OWN := schedule/.venv/bin
PROJECT := $(notdir $(RUN))
export AIRFLOW_HOME ?= $(HOME)/airflow
DAGS ?= $(AIRFLOW_HOME)/dags
# What `make airflow` starts: seen from this machine only, small, without examples, telling nobody.
export AIRFLOW__API__HOST ?= 127.0.0.1
export AIRFLOW__CORE__PARALLELISM ?= 4
export AIRFLOW__CORE__LOAD_EXAMPLES ?= false
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED ?= false

schedule: setup ## Print the scheduled jobs; INSTALL=1 links the DAGs into Airflow's dags folder (DAGS=folder).
	@$(BIN)/python -m mlgen_runtime.scheduling.jobs
ifdef INSTALL
	@mkdir -p "$(DAGS)"
	@ln -sfn "$(CURDIR)/schedule/dag.py" "$(DAGS)/$(PROJECT).py"
	@echo "linked as $(DAGS)/$(PROJECT).py; 'make unschedule' takes it out, 'make airflow' starts an Airflow to try"
endif

unschedule: ## Take the DAGs out of Airflow's dags folder (DAGS=folder).
	@rm -f "$(DAGS)/$(PROJECT).py"

airflow: schedule/.venv/.ready ## Start an Airflow on this machine, with its pages; stop with Ctrl-C.
	PATH="$(CURDIR)/$(OWN):$$PATH" airflow standalone

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

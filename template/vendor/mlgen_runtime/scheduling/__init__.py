"""Jobs that run by themselves: schedule/jobs.toml, and the one way in which cron, Prefect and Airflow run its jobs.

jobs       the file, read and checked; times, when a cron expression comes round
run        the wrapper that runs one job: attempt, the process; log, what it said; exit_codes
launch     starts the wrapper from an orchestrator's environment
cron, prefect, airflow    what each scheduler is given, only in projects that have it

Prefect and Airflow import this room in environments of their own, without the project's packages: it takes the standard
library and core, and nothing else.
"""

"""Jobs with Prefect: the flow that runs a job, and its deployments. Prefect is in schedule/.venv, not in .venv."""

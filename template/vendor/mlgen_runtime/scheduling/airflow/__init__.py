"""Jobs with Airflow: a DAG for each job. Airflow is in an environment of its own, not in .venv."""

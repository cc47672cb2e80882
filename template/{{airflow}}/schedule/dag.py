"""The DAGs of this project, one for each job of jobs.toml; Airflow reads this file through a link in its dags."""

import os
import sys
from pathlib import Path

# Where the project is: around this file (behind the link); a copy of this file has it in PROJECT, or in its place here.
AROUND = Path(__file__).resolve().parents[1]
ROOT = AROUND if (AROUND / "schedule" / "jobs.toml").is_file() else Path(os.environ.get("PROJECT", "/srv/project"))
if not ROOT.is_dir():
    raise FileNotFoundError(f"there is no project at {ROOT}; link this file, or set PROJECT for Airflow")
sys.path.insert(0, str(ROOT / "vendor"))

from mlgen_runtime.scheduling.airflow.dags import dags  # noqa: E402

globals().update(dags(ROOT))  # Airflow looks for DAGs among the names of a module

"""Goldens: what a generated project does, seen from outside, before and after a change that should alter nothing.

    python benchmarks/goldens.py record PROJECT_DIR OUT.json
    python benchmarks/goldens.py compare BEFORE.json AFTER.json [--ignore SECTION]…

`record` deletes what earlier runs left in the project (bundles/, reports/, logs/, mlflow.db, data/contract.yaml …),
then goes through every verb on the sample and keeps answers, figures, words and the digests of files. It looks at the
command line, the REST interface and the files under bundles/, reports/, exports/ and logs/, never at source modules.
The project needs its environment (`make setup`) and a name that begins with "golden".
`compare` prints one line per difference, and exits with 1 where there is any; `--ignore export.code` leaves a part out.
What is left out of the goldens, and why, stands beside DROPPED and in the functions that drop it.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What runs leave behind in a project, as globs. The contract is inferred anew: that is a behaviour, too.
LEFT = (
    *("bundles", "reports", "exports", "logs", "mlruns", "mlartifacts", "multirun", "outputs", "data/contract.yaml"),
    *("mlflow.db*", "predictions.db*", ".predictions.db*"),
)
#: Keys dropped wherever they stand in JSON.
DROPPED = frozenset(
    (
        *("at", "run_id", "request_id", "started_at", "scored_at", "date", "logical_date"),  # moments and drawn ids
        *("seconds", "rows_per_second", "ms", "p50_ms", "p99_ms", "speed"),  # durations, and the machine's name
        *("commit", "dirty", "lock", "package"),  # lineage: git, the digest of the lock, the template's release
        *("bulk", "engine"),  # what scores many rows is measured when a bundle is written; no answer depends on it
        *("sha256", "manifest", "megabytes", "size_mb"),  # of whole folders, in which lineage, `bulk` and code are
        *("model_version", "data_age_hours"),  # the latter is counted from now
        "use_case",  # a field that bundles may gain
    )
)
#: A moment of a run inside a text, such as since when an alert is active: only those have microseconds.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
#: Figures of `monitor` that time the machine, or count from now.
TIMED = ("latency_", "data_age_")
REQUESTS = 220  # beyond monitor.min_rows and, twice, monitor.min_outcomes
SHOWN = 5  # rows kept in full beside a digest
PATIENCE = 60.0  # seconds for the service to be ready, and for its log to be shipped


@dataclass(frozen=True)
class Project:
    """A generated project with its environment."""

    folder: Path
    script: Path
    name: str

    @classmethod
    def at(cls, folder: Path) -> Project:
        """Find the console script; refuse a project that somebody may work in, for `record` deletes."""
        settings = tomllib.loads((folder / "pyproject.toml").read_text("utf8"))["project"]
        name = next(iter(settings["scripts"]))
        if not name.startswith("golden"):
            sys.exit(f"{folder}: the project is called {name}; only one whose name begins with golden is emptied")
        script = folder / ".venv" / "bin" / name
        if not script.is_file():
            sys.exit(f"{script} is missing: run make setup in {folder}")
        return cls(folder, script, name)

    def environment(self) -> dict[str, str]:
        """The variables of a run: none that this shell happens to set for the project, and a fixed width of lines."""
        kept = {
            name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
        }
        ours = {"COLUMNS": "120", "TZ": "UTC", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "PYTHONHASHSEED": "0"}
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        return kept | ours | quiet | {"GIT_CEILING_DIRECTORIES": str(self.folder.parent)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the project, whatever it exits with."""
        print("  " + " ".join([Path(arguments[0]).name, *arguments[1:]])[:110], file=sys.stderr, flush=True)
        return subprocess.run(
            arguments, cwd=self.folder, env=self.environment(), capture_output=True, text=True, timeout=900
        )

    def verb(self, *arguments: str) -> dict[str, Any]:
        """Run a verb: exit code, the words on both streams, and the report it wrote."""
        verb = arguments[0]
        report = self.folder / "reports" / f"{verb}.json"
        report.unlink(missing_ok=True)
        done = self.run(str(self.script), *arguments)
        found = {"exit": done.returncode, "says": self.masked(done.stdout), "complains": self.masked(done.stderr)}
        return found | {"report": self.json(report) if report.exists() else None}

    def plain(self, text: str) -> list[str]:
        """Lines of a text, without the place where the project lies."""
        return text.replace(str(self.folder), "<project>").splitlines()

    def masked(self, text: str) -> list[str]:
        """Lines of what a verb prints, without figures, ids and widths: durations change, the others are in reports.

        A last cell that was cut off (…) goes, for where it is cut depends on the widths beside it; lines on latency go.
        """
        lines = []
        for line in self.plain(text):
            cells = [cell for cell in re.split(r"\s{2,}", line.strip()) if cell]
            if any(cell.startswith(TIMED) for cell in cells):
                continue
            kept = " ".join(cells[:-1] if cells and cells[-1].endswith("…") else cells)
            kept = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b", "<id>", kept)
            lines.append(re.sub(r"[-+]?\d[\d,.:]*(e[-+]?\d+)?(T[\d:]+)?", "#", kept))
        return lines

    def json(self, path: Path) -> Any:
        """Return a JSON file without what changes from run to run."""
        return stable(json.loads(path.read_text("utf8").replace(str(self.folder), "<project>")))


def main() -> None:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    recording = verbs.add_parser("record")
    recording.add_argument("project", type=Path)
    recording.add_argument("out", type=Path)
    comparing = verbs.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--ignore", action="append", default=[], help="a part to leave out, such as export.code")
    options = parser.parse_args()
    if options.verb == "record":
        found = record(Project.at(options.project.resolve()))
        options.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf8")
        return
    before, after = (json.loads(path.read_text("utf8")) for path in (options.before, options.after))
    ignored = tuple(options.ignore)
    lines = [
        f"{where}: {what}"
        for where, what in differences(before, after)
        if not any(where == part or where.startswith((f"{part}.", f"{part}[")) for part in ignored)
    ]
    print("\n".join(lines) if lines else "equal")
    sys.exit(1 if lines else 0)


def record(project: Project) -> dict[str, Any]:
    """Go through every verb from an empty project on; later parts rest on what earlier ones left."""
    clean(project.folder)
    found: dict[str, Any] = {"help": helps(project)}
    found["contract"] = project.verb("contract") | {
        "file": (project.folder / "data" / "contract.yaml").read_text("utf8").splitlines()
    }
    found["train"] = project.verb("train")
    found["bundle"] = bundle(project)
    found["predict"] = predictions(project)
    found["export"] = export(project)
    found["rest"] = rest(project)
    found["outcome"] = project.verb("outcome", "data.path=reports/golden_truth.csv")
    found["monitor"] = {"log": monitored(project.verb("monitor")), "logged": logged(project)}
    found["retrain"] = retrained(project.verb("retrain", "--dry-run"))
    found["batch"] = batch(project)
    source = f"monitor.current={source_of(project)}"
    found["monitor"]["table"] = monitored(project.verb("monitor", source, "monitor.detail_rows=0"))
    found["quick"] = project.verb("train", "+experiment=quick", "gate.strict=true")
    found["quick_bundle"] = bundle(project, "2")
    found["promote"] = project.verb("promote", "version=2")
    found["pointer"] = pointer(project)
    found["rollback"] = project.verb("rollback")
    found["ledger"] = [stable(json.loads(line)) for line in lines_of(project.folder / "bundles" / "ledger.jsonl")]
    found["faults"] = faults(project)
    return found


def clean(folder: Path) -> None:
    """Remove what runs left."""
    for pattern in LEFT:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


# ---- The command line.


def helps(project: Project) -> dict[str, Any]:
    """The help of the program and of each verb that it lists, and the settings of each."""
    top = project.run(str(project.script), "--help").stdout
    listed = top.partition("\nverbs")[2].partition("\n\n")[0]
    found: dict[str, Any] = {"": project.plain(top)}
    for verb in re.findall(r"^  (\w+)  ", listed, re.MULTILINE):
        found[verb] = project.plain(project.run(str(project.script), verb, "--help").stdout)
    shown = project.run(str(project.script), "train", "--cfg", "job")
    return found | {"settings": project.plain(shown.stdout)}


def faults(project: Project) -> dict[str, Any]:
    """What wrong command lines are answered with; the words matter, figures included."""
    (project.folder / "reports" / "golden_short.csv").write_text("a,b\n1,2\n", "utf8")
    found = {}
    for line in (
        "",
        "nonsense",
        "train model=nonsense",
        "train modle.seed=1",
        "train seed=text",
        "train data.path=missing.csv",
        "train data.target=missing",
        "train data.path=reports/golden_short.csv",
        "predict input=missing.csv",
        "predict input=reports/golden_short.csv",
        "predict version=99",
        "batch batch.output=nonsense://x",
        "export edge.opset=7",
        "monitor monitor.window=nonsense",
        "outcome data.path=reports/golden_short.csv",
        "promote version=99",
        "serve rest.port=nonsense",
        "retrain retrain.when=nonsense",
    ):
        done = project.run(str(project.script), *line.split())
        found[line] = [f"exit {done.returncode}", *project.plain(done.stdout), *project.plain(done.stderr)]
    return found


# ---- Files: the bundle, predictions, the export, tables.


def bundle(project: Project, version: str | None = None) -> dict[str, Any]:
    """The files of a version's bundle, or of the champion's; None where it was not published.

    manifest.json has the digests of all others, lineage included, so of it only the names count. Files that only the
    measured engine for many rows needs are left out with `bulk`.
    """
    store = project.folder / "bundles"
    folder = store / (version or json.loads((store / "champion.json").read_text("utf8"))["bundle"])
    if not folder.is_dir():
        return {"published": False}
    engine = json.loads((folder / "inference.json").read_text("utf8")).get("bulk") or {}
    extra = {engine.get("graph"), *(part["file"] for part in engine.get("parts", ()))}
    found: dict[str, Any] = {"published": True, "files": {}}
    for path in files(folder):
        name = path.relative_to(folder).as_posix()
        if name == "manifest.json":
            found["manifest"] = sorted(set(json.loads(path.read_text("utf8"))["files"]) - extra)
        elif name not in extra:
            found["files"][name] = project.json(path) if path.suffix == ".json" else digest(path.read_bytes())
    rows = store / f"{folder.name}.rows"
    found["rows"] = digest(rows.read_bytes()) if rows.is_file() else None
    return found | pointer(project)


def pointer(project: Project) -> dict[str, Any]:
    """The champion pointer."""
    return {"champion": project.json(project.folder / "bundles" / "champion.json")}


def predictions(project: Project) -> dict[str, Any]:
    """The answers of `predict` on the sample, exactly as written, in three formats."""
    asked = [] if forecasting(project) else [f"input={source_of(project)}"]
    found: dict[str, Any] = {}
    for ending in ("csv", "jsonl", "parquet"):
        path = project.folder / "reports" / f"golden_predictions.{ending}"
        done = project.verb("predict", *asked, f"output={path.relative_to(project.folder)}")
        found[ending] = done | (
            parquet(project, path) if ending == "parquet" else sampled(path.read_text("utf8").splitlines())
        )
    return found


def export(project: Project) -> dict[str, Any]:
    """The exported folder and what its own reader answers.

    `code` are the files that are copies of source code; they may rightly differ after source code was moved. Names
    alone are kept of the package that a forecast's reader brings along. Of README.md and parity.json durations and
    sizes go.
    """
    done = project.verb("export")
    folder = project.folder / "exports" / project.name
    found: dict[str, Any] = {**done, "files": {}, "code": {}}
    for path in files(folder):
        name = path.relative_to(folder).as_posix()
        if name == "manifest.json":
            continue
        if name == "README.md":
            found["files"][name] = project.masked(path.read_text("utf8"))
        elif path.suffix == ".json" and not name.startswith("package"):
            found["files"][name] = project.json(path)
        elif path.suffix in (".py", ".mjs", ".css", ".html") or name.startswith(("package", "requirements")):
            found["code"][name] = digest(path.read_bytes()) if "/" not in name else "present"
        else:
            found["files"][name] = digest(path.read_bytes())
    rows = project.folder / "reports" / "golden_rows.csv"
    if forecasting(project):
        write(rows, series_of(project))
    else:
        write(rows, [dict(row) for row in sample(project)[:200]])
    answered = project.run(str(project.folder / ".venv/bin/python"), str(folder / "reader.py"), str(rows))
    refused = project.run(str(project.folder / ".venv/bin/python"), str(folder / "reader.py"), "reports/missing.csv")
    found["reader"] = {"exit": answered.returncode, **sampled(answered.stdout.splitlines())}
    found["reader"]["without rows"] = [refused.returncode, refused.stderr.strip().splitlines()[-1:]]
    return found


def batch(project: Project) -> dict[str, Any]:
    """The tables that `batch` writes: SQLite, Parquet, and one of rows of which some cannot be read."""
    found: dict[str, Any] = {"sqlite": project.verb("batch") | tables(project, "predictions")}
    path = project.folder / "reports" / "golden_scored.parquet"
    asked = f"batch.output={path.relative_to(project.folder)}"
    found["parquet"] = project.verb("batch", asked) | parquet(project, path)
    found["dry"] = project.verb("batch", "--dry-run")
    if forecasting(project):
        return found
    number = next(name for name, column in inputs(project) if column["type"] in ("integer", "number"))
    rows = [dict(row) for row in sample(project)[:200]]
    for row in rows[::50]:
        row[number] = "nonsense"
    write(project.folder / "reports" / "golden_dirty.csv", rows)
    asked = "batch.input=reports/golden_dirty.csv"
    found["refused"] = project.verb(
        "batch", asked, "batch.output=sqlite:///predictions.db#dirty", "batch.max_rejected=0"
    )
    found["dirty"] = project.verb("batch", asked, "batch.output=sqlite:///predictions.db#dirty")
    return found | {"dirty_table": tables(project, "dirty")}


def tables(project: Project, name: str) -> dict[str, Any]:
    """A table of SQLite with its quarantine: columns, number of rows and digest, without ids and moments."""
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(project.folder / "predictions.db")) as database:
        for table in (name, f"{name}_quarantine"):
            columns = [(row[1], row[2]) for row in database.execute(f'pragma table_info("{table}")')]
            kept = [column for column, _ in columns if column not in DROPPED]
            rows = database.execute(f'select {", ".join(json.dumps(column) for column in kept)} from "{table}"')
            found[table] = {"columns": columns, **sampled(sorted(json.dumps(row) for row in rows))}
    return found


def parquet(project: Project, path: Path) -> dict[str, Any]:
    """Rows of a Parquet file or folder, read with the project's own pandas: this script may run without any."""
    code = (
        "import sys, pandas; table = pandas.read_parquet(sys.argv[1]); print(dict(table.dtypes.astype(str)));"
        f"table = table.drop(columns=[name for name in table if name in {sorted(DROPPED)}]);"
        "print(table.to_json(orient='records', lines=True, double_precision=15, date_format='iso'))"
    )
    done = project.run(str(project.folder / ".venv/bin/python"), "-c", code, str(path))
    if done.returncode:
        return {"unreadable": done.stderr.strip().splitlines()[-1]}
    types, *rows = done.stdout.splitlines()
    return {"types": types, **sampled([row for row in rows if row])}


# ---- The service.


class Service:
    """A service that this script started, on a port that the system chose for it."""

    def __init__(self, process: subprocess.Popen[str], port: int, lineage: dict[str, Any]) -> None:
        self.process, self.port, self.lineage = process, port, lineage

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], str]:
        """Send one request; `body` as JSON, or as it is where it is bytes."""
        if self.process.poll() is not None:
            raise RuntimeError("the service has stopped; who answers on its port is somebody else")
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, names, answer.read().decode()

    def page(self, text: str) -> list[str]:
        """Lines of a page, one per tag, without lineage (see DROPPED) and without the digests of its assets."""
        for name, value in self.lineage.items():
            if name in DROPPED and value is not None:
                text = text.replace(f">{value}<", f"><{name}><")
        return re.sub(r"(assets/[\w.]+)\?[0-9a-f]+", r"\1", text).replace("<", "\n<").split("\n")

    def answer(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Send one request and return what of the answer is stable."""
        status, names, text = self.ask(method, path, body, **headers)
        for name in ("date", "content-length", "x-request-id"):  # moments, drawn ids, and how long those are
            names.pop(name, None)
        try:
            content = stable(json.loads(text))
        except ValueError:
            content = self.page(text) if text.startswith("<!doctype") else text
        return {"status": status, "headers": dict(sorted(names.items())), "body": content}


@contextmanager
def serving(project: Project) -> Iterator[Service]:
    """Serve the champion on a free port; the port is the one that our own process says on its own output."""
    command = [str(project.script), "serve", "rest.port=0"]
    print("  serve", file=sys.stderr, flush=True)
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []

    def heard() -> int | None:
        """The port, once the process has said it."""
        for line in list(said):
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                return int(found[1])
        return None

    reader = threading.Thread(target=listen, args=(process, said), daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while (port := heard()) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the service did not start:\n" + "".join(said))
            time.sleep(0.05)
        lineage = project.folder / "bundles" / "1" / "lineage.json"
        yield Service(process, port, json.loads(lineage.read_text("utf8")))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)
        reader.join(timeout=PATIENCE)
        for line in said:
            if '"level":"error"' in line:
                print(f"  the service logged: {line.strip()[:300]}", file=sys.stderr)


def listen(process: subprocess.Popen[str], said: list[str]) -> None:
    """Take the log off the pipe as it comes, so that it never fills up."""
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)


def rest(project: Project) -> dict[str, Any]:
    """What the service says: documents, answers, refusals, and 220 requests with their outcomes for `monitor`."""
    found: dict[str, Any] = {}
    with serving(project) as service:
        document = json.loads(service.ask("GET", "/openapi.json")[2])
        document["info"]["version"] = "<version>"
        document["info"]["description"] = re.sub(
            r"Version \S+ of", "Version <version> of", document["info"]["description"]
        )
        found["openapi"] = {"sha256": digest(json.dumps(document, sort_keys=True).encode()), "document": document}
        found["pages"] = {
            path: service.answer("GET", path)
            for path in (
                "/",
                "/docs",
                "/assets/page.css",
                "/health/live",
                "/health/ready",
                "/ping",
                "/nonsense",
                "/predict",
            )
        }
        bodies = forecast_bodies(project) if forecasting(project) else tabular_bodies(project)
        first = bodies["good"]
        found["predict"] = [service.answer("POST", "/predict", body) for body in first]
        found["together"] = [service.answer("POST", "/predict", body) for body in bodies["many"]]
        asked = {"dataframe_records": first[0]["records"]}
        found["invocations"] = service.answer("POST", "/invocations", asked)
        found["invocations refused"] = service.answer("POST", "/invocations", {"nonsense": 1})
        found["refused"] = {what: service.answer("POST", "/predict", body) for what, body in bodies["bad"].items()}
        found["refused"]["text"] = service.answer("POST", "/predict", b"a=1", content_type="text/plain")
        found["refused"]["outcome"] = service.answer("POST", "/outcome", {"outcomes": [{"truth": 1}]})
        found["traffic"], found["outcomes"] = traffic(project, service, bodies["traffic"])
        found["metrics"] = metrics(service.ask("GET", "/metrics")[2])
    shipped(project)
    return found


def traffic(project: Project, service: Service, bodies: list[Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Send the requests under ids of our own, then half of the truths; the others go into a file for `outcome`."""
    statuses: dict[str, int] = {}
    answers, truths = [], []
    target = next(name for name, column in contract(project)["columns"].items() if column["role"] == "target")
    for index, (body, truth) in enumerate(bodies):
        status, _, text = service.ask("POST", "/predict", body, x_request_id=f"golden-{index:04d}")
        statuses[str(status)] = statuses.get(str(status), 0) + 1
        answer = stable(json.loads(text))
        answers.append(json.dumps(answer, ensure_ascii=False))
        if status == 200:
            for row, prediction in enumerate(answer["predictions"]):
                value = truth if truth is not None else moved(prediction["prediction"], index + row)
                truths.append({"request_id": f"golden-{index:04d}", "row": row, "truth": value})
    half = len(truths) // 2
    told = [service.answer("POST", "/outcome", {"outcomes": part}) for part in (truths[:half], truths[:3])]
    rest = [{target if name == "truth" else name: value for name, value in truth.items()} for truth in truths[half:]]
    write(project.folder / "reports" / "golden_truth.csv", rest)
    return {"statuses": statuses, **sampled(answers)}, told


def moved(value: float, index: int) -> float:
    """A truth for a forecast: a few per cent beside it, in turns."""
    return round(value * (1 + (index % 7 - 2) / 50), 4)


def shipped(project: Project) -> None:
    """Wait until the shipper has emptied its files: it may outlive the service by a moment."""
    deadline = time.monotonic() + PATIENCE
    while any((project.folder / "logs" / "predictions").glob("*.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(1)


def tabular_bodies(project: Project) -> dict[str, Any]:
    """Requests for rows of the sample: as they are, wrong ones, and a drifted stretch with its truths."""
    described = contract(project)["columns"]
    wanted = [name for name, _ in inputs(project)]
    target = next(name for name, column in described.items() if column["role"] == "target")
    keys = [name for name, column in described.items() if column["role"] == "id"]
    number = next(name for name, column in inputs(project) if column["type"] in ("integer", "number"))
    word = next(name for name, column in inputs(project) if column["type"] == "category")
    blank = next(name for name, column in inputs(project) if column.get("nullable"))
    rows = [{name: typed(text, described[name]["type"]) for name, text in row.items()} for row in sample(project)]
    records = [{name: row[name] for name in wanted} for row in rows]
    traffic = []
    for index, row in enumerate(rows[:REQUESTS]):
        record = {name: row[name] for name in (*keys, *wanted)}
        if index % 2:
            record[number] = described[number]["maximum"]
        if index % 4 == 0:
            record[word] = "never seen"
        if index % 3 == 0:
            record[blank] = None
        if index % 20 == 19:
            del record[number]
        traffic.append(({"records": [record]}, row[target]))
    one = records[0]
    return {
        "good": [{"records": [record]} for record in records[:SHOWN]],
        "many": [{"records": records[:SHOWN]}, {"records": records[:300]}],
        "traffic": traffic,
        "bad": {
            "missing column": {"records": [{name: value for name, value in one.items() if name != number}]},
            "wrong type": {"records": [one, one | {number: "nonsense"}]},
            "wrong category type": {"records": [one | {word: 5}]},
            "unknown category": {"records": [one | {word: "never seen"}]},
            "null": {"records": [one | {number: None}]},
            "infinite": {"records": [one | {number: 1e300}]},
            "unknown column": {"records": [one | {"nonsense": 1}]},
            "unknown field": {"records": [one], "horizon": 3},
            **shapeless(),
        },
    }


def forecast_bodies(project: Project) -> dict[str, Any]:
    """Requests for forecasts: by the kept history, with a newer one, wrong ones, and a stretch of all horizons."""
    roles = {column["role"]: name for name, column in contract(project)["columns"].items()}
    horizon = contract(project)["forecast"]["horizon"]
    series = series_of(project)
    first = [row for row in sample(project) if all(row[name] == text for name, text in series[0].items())]
    history = [row | {roles["target"]: float(row[roles["target"]]) if row[roles["target"]] else None} for row in first]
    newer = series[0] | {roles["time"]: "2002-01-01", roles["target"]: 372.0}
    return {
        "good": [{"records": [key]} for key in series]
        + [{"records": [series[0]], "horizon": 3}, {"records": [series[-1]], "quantiles": [0.2, 0.8]}],
        "many": [{"records": series}, {"records": history[-60:]}, {"records": [newer], "horizon": 2}],
        # Of many requests and one client, no truth: it is made from the forecast (`moved`).
        "traffic": [
            (
                {"records": [series[index % len(series)]], "horizon": 1 + index % horizon if index % 20 != 19 else 99},
                None,
            )
            for index in range(REQUESTS)
        ],
        "bad": {
            "missing column": {"records": [{}]},
            "wrong type": {"records": [dict.fromkeys(series[0], 5)]},
            "unknown series": {"records": [dict.fromkeys(series[0], "never seen")]},
            "wrong value": {"records": [newer | {roles["target"]: "nonsense"}]},
            "wrong moment": {"records": [newer | {roles["time"]: "nonsense"}]},
            "off the frequency": {"records": [newer | {roles["time"]: "2002-01-15"}]},
            "horizon": {"records": [series[0]], "horizon": 99},
            "quantiles": {"records": [series[0]], "quantiles": [2]},
            "unknown column": {"records": [series[0] | {"nonsense": 1}]},
            **shapeless(),
        },
    }


def shapeless() -> dict[str, Any]:
    """Bodies that are wrong for any model."""
    return {
        "empty records": {"records": []},
        "no records": {},
        "records of text": {"records": "nonsense"},
        "a list": [1, 2],
        "not JSON": b'{"records":',
        "no body": b"",
    }


def metrics(text: str) -> list[str]:
    """Lines of /metrics; of durations, memory, connections and the log's backlog the names alone: machines differ."""
    found = []
    for line in text.splitlines():
        if not line.startswith("#") and re.match(r"\w*(seconds|bytes|in_flight|connections|prediction_log)", line):
            line = line.rpartition(" ")[0]
        found.append(re.sub(r'version="[^"]*"', 'version="<version>"', line))
    return sorted(found)


# ---- Monitoring.


def monitored(done: dict[str, Any]) -> dict[str, Any]:
    """What `monitor` found, without the bounds of windows, the ids of alerts, and the figures in TIMED."""
    report = done["report"]
    for window in (report or {}).get("windows", ()):
        for name in ("id", "start", "end"):
            window.pop(name, None)
        window["measures"] = [entry for entry in window["measures"] if not entry["metric"].startswith(TIMED)]
    for group in ("fired", "resolved", "active"):
        entries = [entry for entry in (report or {}).get(group, ()) if not rule_is_timed(entry)]
        for entry in entries:
            if isinstance(entry, dict):
                for name in ("id", "window", "window_id", "start", "end", "since"):
                    entry.pop(name, None)
        if report:
            report[group] = entries
    return done


def rule_is_timed(entry: Any) -> bool:
    """Whether an alert is on a figure that times the machine, or counts from now."""
    return isinstance(entry, dict) and any(str(value).startswith((*TIMED, "latency")) for value in entry.values())


def retrained(done: dict[str, Any]) -> dict[str, Any]:
    """What `retrain` decided, without the sentence on the champion's age."""
    if done["report"]:
        done["report"]["triggers"].get("schedule", {}).pop("says", None)
        done["report"].pop("attempt", None)
    done["says"] = [line for line in done["says"] if not line.startswith("schedule")]
    return done


def logged(project: Project) -> dict[str, Any]:
    """The log's rows, sorted: entries of one moment are in no fixed order. Ids that were drawn, and moments, go."""
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(project.folder / "logs" / "predictions.db")) as database:
        for table, columns in {
            "prediction_log": "row, source, key, features, prediction, output",
            "refusal_log": "path, status, faults",
            "outcome_log": "subject, truth, origin",
            "alert_log": "stream, kind, rule, subject, severity",
        }.items():
            rows = [json.dumps(row, ensure_ascii=False) for row in database.execute(f"select {columns} from {table}")]
            kept = [row for row in rows if not any(f'"{name}' in row for name in (*TIMED, "latency", "stale_data"))]
            found[table] = sampled(sorted(re.sub(r"\b[0-9a-f]{24}\b", "<id>", row) for row in kept))
        found["columns"] = [row[1:3] for row in database.execute("pragma table_info(prediction_log)")]
    return found


# ---- The sample and its contract, as the bundle has it.


def contract(project: Project) -> dict[str, Any]:
    """The contract of version 1."""
    found: dict[str, Any] = json.loads((project.folder / "bundles" / "1" / "contract.json").read_text("utf8"))
    return found


def forecasting(project: Project) -> bool:
    """Whether the model forecasts."""
    return bool(contract(project)["task"] == "forecasting")


def source_of(project: Project) -> str:
    """The file of the sample."""
    return str(contract(project)["source"])


def inputs(project: Project) -> list[tuple[str, dict[str, Any]]]:
    """The columns that a record needs."""
    return [(name, column) for name, column in contract(project)["columns"].items() if column["role"] == "feature"]


def sample(project: Project) -> list[dict[str, Any]]:
    """The rows of the sample, as text."""
    with (project.folder / source_of(project)).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def series_of(project: Project) -> list[dict[str, str]]:
    """The keys of the series, in the order of the sample."""
    names = [name for name, column in contract(project)["columns"].items() if column["role"] == "series"]
    return [
        dict(zip(names, key, strict=True))
        for key in dict.fromkeys(tuple(row[n] for n in names) for row in sample(project))
    ]


def typed(text: str, kind: str) -> Any:
    """Return a cell as JSON would hold it, a blank as null."""
    if not text.strip():
        return None
    if kind not in ("number", "integer"):
        return text
    return int(value) if (value := float(text)).is_integer() else value


# ---- Digests and differences.


def stable(content: Any) -> Any:
    """Return JSON without the keys in DROPPED, and without moments of this run inside texts."""
    if isinstance(content, dict):
        return {name: stable(value) for name, value in content.items() if name not in DROPPED}
    if isinstance(content, list):
        return [stable(value) for value in content]
    return MOMENT.sub("<moment>", content) if isinstance(content, str) else content


def sampled(lines: list[str]) -> dict[str, Any]:
    """Many lines as their number, their digest and the first ones."""
    return {"rows": len(lines), "sha256": digest("\n".join(lines).encode()), "first": lines[:SHOWN]}


def digest(content: bytes) -> str:
    """sha256, in hex."""
    return hashlib.sha256(content).hexdigest()


def files(folder: Path) -> list[Path]:
    """All files of a folder that are not caches, in order."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


def lines_of(path: Path) -> list[str]:
    """The lines of a text file."""
    return path.read_text("utf8").splitlines()


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def differences(before: Any, after: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield where two goldens differ, and how; of two texts, each line that is only in one."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            place = f"{where}.{name}" if where else name
            if name not in after:
                yield place, f"only before: {short(before[name])}"
            elif name not in before:
                yield place, f"only after: {short(after[name])}"
            else:
                yield from differences(before[name], after[name], place)
    elif isinstance(before, list) and isinstance(after, list):
        if before != after and all(isinstance(entry, str) for entry in (*before, *after)):
            for line in difflib.unified_diff(before, after, lineterm="", n=0):
                if not line.startswith(("---", "+++", "@@")):
                    yield where, short(line)
            return
        for index in range(max(len(before), len(after))):
            place = f"{where}[{index}]"
            if index >= len(after):
                yield place, f"only before: {short(before[index])}"
            elif index >= len(before):
                yield place, f"only after: {short(after[index])}"
            else:
                yield from differences(before[index], after[index], place)
    elif before != after or type(before) is not type(after):
        yield where, f"{short(before)} → {short(after)}"


def short(value: Any) -> str:
    """A value on one line, not too long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}…"


if __name__ == "__main__":
    main()

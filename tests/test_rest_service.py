"""The generated REST service against everything that a network can do to it, and in a real browser.

Slow: a project is generated, installed and trained once for all of it. Nothing leaves this machine.
"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from service import Browser, Load, Record, Service

from mlgen import render, source

BIN = Path(sys.executable).parent
REAL = os.environ.get("MLGEN_REAL_DATA")
Start = Callable[..., Service]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its environment and a champion; a second version predicts something else."""
    folder = tmp_path_factory.mktemp("rest") / "churn"
    render.render({"project_name": "churn", "deployment": ["rest"]}, folder, source.default())
    run(folder, "make", "setup")
    run(folder, folder / ".venv/bin/churn", "train", "+experiment=quick")
    run(folder, folder / ".venv/bin/churn", "train", "+experiment=quick", "seed=7", "split.test_size=0.4")
    return folder


def run(folder: Path, *command: object) -> str:
    """Run a command, with uv in reach; fail with its last words."""
    variables = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    variables.pop("VIRTUAL_ENV", None)
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=folder, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"{command} exited with {done.returncode}:\n{done.stdout[-5000:]}"
    return done.stdout


@pytest.fixture
def start(project: Path, tmp_path: Path) -> Iterator[Start]:
    """Start services over the project's store, or over a copy that a test may change; all are stopped at the end."""
    running = []

    def begin(store: Path = project / "bundles", **settings: Any) -> Service:
        running.append(Service(project / ".venv/bin/python", store, tmp_path, **settings))
        return running[-1]

    yield begin
    for service in running:
        service.process.kill()
        service.process.wait()


@pytest.fixture
def store(project: Path, tmp_path: Path) -> Path:
    """A copy of the store with the champion published under twenty versions more, every other one with other answers."""
    copy = Path(shutil.copytree(project / "bundles", tmp_path / "bundles"))
    for version in range(101, 121):
        shutil.copytree(copy / str(1 + version % 2), copy / str(version))
    return copy


def point(store: Path, version: str) -> None:
    """Make a version the champion in one step."""
    import hashlib

    manifest = hashlib.sha256((store / version / "manifest.json").read_bytes()).hexdigest()
    (store / "next.json").write_text(json.dumps({"version": version, "bundle": version, "manifest": manifest}))
    (store / "next.json").replace(store / "champion.json")


def test_its_own_openapi_finds_no_fault(start: Start) -> None:
    """Schemathesis, all checks, thousands of generated requests: every answer is what the document says."""
    service = start(REST_ACCESS_LOG="false")

    command = [str(BIN / "st"), "run", f"{service.url}/openapi.json", "--phases=examples,coverage,fuzzing", "-n", "500"]
    done = subprocess.run([*command, "--generation-database=none"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-5000:]
    generated = int(done.stdout.rpartition(" generated")[0].split()[-1])
    assert generated >= 2000
    assert '5xx' not in done.stdout


def test_hostile_bodies_are_refused(start: Start) -> None:
    """Random bytes, broken and endless JSON, numbers beyond numbers: 4xx each, never a 5xx, and no memory is kept."""
    service = start(REST_ACCESS_LOG="false")
    good = json.dumps({"records": [service.example()]}).encode()
    dice = random.Random(0)
    bodies = [dice.randbytes(dice.randrange(200)) for _ in range(500)]
    bodies += [mangled(good, dice) for _ in range(1500)]
    bodies += [b"[" * 1_000_000, b'{"records":' * 100_000, b'{"records":[' + b"{}," * 300_000 + b"{}]}"]
    before = service.memory()

    for number, body in enumerate(bodies):
        path = ("/predict", "/invocations", "/outcome")[number % 3]
        status, answer = service.ask(path, body)
        assert status < 500, (path, body[:200], answer)
    statuses = [service.ask(path, b" " * 100_000_000)[0] for path in ("/predict", "/invocations", "/outcome")]

    assert statuses == [413] * 3
    assert service.memory() < before + 150
    assert service.predict(service.example())["predictions"]


def mangled(body: bytes, dice: random.Random) -> bytes:
    """A good body with one thing wrong: a value replaced, bytes changed, or the end cut off."""
    kind = dice.randrange(3)
    if kind == 0:
        values = [b"NaN", b"-Infinity", b"1e999", b"null", b"{}", b'"\\ud800"', b"[[1]]", b"true", b"-0", b"9" * 400]
        start = body.index(b":", dice.randrange(12, len(body) - 40))
        return body[: start + 1] + dice.choice(values) + body[start + 1 :][body[start + 1 :].find(b",") :]
    if kind == 1:
        changed = bytearray(body)
        for _ in range(3):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        return bytes(changed)
    return body[: dice.randrange(len(body))]


def test_ten_thousand_slow_connections_are_bounded(start: Start) -> None:
    """Beside 10,000 connections that send half a request and wait, good requests are answered and memory stays bounded."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 11_000:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    service = start(REST_HEADER_TIMEOUT="600", REST_BODY_TIMEOUT="600", REST_ACCESS_LOG="false")
    record, before = service.example(), service.memory()
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n"
    slow = []
    try:
        for number in range(10_000):
            connection = socket.create_connection(("127.0.0.1", service.port), timeout=60)
            try:
                connection.sendall((b"POST /pre", head + b"x" * 10_000, b"")[number % 3])
            except (ConnectionResetError, BrokenPipeError):
                pass  # closed already to make room for a newer one
            slow.append(connection)
            if number % 1000 == 999:
                assert service.predict(record)["predictions"]
        grown = service.memory() - before
        assert all(service.predict(record)["predictions"] for _ in range(50))
        assert grown < 300
    finally:
        for connection in slow:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_large_bodies_at_once_are_bounded(start: Start) -> None:
    """Bodies that together would fill the memory are turned away with 503 while they come in; good ones are answered."""
    service = start(REST_ACCESS_LOG="false")
    record, before, slow = service.example(), service.memory(), []
    for _ in range(40):
        connection = socket.create_connection(("127.0.0.1", service.port), timeout=60)
        connection.sendall(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 16000000\r\n\r\n" + b" " * 10_000_000)
        slow.append(connection)

    assert service.predict(record)["predictions"]
    assert service.memory() - before < 400
    for connection in slow:
        connection.close()


def test_the_champion_moves_under_load(start: Start, store: Path) -> None:
    """Moved 20 times under 16 connections: no request fails, and every answer is that of the version it names."""
    service = start(store)
    record = service.example()
    expected = {}
    for version in ("1", "2"):
        point(store, version)
        service.until(lambda wanted=version: service.predict(record)["model_version"] == wanted, "no reload")  # type: ignore[misc]
        answer = service.predict(record)
        expected[int(version) % 2] = answer.get("probabilities") or answer["predictions"]
    load = Load(service, json.dumps({"records": [record]}).encode())

    with load.running(16):
        for version in range(101, 121):
            point(store, str(version))
            service.until(lambda wanted=str(version): service.predict(record)["model_version"] == wanted, "no reload")  # type: ignore[misc]

    assert load.unanswered == []
    answers = [json.loads(body) for status, body in load.answers if status == 200]
    assert len(answers) == len(load.answers) > 1000
    for answer in answers:
        version = int(answer["model_version"])
        parity = version % 2 if version < 100 else (version + 1) % 2
        assert (answer.get("probabilities") or answer["predictions"]) == expected[parity], answer
    assert expected[0] != expected[1]
    assert len({answer["model_version"] for answer in answers}) == 21


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_finishes_what_is_in_flight(start: Start, workers: str) -> None:
    """Under 16 connections of load, every request that was sent is answered, and the process ends with 0."""
    service = start(REST_WORKERS=workers)
    load = Load(service, json.dumps({"records": [service.example()]}).encode())

    with load.running(16):
        time.sleep(1)
        code = service.stop()

    assert code == 0
    assert load.unanswered == []
    assert {status for status, _ in load.answers} == {200}


def test_it_goes_on_without_registry_and_log(start: Start, store: Path) -> None:
    """With the store gone, the log's disk full and nowhere to put outcomes, predictions are still answered."""
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device, not a path of ours
        service = start(store, stdout=full.fileno(), REST_OUTCOMES="/dev/null/nowhere.jsonl")
        record = service.example()
        shutil.rmtree(store)

        answers = [service.predict(record)["predictions"] for _ in range(200)]

    assert len(answers) == 200
    assert service.ask("/outcome", b'{"key": "k", "truth": "no"}')[0] in (422, 503)
    service.until(lambda: b"model_reload_failing 1" in service.ask("/metrics")[1], "it does not say so")
    dropped = [line for line in service.ask("/metrics")[1].splitlines() if line.startswith(b"log_lines_dropped_total ")]
    assert float(dropped[0].split()[1]) > 0


CLIENT = """
import sys, json, pandas
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
frame = pandas.read_csv(sys.argv[2], nrows=200)[sys.argv[3].split("|")]
client = ScoringServerClient("127.0.0.1", int(sys.argv[1]))
client.wait_server_ready(timeout=30)
answer = client.invoke(frame)
print(json.dumps([str(value) for value in answer.get_predictions()[0].tolist()]))
"""


@pytest.mark.skipif(not REAL, reason="MLGEN_REAL_DATA does not name a folder of data sets")
@pytest.mark.parametrize(
    ("name", "file", "target"),
    [("adult_income", "adult.csv", "income"), ("telco_churn", "telco_churn.csv", "Churn"), ("bike_sharing", "bikeshare.csv", "count")],
)
def test_real_tables_are_answered_as_predict_does(
    project: Path, start: Start, tmp_path: Path, name: str, file: str, target: str
) -> None:
    """/predict, /invocations through MLflow's own client, and `predict` say the same, to the last printed digit."""
    data = Path(str(REAL)) / name / file
    settings = [f"data.path={data}", f"data.target={target}", f"tracking.uri=sqlite:///{tmp_path}/mlflow.db", "+experiment=quick"]
    settings += [f"bundle.store={tmp_path}/store", f"contract.path={tmp_path}/contract.yaml"]
    churn = project / ".venv/bin/churn"
    run(project, churn, "train", *settings)
    run(project, churn, "predict", f"input={data}", f"output={tmp_path}/predictions.csv", *settings)
    with (tmp_path / "predictions.csv").open(newline="") as made:
        printed = list(csv.DictReader(made))[:200]
    service = start(tmp_path / "store")
    inputs, records = typed(tmp_path / "store", data)

    answer = service.predict(*records)
    told = run(project, project / ".venv/bin/python", "-c", CLIENT, service.port, data, "|".join(inputs))

    assert [str(value) for value in answer["predictions"]] == [row["prediction"] for row in printed]
    for row, shares in zip(printed, answer.get("probabilities") or [], strict=False):
        assert {f"probability_{label}": str(share) for label, share in shares.items()}.items() <= row.items()
    for row, ends in zip(printed, answer.get("intervals") or [], strict=False):
        assert (row["prediction_low"], row["prediction_high"]) == (str(ends["low"]), str(ends["high"]))
    assert json.loads(told.splitlines()[-1]) == [str(value) for value in answer["predictions"]]


def typed(store: Path, data: Path) -> tuple[list[str], list[Record]]:
    """The first 200 rows as a client would send them: numbers as numbers, blanks as null."""
    version = json.loads((store / "champion.json").read_text("utf8"))["bundle"]
    columns = json.loads((store / version / "contract.json").read_text("utf8"))["columns"]
    inputs = [name for name, column in columns.items() if column["role"] in ("feature", "time")]

    def cell(name: str, text: str) -> Any:
        if not text.strip():
            return None
        if columns[name]["type"] in ("number", "integer") and not columns[name].get("written_as_text"):
            return float(text)
        return {"true": True, "false": False, "1": 1, "0": 0}[text.lower()] if columns[name]["type"] == "boolean" else text

    with data.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for _, row in zip(range(200), csv.DictReader(file), strict=False)]
    return inputs, [{name: cell(name, row[name]) for name in inputs} for row in rows]


@pytest.mark.skipif(not shutil.which("chromedriver"), reason="no Chromium with its driver on this machine")
@pytest.mark.parametrize(("width", "height", "phone"), [(1200, 900, False), (390, 844, True)])
def test_the_page_in_a_browser(start: Start, width: int, height: int, phone: bool) -> None:
    """In Chromium: the form predicts, a wrong value is explained under its field, nothing overflows, no console error."""
    service = start()
    browser = Browser(width, height, phone)
    try:
        browser.open(service.url)
        browser.click("button[type=submit]")
        service.until(lambda: bool(browser.run("return document.querySelector('#answer .value')")), "no answer")
        shown = browser.run("return document.querySelector('#answer .value').textContent")
        assert shown == str(service.predict(service.example())["predictions"][0])
        assert browser.run("return document.getElementById('version').textContent") in browser.run("return document.title + document.body.innerText")
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        assert float(browser.run("return getComputedStyle(document.body).fontSize").removesuffix("px")) >= 16
        assert browser.complaints() == []

        number = browser.run("return document.querySelector('[data-type=number], [data-type=integer]').id")
        browser.type(f"#{number}", "a lot")
        browser.click("button[type=submit]")
        service.until(lambda: bool(browser.run("return document.getElementById(arguments[0] + '-fault').textContent", number)), "no fault")
        assert "number" in browser.run("return document.getElementById(arguments[0] + '-fault').textContent", number)

        browser.open(f"{service.url}/docs")
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        assert [line for line in browser.complaints() if "422" not in line] == []
    finally:
        browser.close()


def test_the_dockerfiles_steps_run(project: Path, tmp_path: Path) -> None:
    """The commands of the image, run in a clean folder, give a service that answers as another user would start it."""
    steps = instructions(project / "Dockerfile")
    commands = [text for word, text in steps if word == "RUN" and "useradd" not in text]
    root = tmp_path / "image"
    for name in ("venv", "app", "build"):
        (root / name).mkdir(parents=True)
    shutil.copy(project / "requirements-serving.lock", root / "build")
    shutil.copytree(project / "src", root / "app/src")
    shutil.copytree(project / "bundles", root / "app/bundles")

    for command in commands:
        inside = command.replace("/venv", str(root / "venv")).replace("/app", str(root / "app"))
        run(root / "build", "sh", "-ec", inside)
    service = Service(root / "venv/bin/python", root / "app/bundles", tmp_path, PYTHONPATH=str(root / "app/src"))

    assert service.predict(service.example())["model_version"]
    assert service.stop() == 0


def test_the_dockerfile_keeps_the_rules(project: Path) -> None:
    """Two stages, a pinned base, not root, a health check, exec form, and every file it copies is let through."""
    steps = instructions(project / "Dockerfile")
    words = [word for word, _ in steps]
    after_last = words[len(words) - words[::-1].index("FROM") :]

    assert words.count("FROM") == 2
    assert all(":" in text and ":latest" not in text for word, text in steps if word == "FROM")
    assert after_last.index("USER") < after_last.index("CMD") and "HEALTHCHECK" in after_last
    assert not any(text.strip() in ("root", "0") for word, text in steps if word == "USER")
    assert all(text.startswith("[") for word, text in steps if word in ("CMD", "ENTRYPOINT"))
    assert not any(secret in text for _, text in steps for secret in ("API_KEY=", "PASSWORD", "TOKEN"))
    allowed = (project / ".dockerignore").read_text("utf8").split()
    for text in (text for word, text in steps if word == "COPY" and "--from" not in text):
        name = text.split()[0].replace("${BUNDLE}", "bundles")
        assert f"!{name}" in allowed and (project / name).exists(), name


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, continuation lines joined, comments left out."""
    lines = [line for line in dockerfile.read_text("utf8").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in joined if line.strip()]


def test_ctrl_c_ends_it_too(start: Start) -> None:
    """SIGINT is an orderly stop as well."""
    service = start()
    service.process.send_signal(signal.SIGINT)

    assert service.process.wait(timeout=60) in (0, -signal.SIGINT, 130)

"""Sinks are told once: of what happened while they were on, later where they were down, never twice."""

from __future__ import annotations

import email
import email.policy
import json
import os
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mlgen_runtime.alerting import deliver as delivery
from mlgen_runtime.alerting.deliver import deliver
from mlgen_runtime.alerting.event import Event, append
from mlgen_runtime.alerting.settings import AlertSettings
from mlgen_runtime.alerting.sink import SINKS, sender, webhook
from mlgen_runtime.alerting.sink.notice import Notice, Unheard
from mlgen_runtime.prediction_log.database import Database, open_database
from sample_projects import Configure

if TYPE_CHECKING:
    from receivers import Mailbox, Receiver

pytest_plugins = ["receivers", "postgres"]

Happen = Callable[..., None]
SILENT = "alert.log.enabled=false"
POSTS = [SILENT, "alert.webhook.enabled=true"]


def event(**changed: Any) -> Event:
    """A column that drifts."""
    entries = {
        "kind": "fired",
        "rule": "input_drift",
        "subject": "age",
        "severity": "warning",
        "message": "age: PSI 0.31; above 0.2",
        "window_id": "2026-01-01T06:00:00Z",
        "runbook": "Look at the column.",
    }
    return Event(**entries | changed)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of whoever runs the tests is used, and nobody waits between two tries."""
    for name in [name for name in os.environ if name.startswith("ALERT_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(webhook, "PAUSE", 0.0)


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """The address of an empty database: SQLite, unless a test says postgresql."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return "sqlite:///log.db"
    fresh: str = request.getfixturevalue("postgres").fresh()
    return fresh


@pytest.fixture
def database(address: str, tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    with open_database(address, tmp_path) as opened:
        yield opened


#: For tests of what databases do differently.
BOTH = pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def settings(configure: Configure) -> Callable[..., AlertSettings]:
    """The settings of alerts, with overrides."""
    return lambda *changed: configure(*changed).layer("alert", AlertSettings)


@pytest.fixture
def happen(database: Database) -> Happen:
    """Write an event down as judging does, owed to the sinks that are on."""
    moments = iter(range(1, 10_000))

    def run(rules: AlertSettings, **changed: Any) -> None:
        at = next(moments)
        what = event(**changed)
        append(database, "log", what, at, float(at), rules.owed(what.severity))

    return run


def mail_settings(box: Mailbox, *changed: str) -> list[str]:
    """Mail to the server of the tests, and nothing else."""
    own = [f"alert.smtp.port={box.port}", "alert.smtp.host=localhost", "alert.smtp.sender=churn@example.org"]
    return [SILENT, "alert.smtp.enabled=true", *own, "alert.smtp.to=[a@example.org,b@example.org]", *changed]


def read(text: str) -> EmailMessage:
    """A mail as its reader sees it."""
    found = email.message_from_string(text, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_the_log_is_a_line_on_standard_error_and_the_same_in_a_file(
    settings: Any, database: Database, happen: Happen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the column, the sentence, and what to do."""
    rules = settings()
    happen(rules)
    happen(rules, kind="resolved", message="age: PSI 0.01; back to at most 0.1")

    assert deliver(rules, database, tmp_path, "churn") == []
    assert deliver(rules, database, tmp_path, "churn") == []

    said = (tmp_path / "logs" / "alerts.log").read_text("utf8")
    assert said == capsys.readouterr().err
    assert said.splitlines() == [
        "1970-01-01T00:00:01+00:00 warning fired: input_drift age – age: PSI 0.31; above 0.2",
        f"  what to do: {rules.rules['input_drift'].runbook}",
        "1970-01-01T00:00:02+00:00 warning resolved: input_drift age – age: PSI 0.01; back to at most 0.1",
    ]


def test_a_webhook_gets_text_for_people_and_fields_for_programs(
    settings: Any, database: Database, happen: Happen, receiver: Receiver, tmp_path: Path, monkeypatch: Any
) -> None:
    """Everything of one run in one post, once."""
    monkeypatch.setenv(webhook.ADDRESS, receiver.address)
    rules = settings(*POSTS)
    happen(rules)
    happen(rules, subject="fee")

    assert deliver(rules, database, tmp_path, "churn") == []
    assert deliver(rules, database, tmp_path, "churn") == []

    [(path, headers, body)] = receiver.posts
    assert path == "/hooks/secret"
    assert headers["Content-Type"].startswith("application/json")
    assert body["text"].splitlines()[0].endswith(": 2 alerts fired")
    assert "input_drift fee" in body["text"]
    assert [(told["kind"], told["rule"], told["subject"], told["window_id"]) for told in body["alerts"]] == [
        ("fired", "input_drift", "age", "2026-01-01T06:00:00Z"),
        ("fired", "input_drift", "fee", "2026-01-01T06:00:00Z"),
    ]
    assert all(told["id"] and told["severity"] == "warning" and told["runbook"] for told in body["alerts"])


@pytest.mark.parametrize("answers", [[500], [503, 429], [500, 502, 503]])
def test_a_webhook_that_is_busy_is_tried_again(
    settings: Any, database: Database, happen: Happen, receiver: Receiver, tmp_path: Path, monkeypatch: Any,
    answers: list[int],
) -> None:  # fmt: skip
    """In the same run, and recognisably the same post."""
    monkeypatch.setenv(webhook.ADDRESS, receiver.address)
    receiver.answers = list(answers)
    rules = settings(*POSTS)
    happen(rules)

    assert deliver(rules, database, tmp_path, "churn") == []

    assert len(receiver.posts) == len(answers) + 1
    assert len({headers["Idempotency-Key"] for _, headers, _ in receiver.posts}) == 1


@pytest.mark.parametrize("status", [400, 404, 302])
def test_a_webhook_that_refuses_is_told_in_the_next_run(
    settings: Any, database: Database, happen: Happen, receiver: Receiver, tmp_path: Path, monkeypatch: Any, status: int
) -> None:
    """What failed is said without the address, which is a secret; a redirection is not followed."""
    monkeypatch.setenv(webhook.ADDRESS, receiver.address)
    receiver.answers = [status]
    rules = settings(*POSTS)
    happen(rules)

    [failed] = deliver(rules, database, tmp_path, "churn")
    posts = len(receiver.posts)
    again = deliver(rules, database, tmp_path, "churn")

    assert str(status) in failed and "next run" in failed and "secret" not in failed
    assert (posts, again, len(receiver.posts)) == (1, [], 2)


@pytest.mark.parametrize("hook", ["", "file:///etc/passwd", "http://127.0.0.1:1/secret", "http://bad host/secret"])
def test_a_webhook_nobody_can_reach_is_no_failure_of_the_run(
    settings: Any, database: Database, happen: Happen, tmp_path: Path, monkeypatch: Any, hook: str
) -> None:
    """It is said, and what was to be told waits."""
    monkeypatch.setenv(webhook.ADDRESS, hook)
    rules = settings(*POSTS)
    happen(rules)

    for _ in range(2):
        [failed] = deliver(rules, database, tmp_path, "churn")
        assert "alert.webhook" in failed and "secret" not in failed and "\n" not in failed


def test_a_sink_is_told_what_happened_while_it_was_on(
    settings: Any, database: Database, happen: Happen, receiver: Receiver, tmp_path: Path, monkeypatch: Any
) -> None:
    """Who is switched on later does not get the past, and who is switched off for a while does."""
    monkeypatch.setenv(webhook.ADDRESS, receiver.address)
    on, off = settings(*POSTS), settings(SILENT)
    happen(off, subject="before")
    happen(on, subject="while")

    deliver(off, database, tmp_path, "churn")
    deliver(on, database, tmp_path, "churn")

    assert [told["subject"] for _, _, body in receiver.posts for told in body["alerts"]] == ["while"]


def test_a_sink_is_not_told_what_is_beneath_it(
    settings: Any, database: Database, happen: Happen, receiver: Receiver, tmp_path: Path, monkeypatch: Any
) -> None:
    """at_least: only what is that severe."""
    monkeypatch.setenv(webhook.ADDRESS, receiver.address)
    rules = settings(*POSTS, "alert.webhook.at_least=critical")
    for severity in ("info", "warning", "critical"):
        happen(rules, severity=severity)

    deliver(rules, database, tmp_path, "churn")

    assert [told["severity"] for _, _, body in receiver.posts for told in body["alerts"]] == ["critical"]


def test_mail_names_the_column_and_goes_to_everybody(
    settings: Any, database: Database, happen: Happen, mail: Mailbox, tmp_path: Path
) -> None:
    """One mail a run; a name from the data breaks no header."""
    rules = settings(*mail_settings(mail, "alert.smtp.security=none"))
    happen(rules, subject="größe\nBcc: other@example.org")

    assert deliver(rules, database, tmp_path, "churn") == []
    assert deliver(rules, database, tmp_path, "churn") == []

    [found] = [read(text) for text in mail.mails]
    assert "input_drift größe Bcc" in found["Subject"]
    assert found["Bcc"] is None
    assert found["To"] == "a@example.org, b@example.org"
    assert "what to do:" in found.get_content()


def test_mail_is_encrypted_before_the_password_is_said(
    settings: Any, database: Database, happen: Happen, mail: Mailbox, certificate: Path, tmp_path: Path,
    monkeypatch: Any,
) -> None:  # fmt: skip
    """STARTTLS, with a certificate that is checked."""
    mail.certificate = certificate
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.cert")
    monkeypatch.setenv("ALERT_SMTP_USER", "churn")
    monkeypatch.setenv("ALERT_SMTP_PASSWORD", mail.password)
    rules = settings(*mail_settings(mail))
    happen(rules)

    assert deliver(rules, database, tmp_path, "churn") == []

    assert mail.logins == [("churn", mail.password, True)]
    assert len(mail.mails) == 1


def test_mail_is_not_sent_to_whom_nobody_vouches_for(
    settings: Any, database: Database, happen: Happen, mail: Mailbox, certificate: Path, tmp_path: Path,
    monkeypatch: Any,
) -> None:  # fmt: skip
    """A certificate of nobody known, or no encryption at all: nothing is said to such a server."""
    rules = settings(*mail_settings(mail))
    happen(rules)
    monkeypatch.setenv("ALERT_SMTP_USER", "churn")

    [plain] = deliver(rules, database, tmp_path, "churn")
    mail.certificate = certificate
    [unknown] = deliver(rules, database, tmp_path, "churn")

    assert "STARTTLS" in plain
    assert "certificate" in unknown
    assert mail.logins == [] and mail.mails == []


@pytest.mark.parametrize(
    ("behaviour", "word"),
    [({"refusal": "451 later"}, "451 later"), ({"unknown": ["a@", "b@"]}, "nobody of that name")],
)
def test_mail_that_is_refused_is_sent_in_the_next_run(
    settings: Any, database: Database, happen: Happen, mail: Mailbox, tmp_path: Path, behaviour: Any, word: str
) -> None:
    """The server's words are passed on."""
    rules = settings(*mail_settings(mail, "alert.smtp.security=none"))
    happen(rules)
    for name, value in behaviour.items():
        setattr(mail, name, value)

    [failed] = deliver(rules, database, tmp_path, "churn")
    mail.refusal, mail.unknown = "", []
    again = deliver(rules, database, tmp_path, "churn")

    assert word in failed and "next run" in failed
    assert (again, len(mail.mails)) == ([], 1)


def test_mail_that_reached_some_is_not_sent_to_them_again(
    settings: Any, database: Database, happen: Happen, mail: Mailbox, tmp_path: Path
) -> None:
    """Whom it did not reach is named."""
    rules = settings(*mail_settings(mail, "alert.smtp.security=none"))
    happen(rules)
    mail.unknown = ["b@"]

    [failed] = deliver(rules, database, tmp_path, "churn")

    assert "b@example.org" in failed and "next run" not in failed
    assert deliver(rules, database, tmp_path, "churn") == []
    assert len(mail.mails) == 1


def test_a_password_is_not_said_in_the_clear(
    settings: Any, database: Database, happen: Happen, mail: Mailbox, tmp_path: Path, monkeypatch: Any
) -> None:
    """security=none and a user: refused, with nothing sent."""
    monkeypatch.setenv("ALERT_SMTP_USER", "churn")
    rules = settings(*mail_settings(mail, "alert.smtp.security=none"))
    happen(rules)

    [failed] = deliver(rules, database, tmp_path, "churn")

    assert "encrypted" in failed
    assert mail.mails == []


def test_one_sink_that_is_down_keeps_no_other_from_being_told(
    settings: Any, database: Database, happen: Happen, receiver: Receiver, tmp_path: Path, monkeypatch: Any
) -> None:
    """Whatever it raises."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug of the sink")

    monkeypatch.setenv(webhook.ADDRESS, receiver.address)
    monkeypatch.setattr(delivery, "sender", {"log": broken, "webhook": sender("webhook")}.__getitem__)
    rules = settings("alert.webhook.enabled=true")
    happen(rules)

    [failed] = deliver(rules, database, tmp_path, "churn")

    assert "a bug of the sink" in failed
    assert len(receiver.posts) == 1


@BOTH
def test_two_runs_at_once_tell_each_event_once(
    settings: Any, database: Database, address: str, happen: Happen, tmp_path: Path, monkeypatch: Any
) -> None:
    """What one of them is telling, the other leaves alone."""
    heard: list[str] = []
    inside, finish = threading.Event(), threading.Event()

    def slow(notices: list[Notice], *_: object) -> None:
        heard.extend(notice.event.subject for notice in notices)
        inside.set()
        finish.wait(10)

    monkeypatch.setattr(delivery, "sender", {"log": slow}.__getitem__)
    rules = settings()
    happen(rules)

    def other() -> None:
        with open_database(address, tmp_path) as own:
            deliver(rules, own, tmp_path, "churn")

    first = threading.Thread(target=other)
    first.start()
    inside.wait(10)
    failed = deliver(rules, database, tmp_path, "churn")
    finish.set()
    first.join()

    assert (failed, heard) == ([], ["age"])
    assert deliver(rules, database, tmp_path, "churn") == []
    assert heard == ["age"]


@BOTH
def test_what_a_killed_run_was_telling_is_told_later(
    settings: Any, database: Database, happen: Happen, tmp_path: Path, monkeypatch: Any
) -> None:
    """Its claim lapses."""
    heard: list[str] = []

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    rules = settings()
    happen(rules)
    monkeypatch.setattr(delivery, "sender", {"log": killed}.__getitem__)
    with pytest.raises(KeyboardInterrupt):
        deliver(rules, database, tmp_path, "churn")
    monkeypatch.setattr(
        delivery, "sender", {"log": lambda notices, *_: heard.append(notices[0].event.subject)}.__getitem__
    )
    deliver(rules, database, tmp_path, "churn")
    before = list(heard)
    monkeypatch.setattr(delivery, "LAPSES", -1)
    deliver(rules, database, tmp_path, "churn")

    assert (before, heard) == ([], ["age"])


def test_many_notices_come_in_messages_that_can_be_read(
    settings: Any, database: Database, happen: Happen, tmp_path: Path, monkeypatch: Any
) -> None:
    """All of them, in order, each once."""
    told: list[list[str]] = []
    monkeypatch.setattr(
        delivery,
        "sender",
        {"log": lambda notices, *_: told.append([notice.event.subject for notice in notices])}.__getitem__,
    )
    rules = settings()
    for number in range(120):
        happen(rules, subject=f"column{number:03}")

    deliver(rules, database, tmp_path, "churn")

    assert [len(message) for message in told] == [50, 50, 20]
    assert [name for message in told for name in message] == [f"column{number:03}" for number in range(120)]


def test_a_folder_that_cannot_be_written_is_said(
    settings: Any, database: Database, happen: Happen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line on standard error is there all the same."""
    (tmp_path / "logs").write_text("no folder", "utf8")
    rules = settings()
    happen(rules)

    [failed] = deliver(rules, database, tmp_path, "churn")

    assert "logs/alerts.log" in failed
    assert "input_drift age" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(SINKS.entries))
def test_every_sink_has_settings_and_raises_nothing_but_unheard(settings: Any, tmp_path: Path, name: str) -> None:
    """With the settings of conf/alert, on a machine where nothing is set up."""
    rules = settings("alert.log.file=/dev/null/nowhere")

    with pytest.raises(Unheard) as failed:
        sender(name)([Notice(id="1", project="churn", stream="log", at=0.0, event=event())], rules, tmp_path)

    assert json.dumps(str(failed.value))
    assert hasattr(rules, name)

"""The tables of the log's database: one statement each, the same for SQLite and PostgreSQL.

prediction_log   one row a prediction: (request_id, row, source) tells it apart, so that shipping twice adds nothing
refusal_log      one row a request that got no prediction: bad input, an error, too busy
outcome_log      the truth that arrived later, one row for each thing it is the truth of; a later truth replaces it
segment_log      how far each local segment has been shipped, in the transaction that shipped it
window_log       what `monitor` found in each window that it looked at
alert_log        what fired and what resolved, never changed but for who has been told
alert_state      where each rule stands, by column or slice
retrain_log      each decision of `retrain`: why, and what came of it

Moments are seconds since 1970 (UTC). `source` is rest, batch or shadow; `row` the position in its request, from 0, or
for a batch the row's number in the source, from 1. `features`, `prediction`, `output`, `truth` and `faults` are JSON.
`key` is what `keys.written` gives for the row's id columns, or for a forecast's series and moment. `subject` of an
outcome is `<request_id>/<row>`, or `key:` and the key in that form.
"""

from __future__ import annotations

TABLES = {
    "prediction_log": """
        request_id TEXT NOT NULL,
        row BIGINT NOT NULL,
        source TEXT NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        model_version TEXT NOT NULL,
        ms DOUBLE PRECISION,
        key TEXT,
        features TEXT NOT NULL,
        prediction TEXT NOT NULL,
        output TEXT NOT NULL,
        PRIMARY KEY (request_id, row, source)""",
    "refusal_log": """
        request_id TEXT NOT NULL PRIMARY KEY,
        at DOUBLE PRECISION NOT NULL,
        path TEXT NOT NULL,
        status INTEGER NOT NULL,
        ms DOUBLE PRECISION NOT NULL,
        model_version TEXT NOT NULL,
        faults TEXT NOT NULL""",
    "outcome_log": """
        subject TEXT NOT NULL PRIMARY KEY,
        at DOUBLE PRECISION NOT NULL,
        truth TEXT NOT NULL,
        origin TEXT NOT NULL""",
    "segment_log": """
        name TEXT NOT NULL PRIMARY KEY,
        shipped BIGINT NOT NULL,
        at DOUBLE PRECISION NOT NULL""",
    "window_log": """
        stream TEXT NOT NULL,
        id TEXT NOT NULL,
        start_at DOUBLE PRECISION NOT NULL,
        end_at DOUBLE PRECISION NOT NULL,
        model_version TEXT,
        rows BIGINT NOT NULL,
        requests BIGINT NOT NULL,
        measures TEXT NOT NULL,
        PRIMARY KEY (stream, id)""",
    "alert_log": """
        id TEXT NOT NULL PRIMARY KEY,
        stream TEXT NOT NULL,
        window_id TEXT NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        kind TEXT NOT NULL,
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        severity TEXT NOT NULL,
        message TEXT NOT NULL,
        told TEXT NOT NULL""",
    "alert_state": """
        stream TEXT NOT NULL,
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        window_id TEXT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        PRIMARY KEY (stream, rule, subject)""",
    "retrain_log": """
        id TEXT NOT NULL PRIMARY KEY,
        at DOUBLE PRECISION NOT NULL,
        reason TEXT NOT NULL,
        verdict TEXT NOT NULL,
        version TEXT,
        champion TEXT,
        seconds DOUBLE PRECISION NOT NULL,
        details TEXT NOT NULL""",
}

INDEXES = {
    "prediction_log_at": "prediction_log (source, at)",
    "prediction_log_key": "prediction_log (key) WHERE key IS NOT NULL",
    "refusal_log_at": "refusal_log (at)",
    "outcome_log_at": "outcome_log (at)",
}

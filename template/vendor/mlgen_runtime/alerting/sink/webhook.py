"""A POST of JSON to the address in ALERT_WEBHOOK_URL: Slack, Mattermost and Teams' workflows show its `text`.

    {"text": "churn: warning fired: input_drift age – …", "alerts": [{"kind": "fired", "rule": "input_drift", …}]}

A receiver that is busy or broken (429, 5xx, no connection) is tried again after a moment; a refusal (4xx) is not. The
header Idempotency-Key is the same each time, and again in the next run, so that a receiver can tell what it has.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .notice import Notice, Unheard, batch_id, lines, title

if TYPE_CHECKING:
    from ..settings import AlertSettings

#: The variable that holds the address: whoever knows it may post, so no file and no message shows it.
ADDRESS = "ALERT_WEBHOOK_URL"
#: Seconds before the first repetition; each further one waits twice as long.
PAUSE = 0.5


def send(notices: Sequence[Notice], settings: AlertSettings, root: Path) -> None:
    """Post all notices at once; raises Unheard with the status or the reason, never with the address."""
    address = os.environ.get(ADDRESS, "").strip()
    if not address.startswith(("https://", "http://")):
        raise Unheard(f"{ADDRESS} is {'no http address' if address else 'not set'}")
    request = urllib.request.Request(
        address,
        data=json.dumps(payload(notices), ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": batch_id(notices)},
        method="POST",
    )
    for attempt in range(settings.webhook.retries + 1):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        reason, final = _post(request, settings.webhook.timeout)
        if reason is None:
            return
        if final:
            break
    raise Unheard(f"{reason} (address in {ADDRESS})")


def payload(notices: Sequence[Notice]) -> dict[str, Any]:
    """What is posted: the text for people, and each notice for programs."""
    text = "\n".join([title(notices), *lines(notices)]) if len(notices) > 1 else _single(notices[0])
    return {"text": text, "alerts": [notice.to_dict() for notice in notices]}


def _single(notice: Notice) -> str:
    do = f"\nwhat to do: {notice.event.runbook}" if notice.event.kind == "fired" and notice.event.runbook else ""
    return f"{title([notice])}{do}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without a body, and elsewhere."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _post(request: urllib.request.Request, timeout: float) -> tuple[str | None, bool]:
    """Post once: what went wrong, and whether it is of no use to try again."""
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout):
            return None, True
    except urllib.error.HTTPError as error:
        with error:
            return f"the receiver answered {error.code}", error.code < 500 and error.code != 429
    except urllib.error.URLError as error:
        return f"no connection ({_reason(error.reason)})", False
    except (OSError, HTTPException) as error:
        return f"no answer ({_reason(error)})", False
    except ValueError:  # an address with a blank in it, a port that is no number
        return "the address is not one", True


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    return str(getattr(error, "strerror", None) or type(error).__name__)

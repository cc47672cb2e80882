"""Mail by SMTP, encrypted by STARTTLS unless the settings say otherwise.

A server that wants to know who writes is told ALERT_SMTP_USER and ALERT_SMTP_PASSWORD, over an encrypted connection
only. A server with a certificate of the organisation's own: SSL_CERT_FILE names the authority's. The Message-ID follows
from the notices, so that a mail that arrives twice is recognised.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from .notice import Notice, Unheard, batch_id, lines, title

if TYPE_CHECKING:
    from ..settings import AlertSettings, SmtpSettings

USER, PASSWORD = "ALERT_SMTP_USER", "ALERT_SMTP_PASSWORD"
#: Longest subject of a mail; the whole is in its text.
SUBJECT = 150


def send(notices: Sequence[Notice], settings: AlertSettings, root: Path) -> None:
    """Send one mail with all notices; raises Unheard with what the server said, never with the password."""
    smtp = settings.smtp
    user, password = os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if user and smtp.security == "none":
        raise Unheard(f"{USER} is set and alert.smtp.security is none; a password goes over encrypted connections only")
    try:
        with _connected(smtp) as server:
            if user:
                server.login(user, password)
            refused = server.send_message(message(notices, smtp))
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error.decode("utf8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise Unheard(f"{smtp.host}:{smtp.port} answered {error.smtp_code} {said[:200]}") from error
    except smtplib.SMTPException as error:
        raise Unheard(f"{smtp.host}:{smtp.port}: {type(error).__name__}: {error}"[:300]) from error
    except OSError as error:  # no connection, a certificate that does not hold, a timeout
        reason = getattr(error, "verify_message", None) or error.strerror or type(error).__name__
        raise Unheard(f"{smtp.host}:{smtp.port} cannot be reached ({reason})") from error
    if refused:
        reason = f"{smtp.host}:{smtp.port} refused {', '.join(sorted(refused))}; the others were told"
        raise Unheard(reason, told=True)


def message(notices: Sequence[Notice], smtp: SmtpSettings) -> EmailMessage:
    """The mail: one line over all as its subject, each notice in the text."""
    mail = EmailMessage()
    mail["Subject"] = title(notices)[:SUBJECT]
    mail["From"] = smtp.sender
    mail["To"] = ", ".join(smtp.to)
    mail["Message-ID"] = f"<{batch_id(notices)}@{notices[0].project}.alert>"
    mail["Auto-Submitted"] = "auto-generated"  # no answers by those who are away
    mail.set_content("\n".join([title(notices), "", *lines(notices), ""]))
    return mail


def _connected(smtp: SmtpSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    host = str(smtp.host)
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(host, smtp.port, timeout=smtp.timeout, context=context)
    server = smtplib.SMTP(host, smtp.port, timeout=smtp.timeout)
    try:
        if smtp.security == "starttls":
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server

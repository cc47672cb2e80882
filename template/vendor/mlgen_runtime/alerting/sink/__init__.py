"""The ways to tell somebody, by name: a module each, with one function, and a group of settings in conf/alert.

    send(notices, settings, root)     tells all of them, or raises Unheard with the reason

A sink is told of several notices at once, so that thirty columns that drift together are one message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..settings import AlertSettings
from . import log, smtp, webhook
from .notice import Notice

Send = Callable[[Sequence[Notice], AlertSettings, Path], None]

#: Every sink.
SINKS: Mapping[str, Send] = {"log": log.send, "webhook": webhook.send, "smtp": smtp.send}

"""Completion of words in the shell: verbs are completed here, settings and choices by Hydra.

eval "$(churn -sc install=bash)"        # also zsh, fish
"""

from __future__ import annotations

import os
import sys

from .command import Command
from .verbs import discover


def answered(command: Command) -> bool:
    """Print the verbs that fit where a verb stands; else hide the verb, which Hydra does not know, and return False."""
    if not any(override.startswith("query=") for override in command.overrides):
        return False
    line = os.environ.get("COMP_LINE", "")
    words = line[: int(os.environ.get("COMP_POINT", len(line)))].split(" ")
    skip = 3 if words[1:2] == ["-m"] and words[0].startswith("python") else 1
    typed = words[skip:]
    if len(typed) <= 1:
        print(*(verb for verb in discover() if verb.startswith("".join(typed))), sep="\n", file=sys.stdout)
        return True
    kept = [*words[:skip], *typed[1:]]
    os.environ["COMP_LINE"] = " ".join(kept)
    os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
    return False

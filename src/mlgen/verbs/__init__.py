"""One module per verb: `parser()` describes its command line, `run(arguments)` does it and returns the exit code.

The first line of a module's docstring is its line in `mlgen --help` (kept in `VERBS`, so that help imports nothing).
"""

VERBS = {
    "new": "make a project from answers, a preset or a declaration",
    "list": "show the questions, their choices and what each adds",
    "update": "bring a project to a newer release, or change its answers",
}

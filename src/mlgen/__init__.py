"""mlgen: one declaration becomes a ready machine-learning repository.

- `__main__`   the console script: `mlgen VERB …`
- `verbs/`     one module per verb: new, list, update
- `questions`  what is asked and offered, read from questions.yml
- `compose`    defaults, preset, declaration and overrides become answers (Hydra)
- `source`     where the template is, and what a project records of it
- `render`     answers become a project (Copier)
- `errors`     the failures a user can act on
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 # said here, for what follows would fail with a trace
    print(f"mlgen needs Python 3.11 to 3.13, and this is {sys.version.split()[0]}; start it with one.", file=sys.stderr)
    raise SystemExit(2)

__version__ = "0.1.0"

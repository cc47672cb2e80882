"""mlgen: one declaration becomes a ready machine-learning repository.

- `__main__`   the console script: `mlgen VERB …`
- `verbs/`     one module per verb: new, list, update
- `questions`  what is asked and offered, read from questions.yml
- `compose`    defaults, preset, declaration and overrides become answers (Hydra)
- `source`     where the template is, and what a project records of it
- `render`     answers become a project (Copier)
- `errors`     the failures a user can act on
"""

__version__ = "0.1.0"

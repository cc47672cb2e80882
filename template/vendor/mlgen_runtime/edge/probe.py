"""Run by `trial` as a process of its own, with nothing of this package: it asks an exported folder's reader.

    python -I probe.py FOLDER QUESTIONS SECONDS

QUESTIONS is a JSON file, [{"rows": […], "options": {…}}, …]. One JSON object is printed: when the first answer was
there (seconds since 1970), the latency of the first question in microseconds (of as many calls as fit into SECONDS),
all answers, and the packages that were imported.
"""

from __future__ import annotations

import importlib
import json
import sys
import time


def main(folder: str, questions: str, seconds: float) -> None:
    """Ask, measure, print."""
    with open(questions, encoding="utf8") as file:  # noqa: PTH123  # pathlib would be part of the start that is measured
        asked = json.load(file)
    sys.path.insert(0, folder)
    model = importlib.import_module("reader").Model(folder)
    rows, options = asked[0]["rows"], asked[0]["options"]
    model.predict(rows, **options)
    first = time.time()
    taken: list[int] = []
    until = time.perf_counter() + seconds
    while seconds and (len(taken) < 100 or time.perf_counter() < until):
        begun = time.perf_counter_ns()
        model.predict(rows, **options)
        taken.append(time.perf_counter_ns() - begun)
    taken.sort()
    latency = {f"p{share}": taken[len(taken) * share // 100] / 1e3 for share in (50, 99)} if taken else {}
    answers = [model.predict(entry["rows"], **entry["options"]) for entry in asked] if seconds else []
    own = {name.partition(".")[0] for name, module in sys.modules.items() if getattr(module, "__file__", None)}
    packages = sorted(own - set(sys.stdlib_module_names) - {"__main__", "reader"})
    print(json.dumps({"first": first, "latency_us": latency, "answers": answers, "packages": packages}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))

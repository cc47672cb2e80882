"""The detailed report on a bounded sample: Evidently's, beside rows that the model was trained on.

Evidently has an environment of its own (`make evidently`): it holds pandas back for everybody beside it, and brings
600 MB. Importing it takes longer than reading a million rows, so its process is started first (`detail_process`). Its
page is packed into ours and unpacked only when somebody opens it.
"""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import InputError
from ..core.registry import ROOT

if TYPE_CHECKING:
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig
    from .reading import Traffic

#: Seconds after which the report is given up; columns that it has at most; bytes of training rows that are read.
PATIENCE, COLUMNS, LARGEST = 180, 40, 300_000_000
#: Where `make evidently` puts its environment, below the project's root.
ENVIRONMENT = ".venv-evidently"
#: What stands in the report's place without it.
MISSING = (
    "Evidently's report on a sample of the rows stands here once <code>make evidently</code> has made its environment; "
    "monitor.detail_rows=0 leaves this out."
)
#: Unpacks the report into its frame when it is opened for the first time.
SCRIPT = """
const box=document.getElementById("detail");box.addEventListener("toggle",async()=>{
if(!box.open||box.querySelector("iframe"))return;
const packed=Uint8Array.from(atob(document.getElementById("packed").textContent),letter=>letter.charCodeAt(0));
const plain=new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
const frame=document.createElement("iframe");frame.title="Evidently";
frame.srcdoc=await new Response(plain).text();box.append(frame)},false);
"""


def interpreter(root: Path) -> Path | None:
    """The Python of Evidently's own environment, None where it was not made."""
    places = (root / ENVIRONMENT / "bin" / "python", root / ENVIRONMENT / "Scripts" / "python.exe")
    return next((place for place in places if place.is_file()), None)


class Detail:
    """The report of one run; what stands in its way is a note."""

    def __init__(self, config: RunConfig, rows: int) -> None:
        self.config, self.rows = config, rows
        self.notes: list[str] = []
        self._rows = (0, 0)
        self._pool: ThreadPoolExecutor | None = None
        self._asked: Future[tuple[bytes, bytes]] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.python = interpreter(config.root) if rows else None
        if self.python is not None:
            module = f"{__package__}.detail_process"
            quiet = {**os.environ, "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore", "PYTHONPATH": str(ROOT.parent)}
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                [str(self.python), "-m", module], stdin=pipe, stdout=pipe, stderr=pipe, env=quiet
            )

    def send(self, model: Predictor, traffic: Traffic | None) -> None:
        """Hand over a window's sample; the report is made while this process does something else."""
        sample = traffic.sample.columns() if traffic is not None else {}
        names = [name for name in sample if name != "prediction"][:COLUMNS]
        if self._process is None or traffic is None or not names or not sample[names[0]]:
            return self.close()
        reference = self._reference(model)
        if reference is None:
            return self.close()
        names = [name for name in names if name in reference]
        self._rows = (len(sample[names[0]]) if names else 0, len(reference))
        sent = {
            "current": {name: [_plain(cell) for cell in sample[name]] for name in names},
            "reference": {name: [_plain(cell) for cell in reference[name]] for name in names},
            "kinds": {name: traffic.inputs[name].entry["kind"] for name in names},
        }
        self._pool = ThreadPoolExecutor(1, "detail")
        self._asked = self._pool.submit(self._process.communicate, json.dumps(sent).encode(), PATIENCE)
        return None

    def drawn(self) -> str:
        """Wait for the report and return it as the part of a page, or how to get one, or nothing."""
        if self.rows and self.python is None:
            return f'<p class="sub">{MISSING}</p>'
        if self._asked is None or self._process is None:
            return ""
        try:
            page, complaint = self._asked.result()
        except subprocess.TimeoutExpired:
            self.notes.append(
                f"the detailed report was given up after {PATIENCE} s; monitor.detail_rows=0 leaves it out"
            )
            return ""
        if self._process.returncode:
            last = complaint.decode("utf8", "replace").strip().splitlines()[-1:] or ["no reason given"]
            self.notes.append(f"there is no detailed report: {last[0][:300]}")
            return ""
        return _part(page, *self._rows)

    def __enter__(self) -> Detail:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, if it is still there."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.kill()
        if self._pool is not None:
            self._pool.shutdown()
        elif process is not None:
            process.communicate()

    def _reference(self, model: Predictor) -> pd.DataFrame | None:
        """Some of the rows that the model was trained on, if they can be read here."""
        from .. import contract
        from ..data import tables

        path = str(model.lineage.get("data") or self.config.data.path)
        place = self.config.root / path
        try:
            if "://" in path:
                raise InputError(f"{path} is no file")
            if place.is_file() and place.stat().st_size > LARGEST:
                raise InputError(f"{path} has {place.stat().st_size / 1e6:,.0f} MB")
            settings = dataclasses.replace(self.config.data, path=path)
            raw = tables.read(path, settings, self.config.root)
            some = raw.sample(min(self.rows, len(raw)), random_state=self.config.seed) if len(raw) else raw
            return contract.conform(some, model.contract, lenient=True)
        except InputError as error:
            reason = f"{error} (monitor.detail_rows=0 asks for none)"
            self.notes.append(f"there is no detailed report, which takes training rows of a file: {reason}")
        return None


def _part(page: bytes, rows: int, trained: int) -> str:
    packed = base64.b64encode(gzip.compress(page, 6)).decode()
    message = (
        f"{rows:,} rows drawn from the newest window, against {trained:,} rows of the training data, by Evidently."
    )
    return (
        f'<p class="sub">{message}</p><details id="detail"><summary>Open the detailed report</summary></details>'
        f'<script type="text/plain" id="packed">{packed}</script><script>{SCRIPT}</script>'
    )


def _plain(cell: Any) -> Any:
    """A cell as JSON holds it."""
    if cell is None or cell != cell:
        return None
    if isinstance(cell, str | int | float | bool):
        return cell
    return cell.item() if hasattr(cell, "item") and not hasattr(cell, "isoformat") else str(cell)


def frames(sent: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame, list[str], list[str]]:
    """Both tables as the report takes them, its numeric and its other columns; columns that are empty are left out."""
    import pandas as pd

    numeric = [name for name, kind in sent["kinds"].items() if kind == "number"]
    others = [name for name, kind in sent["kinds"].items() if kind == "category"]
    tables = []
    for side in ("current", "reference"):
        columns = {name: pd.to_numeric(pd.Series(sent[side][name], dtype=object), errors="coerce") for name in numeric}
        columns |= {name: pd.Series(sent[side][name], dtype=object).map(_text) for name in others}
        tables.append(pd.DataFrame(columns))
    there = {name for name in tables[0] if all(table[name].notna().any() for table in tables)}
    numeric, others = ([name for name in names if name in there] for names in (numeric, others))
    current, reference = (table[[*numeric, *others]] for table in tables)
    return current, reference, numeric, others


def _text(cell: Any) -> str | None:
    return None if cell is None else str(cell)

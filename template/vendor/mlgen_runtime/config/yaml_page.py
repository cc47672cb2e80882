"""One YAML file of `conf/` as its reader sees it: settings with the comments beside them, and its defaults list."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from .tree import Page, Setting

#: libyaml's, five times as fast, where PyYAML was built with it: the answer to a misspelt key waits for some 25 files.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path, shown: str) -> Page:
    """Read a file, `shown` as its name; what is no YAML gives a page that is not certain."""
    text = path.read_text("utf8")
    lines = text.splitlines()
    title = next((line.lstrip("# ").strip() for line in lines if line.startswith("#") and "@package" not in line), "")
    page = Page({}, [], bool(re.search(r"^#\s*@package\s+_global_\s*$", text, re.M)), title, shown)
    page.certain = page.everywhere or not re.search(r"^#\s*@package", text, re.M)
    try:
        node = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError:
        page.certain = False
        return page
    if isinstance(node, yaml.MappingNode):
        _flatten(node, "", lines, shown, page)
    return page


def _flatten(node: yaml.MappingNode, prefix: str, lines: list[str], shown: str, page: Page) -> None:
    for name, value in node.value:
        key = f"{prefix}{name.value}"
        if key == "defaults":
            page.defaults = [_default(entry, page) for entry in value.value]
        elif isinstance(value, yaml.MappingNode):
            page.settings[key] = Setting("{}", _comment(name, name, lines), shown, True)
            _flatten(value, f"{key}.", lines, shown, page)
        else:
            page.settings[key] = Setting(_text(value), _comment(name, value, lines), shown)


def _default(entry: yaml.Node, page: Page) -> tuple[str | None, str | None, bool]:
    """One item of a defaults list as (group, choice, does it override)."""
    if isinstance(entry, yaml.ScalarNode):
        page.certain &= "$" not in entry.value and "/" not in entry.value
        return None, entry.value, False
    [(name, value)] = entry.value
    words = name.value.split()
    group = words[-1].lstrip("/")
    page.certain &= "@" not in group and "$" not in str(value.value)
    return group, value.value, "override" in words[:-1]


def _text(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return f"[{','.join(_text(entry) for entry in node.value)}]"
    return str(node.value)


def _comment(name: yaml.Node, value: yaml.Node, lines: list[str]) -> str:
    """The comment behind a setting, else the lines of comment right above it."""
    end = value.end_mark
    behind = lines[end.line][end.column :] if end.line < len(lines) else ""
    found = re.match(r"^:?\s+#\s*(.*)$", behind)
    if found:
        return found.group(1).strip()
    above: list[str] = []
    for line in reversed(lines[: name.start_mark.line]):
        if not line.strip().startswith("#") or "@package" in line:
            break
        above.insert(0, line.strip().lstrip("# "))
    return " ".join(above)

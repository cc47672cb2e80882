"""Make the hash-pinned locks: one set of versions for every layer, and two tagged files that generated projects filter.

    python locks/make.py             keep the versions in all.txt, add what the inputs gained
    python locks/make.py --upgrade   move every version as far as the inputs allow

Inputs: `<layer>.in` is what a layer of `template/` adds to a project, `<layer>.serving.in` what its models need to
predict in a server. `base` and `dev` are in every project. The lines are also the dependencies in each generated
`pyproject.toml`: they are written once.

Outputs: `all.txt` (every layer together), `requirements.txt.jinja` and `serving.txt.jinja` (what
`template/**/requirements*.lock.jinja` include: each requirement stands under the switches of the layers that need it,
so a rendered lock is the closure of the chosen layers and nothing else), `torch-cuda.lock` (PyTorch as the usual index
has it, and what its CUDA build needs: set apart, so that `torch-cpu.lock` can stand in), `generator.txt` (mlgen itself)
and `bench.txt` (everything: mlgen, every layer, and what benchmarks/ compares them with; tests run in it).

`environments/<name>.in` is what runs from an environment of its own beside the project's (a scheduler, Evidently): each
has its lock, `environments/<name>.txt`, made alone and included as it stands by that layer.

`torch-cpu.lock` is written by hand: PyTorch's CPU builds are not on the usual index. It pins the same release, with the
hashes of the Linux wheels (x86_64 and aarch64, each supported Python) as PyTorch's CPU index gives them.
Needs `uv` and a package index; which one does not matter, for no host name is written.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
ALWAYS = ("base", "dev")
SERVERS = ("rest",)  # layers whose processes run from the slim lock

#: What only PyTorch's CUDA build brings, and PyTorch itself.
TORCH = re.compile(r"torch|triton|(nvidia|cuda)-.*")

#: package==version -> (its marker or "", its hash lines)
Pins = dict[str, tuple[str, tuple[str, ...]]]


def compile_pins(inputs: Iterable[Path], *options: str) -> str:
    """Return the universal, hashed lock of `inputs` as text, without a host name. Raises CalledProcessError."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version=3.11", "--generate-hashes"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate", *options]
    # A wheel lying on this machine must not get into a lock that others install from.
    environment = {name: value for name, value in os.environ.items() if name != "UV_FIND_LINKS"}
    done = subprocess.run(
        [*command, *map(str, inputs)], cwd=HERE.parent, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return check(done.stdout)


def renewed(lock: Path, inputs: Iterable[Path], *options: str) -> str:
    """Return `lock` made anew: the versions that it pins stay where they still fit. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as scratch:
        pins = Path(scratch) / lock.name
        if lock.exists():
            pins.write_text(lock.read_text("utf8"), "utf8")
        compile_pins(inputs, f"--output-file={pins}", *options)
        return check(pins.read_text("utf8"))


def check(text: str) -> str:
    """Return `text` if every line can be installed from any index; raise SystemExit naming the first that cannot."""
    for line in text.splitlines():
        if "://" in line or "+cpu" in line or " @ " in line:
            raise SystemExit(f"locks: {line!r} names a place or a local build; expected a plain name==version")
    return text


def parse(text: str) -> Pins:
    """Read a lock into its pins."""
    pins: Pins = {}
    for block in text.replace(" \\\n", "\0").splitlines():
        requirement, *hashes = block.split("\0")
        pin, _, marker = requirement.partition(" ; ")
        pins[pin.strip()] = (marker.strip(), tuple(line.strip() for line in hashes))
    return pins


def apart(pins: Pins) -> tuple[Pins, Pins]:
    """Split pins into those that any build of PyTorch goes with, and those of its CUDA build."""
    cuda = {pin: lines for pin, lines in pins.items() if TORCH.fullmatch(pin.split("==")[0])}
    return {pin: lines for pin, lines in pins.items() if pin not in cuda}, cuda


def written_out(pins: Pins) -> str:
    """Return pins as the text of a lock."""
    lines = (
        " \\\n    ".join((f"{pin} ; {marker}" if marker else pin, *hashes)) for pin, (marker, hashes) in pins.items()
    )
    return "".join(f"{line}\n" for line in lines)


def tagged(closures: Mapping[str, Pins], always: Iterable[str]) -> str:
    """Return one Jinja file in which each pin stands under the switches of the layers that need it.

    `closures` maps an expression over layer switches to the pins that it brings. A pin that two expressions bring
    under different markers stands once for each, the widest first, so that exactly one line is rendered.
    """
    names = sorted({pin for pins in closures.values() for pin in pins}, key=lambda pin: (pin.split("==")[0], pin))
    lines = []
    for pin in names:
        wanted: dict[str, list[str]] = {}
        for switch, pins in closures.items():
            if pin in pins:
                wanted.setdefault(pins[pin][0], []).append(switch)
        hashes = next(pins[pin][1] for pins in closures.values() if pin in pins)
        lines += branches(pin, hashes, wanted, frozenset(always))
    return "\n".join(lines) + "\n"


def conditions(marker: str) -> frozenset[str]:
    """Return the conditions that must all hold; one that holds alternatives is a condition as it stands."""
    return frozenset(marker.split(" and ") if " or " not in marker else [marker]) - {""}


def implies(narrow: str, wide: str) -> bool:
    """Whether whatever is within the one marker is within the other, as far as their conditions show."""
    return conditions(wide) <= conditions(narrow)


def branches(pin: str, hashes: tuple[str, ...], wanted: Mapping[str, list[str]], always: frozenset[str]) -> list[str]:
    """Return the lines of one pin: plain where all have it, else under `if` and `elif`, the widest marker first.

    A narrower marker of another chosen layer adds nothing to a wider one; where neither holds the other, both stand.
    """
    lines: list[str] = []
    for marker in sorted(wanted, key=lambda marker: (len(conditions(marker)), marker)):
        unconditional = not always.isdisjoint(wanted[marker])
        beside = [other for other in sorted(wanted) if not (implies(marker, other) or implies(other, marker))]
        joined = " or ".join(f"({each})" for each in (marker, *beside)) if beside else marker
        requirement = f"{pin} ; {joined}" if joined else pin
        if unconditional:
            lines += ["{%- else %}"] if lines else []
        else:
            lines += ["{%- " + ("elif " if lines else "if ") + " or ".join(sorted(wanted[marker])) + " %}"]
        lines += [" \\\n    ".join((requirement, *hashes))]
        if unconditional:
            break
    return [*lines, "{%- endif %}"] if lines[0].startswith("{%-") else lines


def closures(pins: Path) -> tuple[dict[str, Pins], dict[str, Pins]]:
    """Return the closures of the training layers and of the serving pairs, taken out of the superset `pins`."""

    def extract(*names: str) -> Pins:
        inputs = [path for name in names if (path := HERE / f"{name}.in").exists()]
        return parse(compile_pins(inputs, f"--constraint={pins}"))

    layers = sorted(path.stem for path in HERE.glob("*.in") if "." not in path.stem and path.stem not in ALWAYS)
    families = sorted(path.name.removesuffix(".serving.in") for path in HERE.glob("*.serving.in"))
    training = {name: extract(name) for name in ALWAYS}
    training |= {name: extract("base", name, f"{name}.serving") for name in layers}
    serving = {server: extract(server) for server in SERVERS}
    serving |= {family: extract(f"{family}.serving") for family in families}
    return training, serving


def main() -> None:
    """Write every lock. Nothing is replaced unless all of them could be made."""
    superset = HERE / "all.txt"
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    text = renewed(superset, sorted(HERE.glob("*.in")), *upgrade)
    environments = {
        path.with_suffix(".txt"): renewed(path.with_suffix(".txt"), [path], *upgrade)
        for path in sorted(HERE.glob("environments/*.in"))
    }
    with tempfile.TemporaryDirectory() as scratch:
        pins = Path(scratch) / "all.txt"
        pins.write_text(text, "utf8")
        training, serving = closures(pins)
        manifest = HERE.parent / "pyproject.toml"
        ours = ["--group=dev", f"--constraint={pins}", *upgrade]
        generator = renewed(HERE / "generator.txt", [manifest], *ours)
        everything = [manifest, HERE.parent / "benchmarks" / "requirements.in", *sorted(HERE.glob("*.in"))]
        bench, _ = apart(parse(renewed(HERE / "bench.txt", everything, *ours)))
    split = {name: apart(pins) for name, pins in training.items()}
    cuda = {pin: lines for _, brought in split.values() for pin, lines in brought.items()}
    written = {
        superset: text,
        HERE / "requirements.txt.jinja": tagged({name: rest for name, (rest, _) in split.items()}, ALWAYS),
        HERE / "torch-cuda.lock": written_out(cuda),
        HERE / "serving.txt.jinja": tagged(serving, SERVERS),
        HERE / "generator.txt": generator,
        HERE / "bench.txt": written_out(bench),
        **environments,
    }
    for path, content in written.items():
        path.write_text(content, "utf8")
        print(f"{path.relative_to(HERE.parent)}: {sum('==' in line for line in content.splitlines())} packages")


if __name__ == "__main__":
    main()

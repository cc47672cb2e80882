"""Where a rule stands: whatever figures come, it fires once, stays, and resolves once."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlgen_runtime.alerting.state import START, State, step

HOUR = 3600.0


@dataclass(frozen=True)
class Rule:
    """A rule on figures between 0 and 1."""

    above: float | None = 0.5
    below: float | None = None
    windows: int = 1
    resolve: float | None = 0.3
    resolve_windows: int = 1
    pause: float = 0.0


#: (value, proven): what was measured in a window; None is not enough data.
Figure = tuple[float | None, bool]
figures = st.lists(st.tuples(st.none() | st.floats(0, 1), st.booleans()), max_size=40)
rules = st.builds(
    lambda above, width, **others: Rule(above=above, resolve=max(above - width, 0.0), **others),
    above=st.floats(0.05, 0.95),
    width=st.floats(0, 0.3),
    windows=st.integers(1, 3),
    resolve_windows=st.integers(1, 3),
    pause=st.sampled_from([0.0, HOUR, 3.5 * HOUR]),
)


def walk(rule: Rule, seen: list[Figure]) -> tuple[list[State], list[tuple[int, str]]]:
    """The states after each window, an hour each, and what happened in which."""
    state, states, events = START, [], []
    for number, (value, proven) in enumerate(seen, 1):
        state, kind = step(rule, state, value, proven, f"w{number}", number * HOUR)
        states.append(state)
        if kind:
            events.append((number, kind))
    return states, events


@given(rules, figures)
def test_it_fires_once_between_resolves(rule: Rule, seen: list[Figure]) -> None:
    """Fired and resolved take turns, and fired is first."""
    _, events = walk(rule, seen)

    kinds = [kind for _, kind in events]
    assert kinds == list(itertools.islice(itertools.cycle(["fired", "resolved"]), len(kinds)))


@given(rules, figures)
def test_windows_without_enough_data_change_nothing(rule: Rule, seen: list[Figure]) -> None:
    """They neither fire nor resolve, and what happens without them happens with them in between."""
    rule = dataclasses.replace(rule, pause=0.0)

    _, events = walk(rule, seen)

    empty = {number for number, (value, _) in enumerate(seen, 1) if value is None}
    full = [number for number in range(1, len(seen) + 1) if number not in empty]
    _, without = walk(rule, [figure for figure in seen if figure[0] is not None])
    assert not empty & {number for number, _ in events}
    assert events == [(full[number - 1], kind) for number, kind in without]


@given(rules, figures)
def test_it_fires_on_enough_bad_windows_in_a_row_only(rule: Rule, seen: list[Figure]) -> None:
    """All of the windows that it takes were proven and beyond the threshold."""
    _, events = walk(rule, seen)

    for number, kind in events:
        known = [figure for figure in seen[:number] if figure[0] is not None]
        if kind == "fired":
            assert all(proven and value > rule.above for value, proven in known[-rule.windows :])
        else:
            assert all(not proven or value <= rule.resolve for value, proven in known[-rule.resolve_windows :])


@given(rules, figures)
def test_nothing_fires_in_the_cooldown(rule: Rule, seen: list[Figure]) -> None:
    """From a resolve to the next fire it takes the cooldown at least."""
    _, events = walk(rule, seen)

    for (earlier, kind), (later, _) in itertools.pairwise(events):
        assert kind == "fired" or (later - earlier) * HOUR >= rule.pause


@given(rules, st.lists(st.floats(0, 1), max_size=20))
def test_figures_between_the_two_thresholds_change_nothing(rule: Rule, places: list[float]) -> None:
    """Hysteresis: neither does a quiet rule fire there, nor a firing one resolve."""
    between = [(rule.above - place * (rule.above - rule.resolve) * 0.999, True) for place in places]
    between = [(value, proven) for value, proven in between if value > rule.resolve]
    bad = [(rule.above + 0.01, True)] * rule.windows

    assert walk(rule, between)[1] == []
    assert walk(rule, bad + between)[1] == [(rule.windows, "fired")]


@given(rules, st.lists(st.floats(0, 1), max_size=20))
def test_what_may_be_chance_never_fires(rule: Rule, values: list[float]) -> None:
    """However large it is."""
    assert walk(rule, [(value, False) for value in values])[1] == []


def test_what_stays_bad_fires_when_the_cooldown_ends() -> None:
    """Windows in the cooldown are counted, and the first one after it fires."""
    rule = Rule(windows=2, pause=3 * HOUR)

    states, events = walk(rule, [(0.9, True), (0.9, True), (0.1, True), *[(0.9, True)] * 4])

    assert events == [(2, "fired"), (3, "resolved"), (6, "fired")]
    assert [state.held for state in states] == [0, 0, 0, 0, 1, 0, 0]


@pytest.mark.parametrize(("value", "kind"), [(0.45, None), (0.35, "resolved"), (0.2, "resolved")])
def test_what_is_not_proven_is_not_yet_calm(value: float, kind: str | None) -> None:
    """With few rows a shift that goes on may not be proven in each window; calm is what chance often brings."""
    fired, _ = step(Rule(), START, 0.9, True, "w1", HOUR)

    _, happened = step(Rule(), fired, value, False, "w2", 2 * HOUR, usual=0.4)

    assert happened == kind


@pytest.mark.parametrize(("resolve", "resolved"), [(0.8, [(3, "resolved")]), (None, [(2, "resolved")])])
def test_a_floor_is_a_ceiling_upside_down(resolve: float | None, resolved: list[tuple[int, str]]) -> None:
    """With `below`, bad is less; without `resolve` it is good again at the threshold itself."""
    rule = Rule(above=None, below=0.7, resolve=resolve)

    _, events = walk(rule, [(0.6, True), (0.75, True), (0.85, True)])

    assert events == [(1, "fired"), *resolved]


@pytest.mark.parametrize("value", [0.5, 0.3])
def test_the_threshold_itself_is_not_beyond_it(value: float) -> None:
    """Bad is more than `above`; calm is `resolve` at most."""
    assert walk(Rule(), [(value, True)])[1] == []
    assert walk(Rule(), [(0.9, True), (value, True)])[1] == [(1, "fired"), *([(2, "resolved")] * (value <= 0.3))]

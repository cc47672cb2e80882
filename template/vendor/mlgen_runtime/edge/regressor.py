"""Trees as runtimes before ai.onnx.ml 5 know them: TreeEnsembleRegressor instead of TreeEnsemble.

A set of categories becomes a chain of comparisons that all lead to one child: is it a? is it b? … else the other child.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

AT_MOST, MEMBER = 0, 6


def regressor(node: Any) -> list[Any]:
    """The nodes that say the same; thresholds and leaves keep their precision, the sum comes out as float32."""
    from onnx import TensorProto, helper, numpy_helper

    given = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    tensors = {name: numpy_helper.to_array(value) for name, value in given.items() if hasattr(value, "dims")}
    lists = {name: np.array(value) for name, value in given.items() if isinstance(value, list)}
    modes = tensors["nodes_modes"]
    written = _Trees(tensors, lists, modes, _sets(modes, tensors.get("membership_values", np.zeros(0))))
    for number, root in enumerate(lists["tree_roots"].tolist()):
        written.tree(number, root)
    exact = tensors["nodes_splits"].dtype == np.float64
    output = f"{node.output[0]}.sum" if exact else node.output[0]

    def values(name: str, entries: list[float]) -> dict[str, Any]:
        """Doubles go into a tensor, for float32 there is a plain list."""
        tensor = numpy_helper.from_array(np.array(entries, dtype=np.float64))
        return {f"{name}_as_tensor": tensor} if exact else {name: np.array(entries, np.float32).tolist()}

    trees = helper.make_node(
        "TreeEnsembleRegressor",
        list(node.input),
        [output],
        domain="ai.onnx.ml",
        aggregate_function="SUM",
        post_transform="NONE",
        n_targets=given["n_targets"],
        **written.entries,
        **values("nodes_values", written.splits),
        **values("target_weights", written.weights),
    )
    return [trees, helper.make_node("Cast", [output], [node.output[0]], to=TensorProto.DOUBLE)] if exact else [trees]


def _sets(modes: Array, members: Array) -> dict[int, list[float]]:
    """The categories of each node that has some: they lie one after the other, a NaN after each set."""
    ends = np.flatnonzero(np.isnan(members))
    starts = [0, *(ends[:-1] + 1).tolist()]
    nodes = np.flatnonzero(modes == MEMBER).tolist()
    return {
        node: members[start:end].tolist() for node, start, end in zip(nodes, starts, ends.tolist(), strict=bool(nodes))
    }


class _Trees:
    """The attributes of the node, filled tree by tree."""

    def __init__(
        self, tensors: dict[str, Array], lists: dict[str, Array], modes: Array, sets: dict[int, list[float]]
    ) -> None:
        names = ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids", "missing_value_tracks_true")
        self.entries: dict[str, list[Any]] = {f"nodes_{name}": [] for name in names}
        self.entries |= {"nodes_modes": [], "target_treeids": [], "target_nodeids": [], "target_ids": []}
        self.splits: list[float] = []
        self.weights: list[float] = []
        self._leaf_weights, self._values = tensors["leaf_weights"].tolist(), tensors["nodes_splits"].tolist()
        self._of = {name.removeprefix("nodes_"): values.tolist() for name, values in lists.items()}
        self._modes, self._sets = modes.tolist(), sets

    def tree(self, tree: int, root: int) -> None:
        """Write one tree: every node before its children, numbered as they are met."""
        numbers: dict[tuple[bool, int], int] = {}
        waiting = [(False, root)]
        taken = 0

        def number(child: tuple[bool, int]) -> int:
            nonlocal taken
            if child not in numbers:
                numbers[child] = taken
                taken += 1
                waiting.append(child)
            return numbers[child]

        numbers[waiting[0]], taken = 0, 1
        while waiting:
            leaf, at = waiting.pop()
            own = numbers[leaf, at]
            if leaf:
                self._node(tree, own, "LEAF", 0, 0.0, 0, 0, 0)
                for name, value in (("treeids", tree), ("nodeids", own), ("ids", self._of["leaf_targetids"][at])):
                    self.entries[f"target_{name}"].append(value)
                self.weights.append(self._leaf_weights[at])
                continue
            true = number((bool(self._of["trueleafs"][at]), self._of["truenodeids"][at]))
            false = number((bool(self._of["falseleafs"][at]), self._of["falsenodeids"][at]))
            feature, missing = self._of["featureids"][at], self._of["missing_value_tracks_true"][at]
            if self._modes[at] != MEMBER:
                self._node(tree, own, "BRANCH_LEQ", feature, self._values[at], true, false, missing)
                continue
            members = self._sets[at] or [-1.0]  # a set of nothing: no category has this code
            chain = [own, *range(taken, taken + len(members) - 1)]
            taken += len(members) - 1
            for place, (link, member) in enumerate(zip(chain, members, strict=True)):
                after = chain[place + 1] if place + 1 < len(chain) else false
                self._node(tree, link, "BRANCH_EQ", feature, member, true, after, missing if place == 0 else 0)

    def _node(
        self, tree: int, own: int, mode: str, feature: int, split: float, true: int, false: int, missing: int
    ) -> None:
        values = (tree, own, feature, true, false, missing)
        names = ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids", "missing_value_tracks_true")
        for name, value in zip(names, values, strict=True):
            self.entries[f"nodes_{name}"].append(value)
        self.entries["nodes_modes"].append(mode)
        self.splits.append(split)

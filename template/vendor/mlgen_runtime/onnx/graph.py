"""An ONNX graph under construction, with trees as its main part.

Each library's trees are computed in its own precision and order: LightGBM's thresholds and sums are doubles, XGBoost's
are float32. So margins come out bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .forest import Forest

Array = npt.NDArray[Any]

#: Operator sets: 21 of ONNX, 5 of ai.onnx.ml, which brought TreeEnsemble with doubles and sets of categories.
OPSETS = {"": 21, "ai.onnx.ml": 5}
IR_VERSION = 10


class Unsupported(Exception):
    """A model that this module cannot express exactly; the message says what it is about it."""


@dataclass
class Graph:
    """A graph under construction: nodes and constants, with names given in order (the same model, the same bytes)."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    inputs: list[tuple[str, int]] = field(default_factory=list)
    opsets: dict[str, int] = field(default_factory=lambda: dict(OPSETS))

    def input(self, name: str, width: int) -> str:
        """Take doubles [rows, width] from the caller beside the features; return the tensor's name."""
        self.inputs.append((name, width))
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, domain: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        from onnx import helper

        name = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], domain=domain, **attributes))
        return name

    def constant(self, values: npt.ArrayLike, dtype: Any = np.float64) -> str:
        """Add a constant tensor and return its name."""
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def double(self, tensor: str) -> str:
        """Cast to double."""
        from onnx import TensorProto

        return self.add("Cast", tensor, to=TensorProto.DOUBLE)

    def forest(self, inputs: str, forest: Forest, dtype: Any = np.float64) -> str:
        """Add trees: margins [n, targets] as sums of the leaves that a row falls into, compared and added in `dtype`.

        `inputs` are the float32 features; the margins are doubles.
        """
        from onnx import numpy_helper

        def tensor(values: Array) -> Any:
            return numpy_helper.from_array(values.astype(dtype))

        exact = dtype is np.float64
        members = {"membership_values": tensor(forest.members)} if len(forest.members) else {}
        margins = self.add(
            "TreeEnsemble",
            self.double(inputs) if exact else inputs,
            domain="ai.onnx.ml",
            aggregate_function=1,  # sum
            post_transform=0,  # none
            n_targets=forest.targets,
            tree_roots=forest.roots.tolist(),
            nodes_modes=numpy_helper.from_array(forest.modes),
            nodes_featureids=forest.features.tolist(),
            nodes_splits=tensor(forest.splits),
            nodes_truenodeids=forest.true.tolist(),
            nodes_trueleafs=forest.true_leaf.tolist(),
            nodes_falsenodeids=forest.false.tolist(),
            nodes_falseleafs=forest.false_leaf.tolist(),
            nodes_missing_value_tracks_true=forest.missing_true.tolist(),
            leaf_targetids=forest.leaf_targets.tolist(),
            leaf_weights=tensor(forest.leaf_weights),
            **members,
        )
        return margins if exact else self.double(margins)

    def include(self, model: Any, inputs: str) -> str:
        """Take over the nodes of another model with one float32 input; return the name of its last output.

        Raises Unsupported where it needs operators of other sets than ours.
        """
        prefix = f"m{len(self.nodes)}_"
        for opset in model.opset_import:
            if opset.domain not in OPSETS or opset.version > OPSETS[opset.domain]:
                raise Unsupported(f"operators of {opset.domain or 'onnx'} {opset.version}")
            if opset.domain:  # ai.onnx.ml 5 has none of the older operators for trees
                self.opsets[opset.domain] = opset.version
        names = {model.graph.input[0].name: inputs, "": ""}
        for constant in model.graph.initializer:
            names[constant.name] = constant.name = f"{prefix}{constant.name}"
            self.constants.append(constant)
        for node in model.graph.node:
            node.name = ""
            node.input[:] = [names[name] for name in node.input]
            for name in node.output:
                names.setdefault(name, f"{prefix}{name}" if name else "")
            node.output[:] = [names[name] for name in node.output]
            self.nodes.append(node)
        return names[model.graph.output[-1].name]

    def finish(self, inputs: tuple[str, int], outputs: tuple[str, int]) -> bytes:
        """Return the serialised model: name and width of the float32 input [rows, width], of the double output.

        The float32 input is left out where other inputs are all that the graph computes on.
        """
        from onnx import TensorProto, checker, helper

        used = not self.inputs or any(inputs[0] in node.input for node in self.nodes)
        proto = helper.make_graph(
            self.nodes,
            "model",
            [
                *([helper.make_tensor_value_info(inputs[0], TensorProto.FLOAT, ["rows", inputs[1]])] if used else []),
                *(helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["rows", k]) for name, k in self.inputs),
            ],
            [helper.make_tensor_value_info(outputs[0], TensorProto.DOUBLE, ["rows", outputs[1]])],
            self.constants,
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
        model = helper.make_model(proto, opset_imports=opsets, ir_version=IR_VERSION, producer_name="")
        checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

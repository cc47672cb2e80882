"""A graph for older runtimes: fewer operators, an older file. What cannot be said in them is refused by name.

Trees are one node of ai.onnx.ml 5 (TreeEnsemble); before that, it was TreeEnsembleRegressor, which has no sets of
categories and gives float32. The other operators kept their meaning since opset 13, but for ReduceMax, whose axes were
an attribute until 18. Whether the outcome is right is for the parity report to say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.errors import InputError
from .regressor import regressor

#: Where the axes of these became an input; before, they were an attribute.
REDUCTIONS, AXES_AS_INPUT = ("ReduceMax", "ReduceMin", "ReduceMean"), 18


def rewrite(path: Path, opset: int, ml_opset: int, ir_version: int) -> dict[str, int]:
    """Rewrite a graph in place for versions up to these, and return those that it has now.

    Raises InputError naming an operator that was not there yet, or said something else.
    """
    import onnx

    model = onnx.load(path)
    has = {entry.domain: entry.version for entry in model.opset_import}
    wanted = {"": min(opset, has.get("", opset)), "ai.onnx.ml": min(ml_opset, has.get("ai.onnx.ml", ml_opset))}
    if wanted != {"": has.get(""), "ai.onnx.ml": has.get("ai.onnx.ml", ml_opset)} or ir_version < model.ir_version:
        _replace(model.graph, has, wanted)
        for entry in model.opset_import:
            entry.version = wanted[entry.domain]
        model.ir_version = min(ir_version, model.ir_version)
        _check(model, path, wanted)
        path.write_bytes(model.SerializeToString(deterministic=True))
    names = {"": "opset", "ai.onnx.ml": "ml_opset"}
    return {"ir_version": model.ir_version, **{names[domain]: wanted[domain] for domain in names if domain in has}}


def _replace(graph: Any, has: dict[str, int], wanted: dict[str, int]) -> None:
    """Put other nodes where the same is said otherwise in older versions; refuse what cannot be said."""
    import onnx

    nodes: list[Any] = []
    for node in graph.node:
        if node.op_type == "TreeEnsemble" and wanted["ai.onnx.ml"] < 5:
            nodes += regressor(node)
        elif node.op_type in REDUCTIONS and wanted[""] < AXES_AS_INPUT <= has[""] and len(node.input) > 1:
            axes = next(entry for entry in graph.initializer if entry.name == node.input[1])
            node.attribute.append(onnx.helper.make_attribute("axes", onnx.numpy_helper.to_array(axes).tolist()))
            del node.input[1]
            graph.initializer.remove(axes)
            nodes.append(node)
        else:
            nodes.append(node)
    for node in nodes:
        _known(node, has, wanted)
    del graph.node[:]
    graph.node.extend(nodes)


def _known(node: Any, has: dict[str, int], wanted: dict[str, int]) -> None:
    """Refuse a node whose operator was not there in the wanted version, or lacked an attribute or input of it."""
    from onnx import defs

    key = "edge.ml_opset" if node.domain else "edge.opset"
    version = wanted[node.domain]
    try:
        schema = defs.get_schema(node.op_type, version, node.domain)
    except defs.SchemaError:
        raise _refusal(f"the operator {node.op_type} is not in it", key, version, has[node.domain]) from None
    unknown = [entry.name for entry in node.attribute if entry.name not in schema.attributes]
    if unknown or len(node.input) > schema.max_input:
        what = f"the entry {unknown[0]}" if unknown else f"{len(node.input)} inputs"
        raise _refusal(f"{node.op_type} has no {what} in it", key, version, has[node.domain])


def _check(model: Any, path: Path, wanted: dict[str, int]) -> None:
    import onnx

    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), "")
        raise _refusal(f"{path.name}: {reason:.150}", "edge.opset", wanted[""], 21) from None


def _refusal(reason: str, key: str, version: int, most: int) -> InputError:
    return InputError(
        f"{key}={version}: {reason}; this model can be written for versions up to {most}: take a higher one"
    )

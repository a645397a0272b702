"""What a plain export of the composer's network would be: its attention in standard operators.

The served graph keeps its past in slots that one GroupQueryAttention node per layer reads and
writes in place. Here each of these nodes is replaced by what it means: rotary positions, the new
key and value concatenated to a past that comes in as an input and goes out as an output, softmax.
Everything else, weights included, is the served file's. Rows of different lengths are padded on the
left and masked, as such exports do it.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def plain(served: Path) -> onnx.ModelProto:
    """The plain graph of a served one, for one new step of each row.

    Inputs: ids, bits, ``position`` (rows, 1), ``mask`` (rows, 1, 1, past + 1), added to the scores,
    and for each layer pk, pv (rows, 1, past, head); outputs: logits, hidden and nk, nv (rows, 1,
    past + 1, head).
    """
    model = onnx.load(served)
    nodes: list[onnx.NodeProto] = []
    shapes: dict[str, np.ndarray] = {}
    kept = [one for one in model.graph.input if one.name not in ("lengths", "total")]
    inputs = [_as_long_as_it_is(one) for one in kept]
    inputs.append(helper.make_tensor_value_info("position", TensorProto.INT64, ["rows", 1]))
    inputs.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["rows", 1, 1, "all"]))
    shapes["one"] = np.array([1])
    nodes += [
        step
        for name in ("cos", "sin")
        for step in (
            helper.make_node("Gather", [name, "position"], [f"{name}.rows"]),
            helper.make_node("Unsqueeze", [f"{name}.rows", "one"], [f"{name}.here"]),
        )
    ]
    for node in model.graph.node:
        if node.op_type == "GroupQueryAttention":
            nodes += _attention(node, _head(model), shapes)
        else:
            nodes.append(node)
    outputs = [_as_long_as_it_is(one) for one in model.graph.output]
    constants = [numpy_helper.from_array(value, name) for name, value in shapes.items()]
    graph = helper.make_graph(
        nodes, "plain", inputs, outputs, [*model.graph.initializer, *constants]
    )
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _attention(
    node: onnx.NodeProto, head: int, shapes: dict[str, np.ndarray]
) -> list[onnx.NodeProto]:
    """The nodes that do what one GroupQueryAttention with a single key-value head does."""
    facts = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    heads = facts["num_heads"]
    if facts["kv_num_heads"] != 1 or not facts["do_rotary"]:
        raise ValueError("this bench knows rotary attention with one key-value head only")
    packed, past_k, past_v = node.input[0], node.input[3], node.input[4]
    out, new_k, new_v = node.output
    at = out + "."
    shapes["apart"] = np.array([0, 0, heads + 2, head])
    shapes["together"] = np.array([0, 0, heads * head])
    shapes["heads"] = np.array([heads, 1, 1])
    shapes["halves"] = np.array([head // 2, head // 2])
    shapes["scale"] = np.array(head**-0.5, np.float32)
    return [
        helper.make_node("Reshape", [packed, "apart"], [at + "apart"]),
        helper.make_node("Transpose", [at + "apart"], [at + "all"], perm=[0, 2, 1, 3]),
        helper.make_node("Split", [at + "all", "heads"], [at + "q0", at + "k0", at + "v"], axis=1),
        *_turned(at + "q0", at + "q"),
        *_turned(at + "k0", at + "k"),
        helper.make_node("Concat", [past_k, at + "k"], [new_k], axis=2),
        helper.make_node("Concat", [past_v, at + "v"], [new_v], axis=2),
        helper.make_node("Transpose", [new_k], [at + "kt"], perm=[0, 1, 3, 2]),
        helper.make_node("MatMul", [at + "q", at + "kt"], [at + "raw"]),
        helper.make_node("Mul", [at + "raw", "scale"], [at + "scaled"]),
        helper.make_node("Add", [at + "scaled", "mask"], [at + "scores"]),
        helper.make_node("Softmax", [at + "scores"], [at + "shares"], axis=-1),
        helper.make_node("MatMul", [at + "shares", new_v], [at + "y"]),
        helper.make_node("Transpose", [at + "y"], [at + "yt"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", [at + "yt", "together"], [out]),
    ]


def _turned(x: str, y: str) -> list[onnx.NodeProto]:
    """Rotary positions: the first half of a head is paired with the second."""
    return [
        helper.make_node("Split", [x, "halves"], [y + "a", y + "b"], axis=-1),
        helper.make_node("Mul", [y + "a", "cos.here"], [y + "ac"]),
        helper.make_node("Mul", [y + "b", "sin.here"], [y + "bs"]),
        helper.make_node("Mul", [y + "b", "cos.here"], [y + "bc"]),
        helper.make_node("Mul", [y + "a", "sin.here"], [y + "as"]),
        helper.make_node("Sub", [y + "ac", y + "bs"], [y + ".first"]),
        helper.make_node("Add", [y + "bc", y + "as"], [y + ".second"]),
        helper.make_node("Concat", [y + ".first", y + ".second"], [y], axis=-1),
    ]


def _head(model: onnx.ModelProto) -> int:
    return int({one.key: one.value for one in model.metadata_props}["head"])


def _as_long_as_it_is(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    """Slots of a fixed context become a past of any length; other values stay as they are."""
    if value.name[:2] not in ("pk", "pv", "nk", "nv"):
        return value
    shape = value.type.tensor_type.shape.dim
    sizes = ["rows", shape[1].dim_value, f"{value.name[0]}_steps", shape[3].dim_value]
    return helper.make_tensor_value_info(value.name, value.type.tensor_type.elem_type, sizes)

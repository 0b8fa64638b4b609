"""Writes an MLPerf Tiny reference model as JSON: its layers, its integers, and what LiteRT's reference kernels make of
inputs, tensor by tensor.

    python mlperf.py resnet8_int8.tflite [inputs.npz] > resnet8.json        (ai-edge-litert, numpy)

The models are MLPerf Tiny's (github.com/mlcommons/tiny, Apache-2.0); their weights are not part of this repository.
`MOTE_MLPERF=resnet8.json:dscnn.json cargo test -p mote-tests --test mlperf` compares every tensor, to the bit.
"""

import json
import sys

import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter, OpResolverType

SEED, RANDOM, OWN = 7, 4, 12
OPS = {
    tfl.BuiltinOperator.CONV_2D: "conv2d",
    tfl.BuiltinOperator.DEPTHWISE_CONV_2D: "depthwise_conv2d",
    tfl.BuiltinOperator.FULLY_CONNECTED: "dense",
    tfl.BuiltinOperator.ADD: "add",
    tfl.BuiltinOperator.AVERAGE_POOL_2D: "avg_pool",
}


def main(path, inputs=None):
    interpreter = Interpreter(
        path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF, experimental_preserve_all_tensors=True
    )
    interpreter.allocate_tensors()
    with open(path, "rb") as file:
        model = tfl.ModelT.InitFromObj(tfl.Model.GetRootAs(file.read(), 0))
    graph = model.subgraphs[0]

    def quant(index):
        q = graph.tensors[index].quantization
        return [float(s) for s in q.scale], int(q.zeroPoint[0])

    number, layers, made = {graph.inputs[0]: 0}, [], []
    for op in graph.operators:
        code = model.operatorCodes[op.opcodeIndex]
        kind = OPS.get(max(code.builtinCode, code.deprecatedBuiltinCode))
        output = op.outputs[0]
        if kind is None:  # reshape, softmax: the same tensor, or not the device's business
            number[output] = number[op.inputs[0]]
            continue
        options = op.builtinOptions
        scale, zero_point = quant(output)
        layer = {
            "op": kind, "input": number[op.inputs[0]], "scale": scale[0], "zero_point": zero_point,
            "relu": options.fusedActivationFunction == tfl.ActivationFunctionType.RELU,
        }
        if kind == "add":
            layer["other"] = number[op.inputs[1]]
        elif kind == "avg_pool":
            layer["size"] = [options.filterHeight, options.filterWidth]
        else:
            weights = interpreter.get_tensor(op.inputs[1])
            layer["weights"] = weights.ravel().tolist()
            layer["weight_scales"] = quant(op.inputs[1])[0]
            layer["bias"] = interpreter.get_tensor(op.inputs[2]).ravel().tolist()
            if kind != "dense":
                layer["size"] = list(weights.shape[1:3])
        if "size" in layer:
            layer["size"] = [int(s) for s in layer["size"]]
            layer["stride"] = [options.strideH, options.strideW]
            layer["same"] = options.padding == tfl.Padding.SAME
        layers.append(layer)
        made.append(output)
        number[output] = len(made)
    detail = interpreter.get_input_details()[0]
    x = np.random.default_rng(SEED).integers(-128, 128, (RANDOM, *detail["shape"][1:]), dtype=np.int8)
    if inputs:
        own = np.load(inputs)["x"][:OWN]
        x = np.concatenate([x, own.reshape(-1, *detail["shape"][1:])])
    runs = []
    for window in x:
        interpreter.set_tensor(detail["index"], window[None])
        interpreter.invoke()
        tensors = [interpreter.get_tensor(index).ravel().tolist() for index in made]
        runs.append({"input": window.ravel().tolist(), "tensors": tensors})
    scale, zero_point = quant(graph.inputs[0])
    json.dump(
        {
            "input": [int(n) for n in detail["shape"][1:]], "scale": scale[0], "zero_point": zero_point,
            "layers": layers, "runs": runs,
        },
        sys.stdout,
    )


main(*sys.argv[1:])

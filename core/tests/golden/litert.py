"""Writes litert.txt: single int8 operators run by LiteRT's reference kernels.

    python litert.py > litert.txt        (ai-edge-litert, flatbuffers, numpy)

A case is a block of lines `key values...`. Shapes are NHWC without N, weights OHWI, HWC or OI.
XNNPACK is not used: it rounds once, the reference kernels round twice.
"""

from importlib.metadata import version

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter, OpResolverType

SEED = 7
RNG = np.random.default_rng(SEED)
INT8, INT32 = tfl.TensorType.INT8, tfl.TensorType.INT32
SAME, VALID = tfl.Padding.SAME, tfl.Padding.VALID
NONE, RELU = tfl.ActivationFunctionType.NONE, tfl.ActivationFunctionType.RELU


class Model:
    """One operator; tensors are added in the order in which the operator takes them."""

    def __init__(self):
        self.tensors, self.buffers, self.inputs = [], [tfl.BufferT()], []

    def tensor(self, shape, dtype, scale=None, zero_point=0, data=None, axis=0):
        t = tfl.TensorT()
        t.shape, t.type, t.name = list(shape), dtype, str(len(self.tensors)).encode()
        if scale is not None:
            q = tfl.QuantizationParametersT()
            q.scale = [float(s) for s in np.atleast_1d(scale)]
            q.zeroPoint = [int(zero_point)] * len(q.scale)
            q.quantizedDimension = axis
            t.quantization = q
        if data is not None:
            b = tfl.BufferT()
            b.data = np.frombuffer(data.tobytes(), np.uint8)
            t.buffer = len(self.buffers)
            self.buffers.append(b)
        else:
            self.inputs.append(len(self.tensors))
        self.tensors.append(t)
        return len(self.tensors) - 1

    def run(self, builtin, op_version, options_type, options, operands, output, feeds):
        self.inputs.remove(output)
        op, code, graph, model = tfl.OperatorT(), tfl.OperatorCodeT(), tfl.SubGraphT(), tfl.ModelT()
        op.inputs, op.outputs = operands, [output]
        op.builtinOptionsType, op.builtinOptions = options_type, options
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), op_version
        graph.tensors, graph.operators = self.tensors, [op]
        graph.inputs, graph.outputs = self.inputs, [output]
        model.version, model.operatorCodes = 3, [code]
        model.subgraphs, model.buffers = [graph], self.buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        interpreter = Interpreter(
            model_content=bytes(builder.Output()),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        )
        interpreter.allocate_tensors()
        for detail, feed in zip(interpreter.get_input_details(), feeds):
            interpreter.set_tensor(detail["index"], feed)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def values(shape, low=-128, high=128):
    return RNG.integers(low, high, shape, dtype=np.int8 if high <= 128 else np.int32)


def scale(low, high, size=None):
    return np.float32(RNG.uniform(low, high, size))


def zero():
    return int(RNG.integers(-60, 60))


def emit(kind, name, **fields):
    print(f"\ncase {kind}\nname {name}")
    for key, value in fields.items():
        print(key, *(str(v) for v in np.ravel(value)))


def sliding(options, stride, padding, activation):
    options.strideH, options.strideW = stride
    options.padding, options.fusedActivationFunction = padding, activation
    return options


def shift(size, stride, dilation, padding, extent):
    """Rows or columns of padding before the input: TFLite puts an odd rest behind it."""
    reach = (size - 1) * dilation + 1
    covered = (-(-extent // stride) - 1) * stride + reach
    return max(covered - extent, 0) // 2 if padding == SAME else 0


def conv(kind, name, shape, filters, size, stride=(1, 1), dilation=(1, 1), padding=SAME, activation=NONE):
    depthwise = kind == "depthwise_conv2d"
    channels = shape[2] if depthwise else filters
    weights_shape = (1, *size, channels) if depthwise else (filters, *size, shape[2])
    x = values((1, *shape))
    w = np.maximum(values(weights_shape), -127).astype(np.int8)
    w_scale = scale(0.002, 0.02, channels)
    x_scale, x_zero = scale(0.02, 0.1), zero()
    bias = RNG.integers(-3000, 3000, channels, dtype=np.int32)
    fan_in = int(np.prod(size)) * (1 if depthwise else shape[2])
    y_scale = np.float32(x_scale * 0.011 * 73 * 73 * np.sqrt(fan_in) / 50)
    y_zero = zero()
    pads = [shift(size[a], stride[a], dilation[a], padding, shape[a]) for a in (0, 1)]
    reach = [(size[a] - 1) * dilation[a] + 1 for a in (0, 1)]
    out = [-(-shape[a] // stride[a]) if padding == SAME else (shape[a] - reach[a]) // stride[a] + 1 for a in (0, 1)]
    m = Model()
    operands = [
        m.tensor(x.shape, INT8, x_scale, x_zero),
        m.tensor(w.shape, INT8, w_scale, 0, w, axis=3 if depthwise else 0),
        m.tensor(bias.shape, INT32, x_scale * w_scale, 0, bias),
    ]
    y = m.tensor((1, *out, channels), INT8, y_scale, y_zero)
    if depthwise:
        options = sliding(tfl.DepthwiseConv2DOptionsT(), stride, padding, activation)
        options.depthMultiplier = 1
        builtin, kind_of = tfl.BuiltinOperator.DEPTHWISE_CONV_2D, tfl.BuiltinOptions.DepthwiseConv2DOptions
    else:
        options = sliding(tfl.Conv2DOptionsT(), stride, padding, activation)
        builtin, kind_of = tfl.BuiltinOperator.CONV_2D, tfl.BuiltinOptions.Conv2DOptions
    options.dilationHFactor, options.dilationWFactor = dilation
    result = m.run(builtin, 3, kind_of, options, operands, y, [x])
    emit(
        kind, name, input_shape=shape, output_shape=result.shape[1:], size=size, stride=stride,
        dilation=dilation, pad=pads, relu=int(activation == RELU), scales=[x_scale, y_scale],
        zero_points=[x_zero, y_zero], weight_scales=w_scale, bias=bias, weights=w, input=x, output=result,
    )


def dense(name, inputs, outputs, activation=NONE):
    x, w = values((1, inputs)), np.maximum(values((outputs, inputs)), -127).astype(np.int8)
    x_scale, w_scale = scale(0.02, 0.1), scale(0.002, 0.02)
    x_zero, y_zero = zero(), zero()
    bias = RNG.integers(-3000, 3000, outputs, dtype=np.int32)
    y_scale = np.float32(x_scale * w_scale * 73 * 73 * np.sqrt(inputs) / 50)
    m = Model()
    operands = [
        m.tensor(x.shape, INT8, x_scale, x_zero),
        m.tensor(w.shape, INT8, w_scale, 0, w),
        m.tensor(bias.shape, INT32, x_scale * w_scale, 0, bias),
    ]
    y = m.tensor((1, outputs), INT8, y_scale, y_zero)
    options = tfl.FullyConnectedOptionsT()
    options.fusedActivationFunction = activation
    result = m.run(
        tfl.BuiltinOperator.FULLY_CONNECTED, 4, tfl.BuiltinOptions.FullyConnectedOptions, options, operands, y, [x]
    )
    emit(
        "dense", name, relu=int(activation == RELU), scales=[x_scale, y_scale], zero_points=[x_zero, y_zero],
        weight_scales=np.repeat(w_scale, outputs), bias=bias, weights=w, input=x, output=result,
    )


def add(name, activation=NONE, ratio=1.0):
    a, b = values((1, 5, 4, 6)), values((1, 5, 4, 6))
    scales = [scale(0.02, 0.1), np.float32(scale(0.02, 0.1) * ratio), scale(0.03, 0.15)]
    zeros = [zero() for _ in range(3)]
    m = Model()
    operands = [m.tensor(v.shape, INT8, s, z) for v, s, z in zip((a, b), scales, zeros)]
    y = m.tensor(a.shape, INT8, scales[2], zeros[2])
    options = tfl.AddOptionsT()
    options.fusedActivationFunction = activation
    result = m.run(tfl.BuiltinOperator.ADD, 2, tfl.BuiltinOptions.AddOptions, options, operands, y, [a, b])
    emit(
        "add", name, relu=int(activation == RELU), scales=scales, zero_points=zeros, input=a, other=b, output=result
    )


def pool(kind, name, shape, size, stride, padding, activation=NONE):
    x, s, z = values((1, *shape)), scale(0.02, 0.1), zero()
    out = [-(-shape[a] // stride[a]) if padding == SAME else (shape[a] - size[a]) // stride[a] + 1 for a in (0, 1)]
    m = Model()
    operands = [m.tensor(x.shape, INT8, s, z)]
    y = m.tensor((1, *out, shape[2]), INT8, s, z)
    options = sliding(tfl.Pool2DOptionsT(), stride, padding, activation)
    options.filterHeight, options.filterWidth = size
    builtin = tfl.BuiltinOperator.AVERAGE_POOL_2D if kind == "avg_pool" else tfl.BuiltinOperator.MAX_POOL_2D
    result = m.run(builtin, 2, tfl.BuiltinOptions.Pool2DOptions, options, operands, y, [x])
    pads = [shift(size[a], stride[a], 1, padding, shape[a]) for a in (0, 1)]
    emit(
        kind, name, input_shape=shape, output_shape=result.shape[1:], size=size, stride=stride, dilation=(1, 1),
        pad=pads, relu=int(activation == RELU), scales=[s, s], zero_points=[z, z], input=x, output=result,
    )


def concat(name):
    a, b, s, z = values((1, 3, 4, 2)), values((1, 3, 4, 5)), scale(0.02, 0.1), zero()
    m = Model()
    operands = [m.tensor(v.shape, INT8, s, z) for v in (a, b)]
    y = m.tensor((1, 3, 4, 7), INT8, s, z)
    options = tfl.ConcatenationOptionsT()
    options.axis = 3
    result = m.run(
        tfl.BuiltinOperator.CONCATENATION, 2, tfl.BuiltinOptions.ConcatenationOptions, options, operands, y, [a, b]
    )
    emit("concat", name, channels=[2, 5], scales=[s, s, s], zero_points=[z, z, z], input=a, other=b, output=result)


def rescale(name, ratio):
    x, s = np.arange(-128, 128).astype(np.int8).reshape(1, 256), scale(0.02, 0.1)
    scales, zeros = [s, np.float32(s * ratio)], [zero(), zero()]
    m = Model()
    operands = [m.tensor(x.shape, INT8, scales[0], zeros[0])]
    y = m.tensor(x.shape, INT8, scales[1], zeros[1])
    result = m.run(
        tfl.BuiltinOperator.QUANTIZE, 2, tfl.BuiltinOptions.QuantizeOptions, tfl.QuantizeOptionsT(), operands, y, [x]
    )
    emit("rescale", name, scales=scales, zero_points=zeros, input=x, output=result)


def requantize(name, ratio, spread):
    """int32 to int16: many values around ties, clamped only at 16 bits."""
    x = RNG.integers(-spread, spread, 150, dtype=np.int32)
    x[:61] = np.arange(-30, 31) * round(0.25 / ratio) if ratio < 0.25 else np.arange(-30, 31)
    scales = [np.float32(ratio), np.float32(1.0)]
    m = Model()
    operands = [m.tensor(x.shape, INT32, scales[0], 0)]
    y = m.tensor(x.shape, tfl.TensorType.INT16, scales[1], 0)
    result = m.run(
        tfl.BuiltinOperator.QUANTIZE, 2, tfl.BuiltinOptions.QuantizeOptions, tfl.QuantizeOptionsT(), operands, y, [x]
    )
    emit("requantize", name, scales=scales, zero_points=[0, 0], input=x, output=result)


def mean(name, shape):
    x = values((1, *shape))
    scales, zeros = [scale(0.05, 0.1), scale(0.01, 0.02)], [zero(), zero()]
    m = Model()
    axes = np.array([1, 2], np.int32)
    operands = [m.tensor(x.shape, INT8, scales[0], zeros[0]), m.tensor(axes.shape, INT32, None, 0, axes)]
    y = m.tensor((1, shape[2]), INT8, scales[1], zeros[1])
    options = tfl.ReducerOptionsT()
    options.keepDims = False
    result = m.run(tfl.BuiltinOperator.MEAN, 2, tfl.BuiltinOptions.ReducerOptions, options, operands, y, [x])
    emit("mean", name, input_shape=shape, scales=scales, zero_points=zeros, input=x, output=result)


print(f"# ai-edge-litert {version('ai-edge-litert')}, reference kernels, seed {SEED}; made by litert.py")
conv("conv2d", "same", (6, 5, 3), 5, (3, 3))
conv("conv2d", "valid_stride_2", (7, 8, 4), 6, (3, 2), stride=(2, 2), padding=VALID, activation=RELU)
conv("conv2d", "same_stride_2", (8, 7, 3), 4, (3, 3), stride=(2, 2))
conv("conv2d", "same_even_kernel", (7, 6, 1), 3, (4, 2), stride=(1, 2), activation=RELU)
conv("conv2d", "dilation_2_3", (9, 9, 2), 4, (3, 3), dilation=(2, 3))
conv("conv2d", "dilation_valid", (9, 8, 2), 3, (2, 3), dilation=(3, 2), padding=VALID)
conv("conv2d", "sequence", (1, 19, 5), 9, (1, 5), stride=(1, 2), activation=RELU)
conv("conv2d", "pointwise", (3, 4, 17), 8, (1, 1))
conv("depthwise_conv2d", "same", (6, 5, 3), 0, (3, 3))
conv("depthwise_conv2d", "valid_stride_2", (8, 7, 11), 0, (3, 2), stride=(2, 2), padding=VALID, activation=RELU)
conv("depthwise_conv2d", "same_stride_2", (7, 8, 8), 0, (3, 3), stride=(2, 2))
conv("depthwise_conv2d", "dilation_2", (8, 7, 5), 0, (3, 3), dilation=(2, 2))
conv("depthwise_conv2d", "sequence", (1, 17, 9), 0, (1, 5), stride=(1, 2))
dense("odd", 37, 11)
dense("relu", 64, 6, RELU)
add("plain")
add("relu", RELU)
add("unlike_scales", NONE, 0.01)
pool("avg_pool", "same", (6, 5, 3), (3, 3), (1, 1), SAME)
pool("avg_pool", "valid_stride_2", (7, 6, 9), (2, 3), (2, 2), VALID, RELU)
pool("avg_pool", "same_stride_2", (1, 13, 5), (1, 4), (1, 2), SAME)
pool("max_pool", "same", (6, 5, 3), (3, 3), (2, 2), SAME)
pool("max_pool", "valid", (7, 6, 9), (2, 3), (1, 2), VALID, RELU)
concat("equal_scales")
rescale("down", 2.7)
rescale("up", 0.3)
requantize("ties", 1 / 16, 400000)
requantize("small", 0.0001, 2**31 - 1)
requantize("third", 1 / 3, 90000)
requantize("left", 5.3, 6000)
mean("sequence", (1, 32, 7))
mean("image", (5, 3, 4))
mean("many_pixels", (25, 5, 5))

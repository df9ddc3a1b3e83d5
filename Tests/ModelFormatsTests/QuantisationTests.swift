import ModelFormats
import Testing

/// Quantised weights are known by name, from config.json and from the tensors; what one says alone is refused.
@Suite struct QuantisationTests {
    /// A model that holds only the tensors given, as zeros.
    private func model(_ tensors: [(name: String, type: String, shape: [Int])], config: String = "{}") throws
        -> TemporaryDirectory
    {
        let widths = ["U8": 1, "I8": 1, "F8_E4M3": 1, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8]
        var entries: [String] = [], end = 0
        for (name, type, shape) in tensors {
            let start = end
            end += shape.reduce(try #require(widths[type]), *)
            entries.append(#""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(start),\#(end)]}"#)
        }
        let directory = try TemporaryDirectory()
        try directory.write("model.safetensors", safetensors("{\(entries.joined(separator: ","))}", dataSize: end))
        try directory.write("config.json", config)
        return directory
    }

    private static let x = "model.layers.0.mlp.up_proj"
    private static let forms: [(method: String, tensors: [(name: String, type: String, shape: [Int])])] = [
        ("gptq", [("\(x).qweight", "I32", [8, 128]), ("\(x).scales", "F16", [1, 128]), ("\(x).g_idx", "I32", [64])]),
        ("gptq", [("\(x).qweight", "I32", [8, 128]), ("\(x).scales", "F16", [1, 128])]),
        ("awq", [("\(x).qweight", "I32", [64, 16]), ("\(x).scales", "F16", [1, 128])]),
        ("bitsandbytes", [("\(x).weight", "U8", [4096, 1]), ("\(x).weight.absmax", "F32", [128])]),
        ("bitsandbytes", [("\(x).weight", "I8", [128, 64]), ("\(x).SCB", "F32", [128])]),
        ("compressed-tensors", [("\(x).weight_packed", "I32", [128, 8]), ("\(x).weight_scale", "BF16", [128, 2])]),
        ("compressed-tensors", [("\(x).weight", "F8_E4M3", [128, 64]), ("\(x).weight_scale", "BF16", [128, 1])]),
        ("fp8", [("\(x).weight", "F8_E4M3", [128, 64]), ("\(x).weight_scale_inv", "F32", [1, 1])]),
        ("modelopt", [("\(x).weight", "U8", [128, 32]), ("\(x).weight_scale_2", "F32", [1])]),
        ("mlx", [("\(x).weight", "U32", [128, 8]), ("\(x).scales", "BF16", [128, 1])]),
        ("hqq", [("\(x).W_q", "U8", [4096, 1])]), ("quanto", [("\(x).weight._data", "I8", [128, 64])]),
        ("exl2", [("\(x).q_weight", "I32", [8, 128])]), ("exl3", [("\(x).trellis", "I32", [8, 128])]),
        ("aqlm", [("\(x).codebooks", "F16", [1, 8])]), ("torchao", [("\(x)._weight_qdata", "I8", [128, 64])]),
    ]

    @Test(arguments: forms)
    func namesTheMethodThatOnlyTheTensorsTell(
        _ form: (method: String, tensors: [(name: String, type: String, shape: [Int])])
    ) throws {
        let directory = try model(form.tensors)
        let text = errorText { _ = try ModelTensors(reading: try directory.files()) }
        #expect(text?.hasPrefix("model.safetensors: unsupported: \(form.method): ") == true, "\(text ?? "nothing")")
        #expect(text?.hasSuffix("but config.json says nothing of it") == true, "\(text ?? "nothing")")
    }

    @Test(arguments: [
        (#""quantization_config":{"quant_method":"awq","bits":4}"#, "awq"),
        (#""quantization_config":{"quant_method":"GPTQ"}"#, "gptq"),
        (#""quantization_config":{"quant_method":"hqq"}"#, "hqq"),
        (#""quantization_config":{"quant_method":"torchao"}"#, "torchao"),
        (#""quantization_config":{"quant_method":"quanto"}"#, "quanto"),
        (#""quantization_config":{"quant_method":"exl2"}"#, "exl2"),
        (#""quantization_config":{"quant_method":"aqlm"}"#, "aqlm"),
        (#""quantization_config":{"quant_algo":"NVFP4"}"#, "modelopt"),
        (#""quantization_config":{"producer":{"name":"x"}}"#, "modelopt"),
        (#""text_config":{"quantization_config":{"quant_method":"spqr"}}"#, "spqr"),
        (#""quantization_config":{"anything":1}"#, "a method without quant_method"),
        (#""quantization":{"group_size":64,"bits":4},"quantization_config":{"quant_method":"fp8"}"#, "mlx"),
    ])
    func namesTheMethodThatTheConfigurationTells(_ keys: String, _ method: String) throws {
        let directory = try TemporaryDirectory(copying: "gemma3-trained")
        try directory.replace("config.json", "{", with: "{\(keys),")
        let text = errorText { _ = try GemmaConfiguration(reading: try directory.files()) }
        #expect(text?.hasPrefix("config.json: unsupported: \(method): ") == true, "\(text ?? "nothing")")
        #expect(ModelInspection(of: try directory.files()).outcome == .unsupported)
    }

    @Test(arguments: [
        (#""quantization":{"group_size":64,"bits":4}"#, "mlx"),
        (#""quantization_config":{"group_size":64,"bits":4}"#, "mlx"),
        (#""quantization_config":{"load_in_4bit":true}"#, "bitsandbytes"),
        (#""quantization_config":{"quant_method":"compressed-tensors"}"#, "compressed-tensors"),
        (#""compression_config":{"format":"pack-quantized"}"#, "compressed-tensors"),
        (#""quantization_config":{"quant_method":"fp8"}"#, "fp8"),
    ])
    func refusesPlainWeightsThatAreCalledQuantised(_ keys: String, _ method: String) throws {
        let directory = try TemporaryDirectory(copying: "gemma3-trained")
        try directory.replace("config.json", "{", with: "{\(keys),")
        let text = errorText { _ = try ModelTensors(reading: try directory.files()) }
        #expect(text?.hasPrefix("config.json: unsupported: \(method): ") == true, "\(text ?? "nothing")")
        #expect(text?.hasSuffix("but every tensor is stored plainly") == true, "\(text ?? "nothing")")
        #expect(ModelInspection(of: try directory.files())[.tensorShapes]?.outcome == .unsupported)
    }

    @Test func emptySettingsAreNone() throws {
        let directory = try TemporaryDirectory(copying: "gemma3-trained")
        try directory.replace("config.json", "{", with: #"{"quantization_config":{},"quantization":null,"#)
        #expect(try ModelTensors(reading: try directory.files()).tensors.isEmpty == false)
    }

    private static let ct = #"{"quantization_config":{"quant_method":"compressed-tensors"}}"#
    private static let bnb = #"{"quantization_config":{"quant_method":"bitsandbytes"}}"#
    private static let mlx = #"{"quantization":{"group_size":64,"bits":4}}"#

    @Test(
        arguments: [
            (
                ct, [("\(x).weight_packed", "I32", [4, 8]), ("\(x).weight_shape", "I64", [2])],
                "no weight_scale beside it"
            ),
            (
                ct,
                [
                    ("\(x).weight_packed", "I32", [4, 8]), ("\(x).weight_scale", "BF16", [4, 1]),
                    ("\(x).weight_zero_point", "I32", [1, 1]),
                ], "weight_zero_point beside it"
            ),
            (
                ct,
                [
                    ("\(x).weight_packed", "I32", [4, 8]), ("\(x).weight_scale", "BF16", [4, 1]),
                    ("\(x).weight_shape", "I64", [2]),
                ], "expected [4, columns], got [0, 0]"
            ),
            (
                ct, [("\(x).weight_packed", "U8", [4, 8]), ("\(x).weight_scale", "F8_E4M3", [4, 1])],
                "expected one of BF16"
            ),
            (
                ct, [("\(x).weight", "F8_E4M3", [8, 8]), ("\(x).weight_scale", "F32", [3, 1])], "blocks of another size"
            ),
            (bnb, [("\(x).weight", "I8", [4, 8]), ("\(x).SCB", "F32", [3])], "expected [4], got [3]"),
            (bnb, [("\(x).weight", "U8", [16, 1]), ("\(x).weight.absmax", "F32", [1])], "bitsandbytes__nf4 or __fp4"),
            (mlx, [("\(x).weight", "U32", [4, 8]), ("\(x).scales", "BF16", [4, 1])], "up_proj.biases beside it"),
            (
                mlx,
                [("\(x).weight", "U32", [4, 8]), ("\(x).scales", "BF16", [4, 2]), ("\(x).biases", "BF16", [4, 1])],
                "expected [4, 1], groups of 64, got [4, 2]"
            ),
        ] as [(String, [(String, String, [Int])], String)])
    func namesThePartThatDoesNotFit(
        _ config: String, _ tensors: [(String, String, [Int])], _ message: String
    ) throws {
        let directory = try model(tensors.map { (name: $0.0, type: $0.1, shape: $0.2) }, config: config)
        let text = errorText { _ = try ModelTensors(reading: try directory.files()) }
        #expect(text?.contains(message) == true, "\(text ?? "nothing")")
    }
}

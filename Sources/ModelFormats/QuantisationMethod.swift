/// How a repository says that its weights are quantised, by the name that the method goes by: `awq`, `gptq`, `mlx`.
package struct QuantisationMethod: Sendable {
    package let name: String
    /// What config.json says about it; nil when only tensors tell.
    let settings: JSONObject?
    /// Where it was seen, for messages.
    let evidence: String

    /// The methods whose weights this build computes with. Weights alone: what a runtime of the method does to activations
    /// is not part of it.
    static let computed: Set<String> = ["bitsandbytes", "compressed-tensors", "fp8", "mlx"]

    func refusal(file: String, _ reason: String) -> ModelFormatError {
        .quantised(file: file, method: name, reason: reason)
    }

    /// Keys of a configuration that describe stored weights.
    static let keys = ["quantization_config", "quantization", "compression_config"]

    /// What config.json announces, at its top or in the text part; nil when it announces nothing.
    /// - Throws: when two announcements name different methods.
    static func announced(in config: JSONObject, file: String) throws -> QuantisationMethod? {
        var found: QuantisationMethod?
        for (path, part) in [("", config), ("text_config.", config["text_config"]?.object ?? JSONObject())] {
            for key in keys {
                guard let settings = part[key]?.object, !settings.members.isEmpty else { continue }
                let method = QuantisationMethod(
                    name: name(of: settings, key: key), settings: settings, evidence: path + key)
                if let found, found.name != method.name {
                    throw method.refusal(
                        file: file, "\(method.evidence) says so, but \(found.evidence) says \(found.name)")
                }
                found = found ?? method
            }
        }
        return found
    }

    /// `quant_method`, or what settings without one belong to.
    static func name(of settings: JSONObject, key: String) -> String {
        if let method = settings["quant_method"]?.string { return printable(method.lowercased(), limit: 40) }
        if key == "compression_config" { return "compressed-tensors" }
        if settings["load_in_4bit"] != nil || settings["load_in_8bit"] != nil { return "bitsandbytes" }
        // MLX copies its own key's content to quantization_config, without a method.
        if settings["group_size"] != nil, settings["bits"] != nil { return "mlx" }
        if settings["quant_algo"] != nil || settings["producer"] != nil { return "modelopt" }
        return "a method without quant_method"
    }

    /// What the names, types and shapes of tensors tell, the likeliest methods first, and the tensor that tells it; empty
    /// for plain weights. A tensor that tells `announced` counts before all others.
    static func candidates(
        in tensors: ModelTensors, announced: String?
    ) -> (names: [String], tensor: String) {
        var first: (names: [String], tensor: String) = ([], "")
        for (tensor, _) in tensors.tensors {
            let names = methods(of: tensor, in: tensors)
            if let announced, names.contains(announced) { return (names, tensor.name) }
            if first.names.isEmpty, !names.isEmpty { first = (names, tensor.name) }
        }
        return first
    }

    private static func methods(of tensor: Tensor, in tensors: ModelTensors) -> [String] {
        let name = tensor.name
        for (ending, methods) in endings where name.hasSuffix(ending) { return methods }
        if name.contains(".weight.quant_state.") { return ["bitsandbytes"] }
        if name.hasSuffix(".qweight") {
            let module = name.dropLast(".qweight".count), scales = tensors[module + ".scales"]?.tensor.shape.last
            // GPTQ packs along the inputs, AWQ along the outputs, of which there are as many as scales.
            let isAWQ = tensors[module + ".g_idx"] == nil && tensor.shape.last != scales
            return [isAWQ ? "awq" : "gptq", isAWQ ? "gptq" : "awq", "auto-round"]
        }
        guard name.hasSuffix(".weight") else { return [] }
        let module = name.dropLast(".weight".count)
        func has(_ part: String) -> Bool { tensors[module + part] != nil }
        switch tensor.element {
        case .u32 where has(".scales"): return ["mlx"]
        case .i8 where has(".SCB"): return ["bitsandbytes"]
        case .i8 where has(".weight_scale"): return ["compressed-tensors", "quark", "modelopt", "torchao"]
        case .f8e4m3, .f8e5m2:
            return has(".weight_scale_inv")
                ? ["fp8"] : ["compressed-tensors", "modelopt", "fbgemm_fp8", "quark", "fp8"]
        case .u8 where has(".weight.absmax"): return ["bitsandbytes"]
        case .u8 where has(".weight_scale_2"): return ["modelopt"]
        case .u8: return ["bitnet", "nvfp4", "mxfp4", "quark", "modelopt"]
        case .u32, .i32, .i8: return ["packed integers"]
        default: return []
        }
    }

    private static let endings: [(String, [String])] = [
        (".weight.absmax", ["bitsandbytes"]), (".weight_packed", ["compressed-tensors"]), (".SCB", ["bitsandbytes"]),
        (".weight_scale_inv", ["fp8"]), (".weight_scale_2", ["modelopt"]),
        (".weight_global_scale", ["compressed-tensors"]),
        (".q_weight", ["exl2"]), (".q_invperm", ["exl2"]), (".trellis", ["exl3"]), (".suh", ["exl3"]),
        (".svh", ["exl3"]),
        (".W_q", ["hqq"]), (".codebooks", ["aqlm"]), (".weight._data", ["quanto"]), (".weight._scale", ["quanto"]),
        ("_weight_qdata", ["torchao"]), (":qdata", ["torchao"]), (".weight_blocks", ["mxfp4"]),
        (".indices.centroids", ["vptq"]), (".dense_weights", ["spqr"]),
    ]
}

import ModelFormats

/// What a tensor is for, whatever the container calls it.
enum TensorRole: String, CaseIterable, Sendable {
    case embedding, finalNorm
    case query, key, value, output, gate, up, down
    case inputNorm, queryNorm, keyNorm, postAttentionNorm, preFeedForwardNorm, postFeedForwardNorm

    /// The name after the layer's prefix: in safetensors, in GGUF.
    private var endings: (safetensors: String, gguf: String) {
        switch self {
        case .embedding: ("embed_tokens.weight", "token_embd.weight")
        case .finalNorm: ("norm.weight", "output_norm.weight")
        case .query: ("self_attn.q_proj.weight", "attn_q.weight")
        case .key: ("self_attn.k_proj.weight", "attn_k.weight")
        case .value: ("self_attn.v_proj.weight", "attn_v.weight")
        case .output: ("self_attn.o_proj.weight", "attn_output.weight")
        case .gate: ("mlp.gate_proj.weight", "ffn_gate.weight")
        case .up: ("mlp.up_proj.weight", "ffn_up.weight")
        case .down: ("mlp.down_proj.weight", "ffn_down.weight")
        case .inputNorm: ("input_layernorm.weight", "attn_norm.weight")
        case .queryNorm: ("self_attn.q_norm.weight", "attn_q_norm.weight")
        case .keyNorm: ("self_attn.k_norm.weight", "attn_k_norm.weight")
        case .postAttentionNorm: ("post_attention_layernorm.weight", "post_attention_norm.weight")
        case .preFeedForwardNorm: ("pre_feedforward_layernorm.weight", "ffn_norm.weight")
        case .postFeedForwardNorm: ("post_feedforward_layernorm.weight", "post_ffw_norm.weight")
        }
    }

    func ending(isGGUF: Bool) -> String { isGGUF ? endings.gguf : endings.safetensors }
}

extension CheckpointCopy {
    /// The layer that a tensor of the language model belongs to; nil for others.
    func layer(of name: String) -> Int? {
        guard !name.contains("vision"), !name.contains("audio") else { return nil }
        let parts = name.split(separator: ".")
        guard let index = parts.firstIndex(where: { $0 == "layers" || $0 == "blk" }), index + 1 < parts.count else {
            return nil
        }
        return Int(parts[index + 1])
    }

    var layerCount: Int { (tensorNames.compactMap(layer(of:)).max() ?? -1) + 1 }

    /// The name of the tensor of that role in that layer.
    /// - Throws: `Fault.Inapplicable` where there is none.
    func name(_ role: TensorRole, _ layer: Int? = nil) throws -> String {
        let ending = role.ending(isGGUF: isGGUF)
        let found = tensorNames.first { name in
            guard name.hasSuffix(ending), self.layer(of: name) == layer, !name.contains("vision"),
                !name.contains("audio")
            else { return false }
            let start = name.dropLast(ending.count)
            return start.isEmpty || start.hasSuffix(".")
        }
        guard let found else {
            throw Fault.Inapplicable(
                description: "there is no \(role.rawValue)\(layer.map { " in layer \($0)" } ?? "")")
        }
        return found
    }

    /// All RMS norms of the language model, the final one included.
    var normNames: [String] {
        tensorNames.filter { name in
            name.hasSuffix("norm.weight") && !name.contains("vision") && !name.contains("audio")
        }
    }
}

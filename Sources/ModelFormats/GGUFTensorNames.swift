/// The names that transformers' text models give the tensors of a GGUF file.
struct GGUFTensorNames {
    let architecture: String

    /// The parts of a stored tensor under the names of transformers: usually one, several for stacked matrices. A name
    /// that is no part of a language model stays as it is.
    /// - Throws: ModelFormatError.unsupported for tensors that llama.cpp computes with and this build does not.
    func parts(of tensor: Tensor, file: String) throws -> [Tensor] {
        if let stack = Self.stacks[tensor.name] { return try slices(of: tensor, as: stack, file: file) }
        guard let name = canonical(tensor.name) else {
            guard Self.towers.contains(where: { tensor.name.hasPrefix($0) }) else {
                throw ModelFormatError.unsupported(
                    file: file, what: "tensor \(tensor.name)", reason: "it has no place in a \(architecture) model")
            }
            return [tensor]
        }
        return [Tensor(name: name, element: tensor.element, shape: tensor.shape, range: tensor.range)]
    }

    private func canonical(_ name: String) -> String? {
        if let whole = Self.whole[name] { return whole }
        let parts = name.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, parts[0] == "blk", let layer = Int(parts[1]), String(layer) == parts[1],
            let inLayer = self.inLayer(String(parts[2]))
        else { return nil }
        return "model.layers.\(layer).\(inLayer)"
    }

    private func inLayer(_ name: String) -> String? {
        // Gemma 1 has no norms after its parts: there `post_attention_layernorm` comes before the feed-forward.
        if architecture == "gemma", name == "ffn_norm.weight" { return "post_attention_layernorm.weight" }
        return Self.layer[name]
    }

    /// Matrices one after the other, [n, rows, columns]: transformers has n tensors.
    private func slices(of tensor: Tensor, as name: String, file: String) throws -> [Tensor] {
        // One for each stream of AltUp but the first, of which a configuration has at most 64.
        guard tensor.shape.count == 3, (1...63).contains(tensor.shape[0]) else {
            throw ModelFormatError.configuration(
                file: file, key: tensor.name, expected: "a stack of 1 to 63 matrices, 3 dimensions",
                got: "\(tensor.shape)")
        }
        let count = tensor.shape[0], size = tensor.range.count / count
        return (0..<count).map { index in
            let start = tensor.range.lowerBound + index * size
            return Tensor(
                name: "model.\(name).\(index).weight", element: tensor.element, shape: Array(tensor.shape[1...]),
                range: start..<(start + size))
        }
    }

    /// Beside a language model in some conversions; never read.
    private static let towers = ["v.", "a.", "mm."]

    private static let stacks = [
        "altup_proj.weight": "altup_projections", "altup_unembd_proj.weight": "altup_unembed_projections",
    ]

    private static let whole = [
        "token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
        "per_layer_token_embd.weight": "model.embed_tokens_per_layer.weight",
        "per_layer_model_proj.weight": "model.per_layer_model_projection.weight",
        "per_layer_proj_norm.weight": "model.per_layer_projection_norm.weight",
    ]

    private static let layer = [
        "attn_norm.weight": "input_layernorm.weight",
        "attn_q.weight": "self_attn.q_proj.weight", "attn_k.weight": "self_attn.k_proj.weight",
        "attn_v.weight": "self_attn.v_proj.weight", "attn_output.weight": "self_attn.o_proj.weight",
        "attn_q_norm.weight": "self_attn.q_norm.weight", "attn_k_norm.weight": "self_attn.k_norm.weight",
        "post_attention_norm.weight": "post_attention_layernorm.weight",
        "ffn_norm.weight": "pre_feedforward_layernorm.weight",
        "ffn_gate.weight": "mlp.gate_proj.weight", "ffn_up.weight": "mlp.up_proj.weight",
        "ffn_down.weight": "mlp.down_proj.weight", "post_ffw_norm.weight": "post_feedforward_layernorm.weight",
        // Gemma 4
        "layer_output_scale.weight": "layer_scalar",
        "ffn_gate_inp.weight": "router.proj.weight", "ffn_gate_inp.scale": "router.scale",
        "ffn_gate_up_exps.weight": "experts.gate_up_proj", "ffn_down_exps.weight": "experts.down_proj",
        "ffn_down_exps.scale": "router.per_expert_scale",
        "post_ffw_norm_1.weight": "post_feedforward_layernorm_1.weight",
        "pre_ffw_norm_2.weight": "pre_feedforward_layernorm_2.weight",
        "post_ffw_norm_2.weight": "post_feedforward_layernorm_2.weight",
        // inputs per layer, of Gemma 3n and 4
        "inp_gate.weight": "per_layer_input_gate.weight", "proj.weight": "per_layer_projection.weight",
        "post_norm.weight": "post_per_layer_input_norm.weight",
        // Gemma 3n
        "altup_router.weight": "altup.modality_router.weight", "altup_router_norm.weight": "altup.router_norm.weight",
        "altup_predict_coef.weight": "altup.prediction_coefs.weight",
        "altup_correct_coef.weight": "altup.correction_coefs.weight",
        "altup_correct_scale.weight": "altup.correct_output_scale",
        "laurel_l.weight": "laurel.linear_left.weight", "laurel_r.weight": "laurel.linear_right.weight",
        "laurel_post_norm.weight": "laurel.post_laurel_norm.weight",
    ]
}

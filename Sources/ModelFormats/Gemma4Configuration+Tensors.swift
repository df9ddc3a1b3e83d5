extension Gemma4Configuration {
    /// Names as transformers 5.23 accepts them: `model.` for the text class, `model.language_model.` for the wrapper;
    /// without the first `model.` for their bare bodies.
    package func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors {
        let prefixes = isWrapper ? ["model.language_model.", "language_model."] : ["model.", ""]
        let towers = ["vision_tower.", "audio_tower.", "embed_vision.", "embed_audio.", "vision_embedder."]
        return try ExpectedTensors(
            in: tensors, modelType: modelType, prefixes: prefixes, vocabularySize: vocabularySize,
            hiddenSize: hiddenSize, headNames: ["lm_head.weight"], tiesWordEmbeddings: tiesWordEmbeddings,
            knownExtras: (isWrapper ? towers.flatMap { ["model." + $0, $0] } : [])
                + prefixes.flatMap(unusedKeyValueNames)
        ) { prefix in
            perLayerTensors(prefix)
                + layers.enumerated().flatMap { index, layer in
                    layerTensors(layer, index).map {
                        .init(name: "\(prefix)layers.\(index).\($0.0)", shape: $0.1)
                    }
                }
        }
    }

    /// Published repositories carry the keys' and values' weights of layers that read another layer's.
    private func unusedKeyValueNames(_ prefix: String) -> [String] {
        layers.enumerated().filter { $0.offset != $0.element.keyValueSource }.flatMap { index, _ in
            ["k_proj", "v_proj", "k_norm", "v_norm"].map { "\(prefix)layers.\(index).self_attn.\($0)." }
        }
    }

    private func perLayerTensors(_ prefix: String) -> [ExpectedTensors.Expected] {
        guard let embedding = perLayerEmbedding else { return [] }
        let row = layers.count * embedding.width
        return [
            .init(name: prefix + "embed_tokens_per_layer.weight", shape: [embedding.vocabularySize, row]),
            .init(name: prefix + "per_layer_model_projection.weight", shape: [row, hiddenSize]),
            .init(name: prefix + "per_layer_projection_norm.weight", shape: [embedding.width]),
        ]
    }

    private func layerTensors(_ layer: Layer, _ index: Int) -> [(String, [Int])] {
        let h = hiddenSize, f = layer.intermediateSize, d = layer.headDimension
        var tensors: [(String, [Int])] = [
            ("input_layernorm.weight", [h]),
            ("self_attn.q_proj.weight", [queryHeads * d, h]),
            ("self_attn.q_norm.weight", [d]),
            ("self_attn.o_proj.weight", [h, queryHeads * d]),
            ("post_attention_layernorm.weight", [h]),
            ("pre_feedforward_layernorm.weight", [h]),
            ("mlp.gate_proj.weight", [f, h]),
            ("mlp.up_proj.weight", [f, h]),
            ("mlp.down_proj.weight", [h, f]),
            ("post_feedforward_layernorm.weight", [h]),
            ("layer_scalar", [1]),
        ]
        if layer.keyValueSource == index {
            tensors += [
                ("self_attn.k_proj.weight", [layer.keyValueHeads * d, h]), ("self_attn.k_norm.weight", [d]),
            ]
            if !layer.valuesAreKeys { tensors.append(("self_attn.v_proj.weight", [layer.keyValueHeads * d, h])) }
        }
        if let experts {
            let (e, fe) = (experts.count, experts.intermediateSize)
            tensors += [
                ("router.scale", [h]),
                ("router.proj.weight", [e, h]),
                ("router.per_expert_scale", [e]),
                ("experts.gate_up_proj", [e, 2 * fe, h]),
                ("experts.down_proj", [e, h, fe]),
                ("post_feedforward_layernorm_1.weight", [h]),
                ("pre_feedforward_layernorm_2.weight", [h]),
                ("post_feedforward_layernorm_2.weight", [h]),
            ]
        }
        if let p = perLayerEmbedding?.width {
            tensors += [
                ("per_layer_input_gate.weight", [p, h]),
                ("per_layer_projection.weight", [h, p]),
                ("post_per_layer_input_norm.weight", [h]),
            ]
        }
        return tensors
    }
}

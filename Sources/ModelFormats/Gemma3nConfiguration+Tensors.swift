extension Gemma3nConfiguration {
    /// Names as transformers 5.23 accepts them: `model.` for the text class (nothing for its bare body,
    /// `model.language_model.` when taken out of a wrapper), `model.language_model.` for the wrapper. Layers that share
    /// keys and values need none of their own; the published files carry them all the same.
    package func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors {
        let isWrapper = modelType == "gemma3n"
        let prefixes =
            isWrapper ? ["model.language_model.", "language_model."] : ["model.", "model.language_model.", ""]
        let unused = layers.indices.filter { layers[$0].keyValueSource != nil }.flatMap { index in
            prefixes.flatMap { prefix in
                ["k_proj.", "v_proj.", "k_norm."].map { "\(prefix)layers.\(index).self_attn.\($0)" }
            }
        }
        let wrapperExtras = ["vision_tower.", "audio_tower.", "embed_vision.", "embed_audio."]
        return try ExpectedTensors(
            in: tensors, modelType: modelType, prefixes: prefixes, vocabularySize: vocabularySize,
            hiddenSize: hiddenSize, headNames: ["lm_head.weight"], tiesWordEmbeddings: tiesWordEmbeddings,
            knownExtras: unused + (isWrapper ? wrapperExtras + wrapperExtras.map { "model." + $0 } : [])
        ) { prefix in
            let outside = prefix.dropLast("language_model.".count)
            return modelShapes.map { .init(name: prefix + $0.0 + ".weight", shape: $0.1) }
                + layers.indices.flatMap { index in
                    layerShapes(index).map { .init(name: "\(prefix)layers.\(index).\($0.0)", shape: $0.1) }
                }
                + multimodalEmbedders.flatMap { embedder in
                    shapes(embedder).map { .init(name: "\(outside)\(embedder.module).\($0.0).weight", shape: $0.1) }
                }
        }
    }

    private var modelShapes: [(String, [Int])] {
        let h = hiddenSize, d = perLayerInputSize, all = layers.count * perLayerInputSize
        return [
            ("embed_tokens_per_layer", [perLayerVocabularySize, all]),
            ("per_layer_model_projection", [all, h]),
            ("per_layer_projection_norm", [d]),
        ]
            + (1..<altUp.streams).flatMap { stream in
                [("altup_projections.\(stream - 1)", [h, h]), ("altup_unembed_projections.\(stream - 1)", [h, h])]
            }
    }

    private func layerShapes(_ index: Int) -> [(String, [Int])] {
        let h = hiddenSize, f = layers[index].intermediateSize, d = headDimension, n = altUp.streams
        let query = queryHeads * d, keyValue = keyValueHeads * d
        let ownKeysAndValues: [(String, [Int])] = [
            ("self_attn.k_proj.weight", [keyValue, h]),
            ("self_attn.v_proj.weight", [keyValue, h]),
            ("self_attn.k_norm.weight", [d]),
        ]
        return [
            ("altup.router_norm.weight", [h]),
            ("altup.modality_router.weight", [n, h]),
            ("altup.prediction_coefs.weight", [n * n, n]),
            ("altup.correction_coefs.weight", [n, n]),
            ("altup.correct_output_scale", [h]),
            ("input_layernorm.weight", [h]),
            ("laurel.linear_left.weight", [laurelRank, h]),
            ("laurel.linear_right.weight", [h, laurelRank]),
            ("laurel.post_laurel_norm.weight", [h]),
            ("self_attn.q_proj.weight", [query, h]),
            ("self_attn.q_norm.weight", [d]),
            ("self_attn.o_proj.weight", [h, query]),
            ("post_attention_layernorm.weight", [h]),
            ("pre_feedforward_layernorm.weight", [h]),
            ("mlp.gate_proj.weight", [f, h]),
            ("mlp.up_proj.weight", [f, h]),
            ("mlp.down_proj.weight", [h, f]),
            ("post_feedforward_layernorm.weight", [h]),
            ("per_layer_input_gate.weight", [perLayerInputSize, h]),
            ("per_layer_projection.weight", [h, perLayerInputSize]),
            ("post_per_layer_input_norm.weight", [h]),
        ] + (layers[index].keyValueSource == nil ? ownKeysAndValues : [])
    }

    private func shapes(_ embedder: MultimodalEmbedder) -> [(String, [Int])] {
        [
            ("embedding", [embedder.rows, embedder.hiddenSize]),
            ("hard_embedding_norm", [embedder.hiddenSize]),
            ("embedding_projection", [hiddenSize, embedder.hiddenSize]),
        ]
    }
}

/// The tensors that a configuration implies, by their names in the file.
package struct ExpectedTensors: Sendable {
    package struct Expected: Equatable, Sendable {
        package let name: String
        package let shape: [Int]
    }

    /// The part of all names before `embed_tokens.weight`.
    package let prefix: String
    package let required: [Expected]
    /// Present in some uploads, not needed: a tied lm_head is compared, towers and projectors are ignored.
    package let knownExtras: [String]

    /// What a comparison with the tensors present found.
    package struct Comparison: Sendable {
        package var missing: [Expected] = []
        package var misshapen: [(expected: Expected, got: [Int])] = []
        /// Required tensors stored in a type that the forward pass does not read.
        package var unreadable: [(name: String, element: TensorElement)] = []
        /// Neither required nor a known extra.
        package var unexpected: [String] = []
    }

    package static let readableElements: Set<TensorElement> = [.bf16, .f16, .f32]

    package func compared(with tensors: ModelTensors) -> Comparison {
        var comparison = Comparison()
        for expected in required {
            guard let found = tensors[expected.name]?.tensor else {
                comparison.missing.append(expected)
                continue
            }
            if found.shape != expected.shape { comparison.misshapen.append((expected, found.shape)) }
            if !Self.readableElements.contains(found.element) {
                comparison.unreadable.append((found.name, found.element))
            }
        }
        let names = Set(required.map { Array($0.name.utf8) })
        comparison.unexpected = tensors.tensors.map(\.tensor.name).filter { name in
            !names.contains(Array(name.utf8)) && !knownExtras.contains { name.utf8.starts(with: $0.utf8) }
        }
        return comparison
    }
}

extension Gemma3Configuration {
    /// Where transformers 5.23 finds an output head of its own: `lm_head.weight`, and for the wrapper also (and then
    /// rather) `language_model.lm_head.weight`, as old checkpoints have it.
    package var headNames: [String] {
        modelType == "gemma3" ? ["lm_head.weight", "language_model.lm_head.weight"] : ["lm_head.weight"]
    }

    /// Names as transformers 5.23 accepts them: `model.` for the text class (nothing for its bare body); for the wrapper
    /// `language_model.model.` (as published) or `model.language_model.` (newer saves). Under any other name it leaves
    /// the weights random, so a model that only we could load does not pass here.
    package func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors {
        let prefixes = modelType == "gemma3" ? ["language_model.model.", "model.language_model."] : ["model.", ""]
        guard let prefix = prefixes.first(where: { tensors[$0 + "embed_tokens.weight"] != nil }) else {
            throw ModelFormatError.malformedSafetensors(
                file: tensors.files.first?.name ?? "model.safetensors", tensor: prefixes[0] + "embed_tokens.weight",
                field: "tensor", expected: "to be present, as \(modelType) needs", got: "no such name")
        }
        let h = hiddenSize, f = intermediateSize, d = headDimension
        var required = [
            ExpectedTensors.Expected(name: prefix + "embed_tokens.weight", shape: [vocabularySize, h]),
            ExpectedTensors.Expected(name: prefix + "norm.weight", shape: [h]),
        ]
        for index in layers.indices {
            let shapes: [(String, [Int])] = [
                ("input_layernorm", [h]),
                ("self_attn.q_proj", [queryHeads * d, h]),
                ("self_attn.k_proj", [keyValueHeads * d, h]),
                ("self_attn.v_proj", [keyValueHeads * d, h]),
                ("self_attn.q_norm", [d]),
                ("self_attn.k_norm", [d]),
                ("self_attn.o_proj", [h, queryHeads * d]),
                ("post_attention_layernorm", [h]),
                ("pre_feedforward_layernorm", [h]),
                ("mlp.gate_proj", [f, h]),
                ("mlp.up_proj", [f, h]),
                ("mlp.down_proj", [h, f]),
                ("post_feedforward_layernorm", [h]),
            ]
            required += shapes.map { .init(name: "\(prefix)layers.\(index).\($0.0).weight", shape: $0.1) }
        }
        // A tied head stored all the same: transformers uses it when its values differ from the embedding.
        let heads = headNames.filter { tensors[$0] != nil }
        required += (heads.isEmpty && !tiesWordEmbeddings ? [headNames[0]] : heads).map {
            .init(name: $0, shape: [vocabularySize, h])
        }
        return ExpectedTensors(
            prefix: prefix, required: required,
            knownExtras: modelType == "gemma3"
                ? ["vision_tower.", "model.vision_tower.", "multi_modal_projector.", "model.multi_modal_projector."]
                : [])
    }
}

/// config.json of a drafter (Gemma4AssistantConfig and its unified twin in transformers 5.23): a Gemma 4 text model whose
/// layers make no keys and values but read those of a target model, between two projections.
package struct DrafterConfiguration: Sendable {
    package static let modelTypes = ["gemma4_assistant", "gemma4_unified_assistant"]

    package let modelType: String
    /// As if its layers had keys and values of their own; `expectedTensors` leaves them out.
    package let text: Gemma4Configuration
    /// The width of the target model's states.
    package let targetHiddenSize: Int
    /// Groups of the vocabulary of which only the likeliest are scored; nil when the whole head is used.
    package let centroids: Int?

    /// The permutation of the vocabulary by groups, stored as I64 [vocabulary].
    package static let orderingName = "masked_embedding.token_ordering"

    package init(reading model: ModelFiles) throws {
        let file = GemmaConfiguration.path
        guard let config = try model.json(file) else {
            throw ModelFormatError.unreadable(file: file, reason: "not among the files of this model")
        }
        var reader = ConfigurationReader(config.object ?? JSONObject(), file: file)
        modelType = try reader.string("model_type") ?? ""
        guard Self.modelTypes.contains(modelType) else {
            throw reader.fault(
                "model_type", expected: Self.modelTypes.joined(separator: " or "), got: quoted(modelType))
        }
        let isUnified = modelType == "gemma4_unified_assistant"
        targetHiddenSize = try reader.integer("backbone_hidden_size", in: 1...(1 << 20)) ?? (isUnified ? 3840 : 1536)
        let isOrdered = try reader.boolean("use_ordered_embeddings") ?? false
        let count = try reader.integer("num_centroids", in: 1...(1 << 24)) ?? 2048
        guard var inner = try reader.object("text_config") else {
            throw reader.fault("text_config", expected: "the configuration of its layers", got: "nothing")
        }
        var outline = ConfigurationReader(inner, file: file, path: "text_config.")
        let layers = try outline.integer("num_hidden_layers", in: 1...1024) ?? 30
        let shared = try outline.integer("num_kv_shared_layers", in: 0...1024) ?? 0
        guard shared == 0 || shared == layers else {
            throw outline.fault(
                "num_kv_shared_layers", expected: "\(layers), all layers of a drafter", got: "\(shared)")
        }
        _ = try outline.integer("vocab_size_per_layer_input", in: 0...0)
        inner.members.removeAll { ["num_kv_shared_layers", "vocab_size_per_layer_input"].contains($0.key) }
        let innerType = isUnified ? "gemma4_unified_text" : "gemma4_text"
        var text = ConfigurationReader(inner, file: file, path: "text_config.")
        try text.expect("model_type", innerType)
        self.text = try Gemma4Configuration(text, modelType: innerType, generation: nil)
        guard self.text.perLayerEmbedding == nil, self.text.experts == nil else {
            throw text.fault(
                self.text.experts == nil ? "hidden_size_per_layer_input" : "enable_moe_block",
                expected: "0, as drafters have it", got: "another value")
        }
        centroids = isOrdered ? count : nil
        if isOrdered, self.text.vocabularySize % count != 0 {
            throw reader.fault(
                "num_centroids", expected: "a divisor of the vocabulary of \(self.text.vocabularySize)", got: "\(count)"
            )
        }
    }

    /// All but the ordering, which holds no numbers to compute with.
    package func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors {
        let own = try text.expectedTensors(in: tensors), h = text.hiddenSize
        let made = ["k_proj.weight", "v_proj.weight", "k_norm.weight"].map { ".self_attn." + $0 }
        var required = own.required.filter { tensor in !made.contains { tensor.name.hasSuffix($0) } }
        required += [
            .init(name: "pre_projection.weight", shape: [h, 2 * targetHiddenSize]),
            .init(name: "post_projection.weight", shape: [targetHiddenSize, h]),
        ]
        if let centroids { required.append(.init(name: "masked_embedding.centroids.weight", shape: [centroids, h])) }
        return ExpectedTensors(
            own, required: required, knownExtras: own.knownExtras + (centroids == nil ? [] : [Self.orderingName]))
    }
}

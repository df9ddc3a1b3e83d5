/// The config.json that a GGUF file's metadata amount to, so that the same strict readers check both.
///
/// What converters do not store follows llama.cpp's rules (conversion/gemma.py, src/models/gemma*.cpp). A key of the
/// architecture's own namespace that is neither used here nor known to be harmless is refused, unless it is switched
/// off: it may change the arithmetic.
struct GGUFConfiguration {
    let checkpoint: GGUFCheckpoint
    let metadata: GGUFMetadata
    /// gemma, gemma2, gemma3, gemma3n or gemma4.
    let architecture: String
    let layerCount: Int
    var keysRead = Set<String>()
    var config = JSONObject()

    /// The architectures whose language models are read.
    static let modelTypes = [
        "gemma": "gemma", "gemma2": "gemma2", "gemma3": "gemma3_text", "gemma3n": "gemma3n_text",
        "gemma4": "gemma4_text",
    ]

    init(_ checkpoint: GGUFCheckpoint) throws {
        self.checkpoint = checkpoint
        metadata = checkpoint.metadata
        architecture = try checkpoint.architecture()
        guard let modelType = Self.modelTypes[architecture] else {
            throw ModelFormatError.unsupported(
                file: checkpoint.name, what: "architecture \(architecture)",
                reason: Self.reasons[architecture] ?? "not a Gemma language model known here")
        }
        let count = metadata["\(architecture).block_count"]
        guard case .integer(let layers)? = count, (1...1024).contains(layers) else {
            throw ModelFormatError.configuration(
                file: checkpoint.name, key: "\(architecture).block_count", expected: "a whole number from 1 to 1024",
                got: count.map(metadata.summary) ?? "nothing")
        }
        layerCount = layers
        keysRead.insert("block_count")
        set("model_type", .string(modelType))
        try setCommonKeys()
        switch architecture {
        case "gemma": try setGemma()
        case "gemma2": try setGemma2()
        case "gemma3": try setGemma3()
        case "gemma3n": try setGemma3n()
        default: try setGemma4()
        }
        try refuseOtherKeys()
    }

    private static let reasons = [
        "clip": "the vision or audio tower of another model",
        "gemma-embedding": "EmbeddingGemma, which looks both ways and answers with vectors",
        "gemma4-assistant": "a draft head that reads its target's keys and values",
    ]

    mutating func set(_ key: String, _ value: JSONValue) { config.members.append((key, value)) }

    private mutating func setCommonKeys() throws {
        let embedding = try shape(of: "token_embd.weight", rank: 2)
        set("vocab_size", .integer(embedding[0]))
        set("hidden_size", .integer(try required("embedding_length")))
        set("num_hidden_layers", .integer(layerCount))
        set("num_attention_heads", .integer(try queryHeads()))
        set("rms_norm_eps", .number(try requiredNumber("attention.layer_norm_rms_epsilon")))
        set("max_position_embeddings", .integer(try required("context_length")))
        set("tie_word_embeddings", .boolean(checkpoint.tensor("output.weight") == nil))
        set("eos_token_id", .array(endOfSequence().map { .integer($0) }))
        if let name = try string("hidden_activation") {
            set(architecture == "gemma" ? "hidden_act" : "hidden_activation", .string(name))
        }
        if try boolean("attention.causal") == false { set("is_causal", .boolean(false)) }
        if try number("rope.scaling.attn_factor") ?? 1 != 1 { throw fault("rope.scaling.attn_factor", expected: "1") }
    }

    mutating func queryHeads() throws -> Int {
        guard let heads = try uniform("attention.head_count") else {
            throw fault("attention.head_count", expected: "a number, the same for all layers")
        }
        return heads
    }

    /// Tokens that end a text: `eos_token_id`, the end of a turn in `eot_token_id`, and the pieces that llama.cpp knows by
    /// their text whatever the keys say (src/llama-vocab.cpp, special_eog_ids). Gemma 1's converter writes the id 107 into
    /// every file: it counts where it looks like a control token.
    private func endOfSequence() -> [Int] {
        func id(_ key: String) -> Int? {
            if case .integer(let id)? = metadata["tokenizer.ggml.\(key)"] { id } else { nil }
        }
        let pieces = metadata.texts("tokenizer.ggml.tokens")
        var ends = [id("eos_token_id") ?? 1]
        if let turn = id("eot_token_id") {
            if pieces.indices.contains(turn), metadata.head[pieces[turn]].first == UInt8(ascii: "<") {
                ends.append(turn)
            }
        }
        ends += ["<end_of_turn>", "<turn|>"].compactMap { text in
            pieces.indices.first { metadata.head[pieces[$0]].elementsEqual(text.utf8) }
        }
        return ends.enumerated().filter { !ends[..<$0.offset].contains($0.element) }.map(\.element)
    }

    /// Keys without effect on a text's arithmetic.
    private static let harmlessKeys: Set<String> = [
        "vocab_size", "rope.scaling.original_context_length", "rope.scaling.finetuned",
    ]
    private static let harmlessPrefixes = ["vision.", "audio.", "mm."]

    private func refuseOtherKeys() throws {
        let prefix = architecture + "."
        for (key, value, _) in metadata.entries where key.hasPrefix(prefix) {
            let name = String(key.dropFirst(prefix.count))
            if keysRead.contains(name) || Self.harmlessKeys.contains(name) { continue }
            if Self.harmlessPrefixes.contains(where: { name.hasPrefix($0) }) { continue }
            switch value {
            case .integer(0), .number(0), .boolean(false), .list(_, count: 0, _): continue
            default:
                throw ModelFormatError.unsupported(
                    file: checkpoint.name, what: "key \(key) = \(metadata.summary(value))",
                    reason: "it is not known here and may change the arithmetic")
            }
        }
    }
}

import Foundation
import ModelFormats
import Testing

/// Metadata as configuration, and tensors under transformers' names.
@Suite struct GGUFConfigurationTests {
    /// What cannot be the same: the tokens that end a text come from generation_config.json, and converting Gemma 3n
    /// pads its per-layer table to the vocabulary.
    private static let differing: Set<String> = ["eos_token_id", "vocab_size_per_layer_input"]

    /// Keys of the text classes that the arithmetic reads and that a conversion keeps.
    private static let kept: Set<String> = [
        "model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "head_dim", "rms_norm_eps", "max_position_embeddings", "query_pre_attn_scalar",
        "sliding_window", "layer_types", "attn_logit_softcapping", "final_logit_softcapping", "rope_parameters",
        "num_kv_shared_layers", "hidden_size_per_layer_input", "altup_num_inputs", "altup_active_idx", "laurel_rank",
        "activation_sparsity_pattern", "per_layer_config", "attention_k_eq_v", "enable_moe_block", "num_experts",
        "top_k_experts", "moe_intermediate_size", "use_double_wide_mlp", "tie_word_embeddings",
    ]

    @Test(arguments: GGUFTests.files)
    func saysWhatTheConvertedConfigurationSaid(_ name: String) throws {
        let checkpoint = try GGUFCheckpoint(reading: try Fixtures.ggufFiles(name))
        let translated = try checkpoint.configuration(), original = try Fixtures.ggufConfiguration(name)
        for (key, value) in translated.members where !Self.differing.contains(key) {
            #expect(sorted(value) == sorted(original[key] ?? .string("absent")), "\(key)")
        }
        for key in Self.kept {
            guard let value = original[key], !value.isNull else { continue }
            #expect(translated[key] != nil, "\(key) is lost")
        }
    }

    @Test(arguments: GGUFTests.files)
    func namesTensorsAsTransformersDoes(_ name: String) throws {
        let checkpoint = try GGUFCheckpoint(reading: try Fixtures.ggufFiles(name))
        let tensors = try ModelTensors(checkpoint)
        #expect(tensors.container == .gguf)
        #expect(tensors.normsAreScales == !(name.hasPrefix("gemma3n") || name.hasPrefix("gemma4")))
        #expect(tensors.tensors.allSatisfy { $0.tensor.name.hasPrefix("model.") })
        #expect(tensors["model.embed_tokens.weight"] != nil)
        #expect(tensors.storedName("model.layers.1.self_attn.q_proj.weight") == "blk.1.attn_q.weight")
        // A generation that is not run yet has no expectation to compare with.
        guard let configuration = try? GemmaConfiguration(gguf: checkpoint) else { return }
        let comparison = try configuration.expectedTensors(in: tensors).compared(with: tensors)
        #expect(comparison.missing == [])
        #expect(comparison.misshapen.isEmpty && comparison.unreadable.isEmpty)
        #expect(comparison.unexpected == [])
    }

    @Test func splitsStackedMatricesIntoThoseOfTransformers() throws {
        let checkpoint = try GGUFCheckpoint(reading: try Fixtures.ggufFiles("gemma3n-f16"))
        let tensors = try ModelTensors(checkpoint)
        let stack = try #require(checkpoint.heads[0].tensors.first { $0.name == "altup_unembd_proj.weight" })
        var end = stack.range.lowerBound
        for index in 0..<3 {
            let part = try #require(tensors["model.altup_unembed_projections.\(index).weight"]).tensor
            #expect(part.shape == [64, 64])
            #expect(part.range == end..<(end + 64 * 64 * 2))
            end = part.range.upperBound
        }
        #expect(end == stack.range.upperBound)
    }

    @Test func theFeedForwardNormOfGemma1HasItsOwnName() throws {
        let one = try ModelTensors(GGUFCheckpoint(reading: try Fixtures.ggufFiles("gemma-f16")))
        #expect(one.storedName("model.layers.0.post_attention_layernorm.weight") == "blk.0.ffn_norm.weight")
        let two = try ModelTensors(GGUFCheckpoint(reading: try Fixtures.ggufFiles("gemma2-q8_0")))
        #expect(two.storedName("model.layers.0.post_attention_layernorm.weight") == "blk.0.post_attention_norm.weight")
        #expect(two.storedName("model.layers.0.pre_feedforward_layernorm.weight") == "blk.0.ffn_norm.weight")
    }

    @Test func derivesWhatIsNotStoredAsLlamaCppDoes() throws {
        var writer = GGUFWriter.tinyGemma3()
        #expect(try configuration(writer)["query_pre_attn_scalar"] == .integer(4))
        #expect(try full(writer)["rope_theta"] == .number(10_000))
        #expect(try configuration(writer)["layer_types"] == .array([.string("sliding_attention")]))
        writer.set("gemma3.attention.sliding_window_pattern", .u32(1))
        #expect(try configuration(writer)["layer_types"] == .array([.string("full_attention")]))
        writer.set("gemma3.attention.sliding_window", nil)
        writer.set("gemma3.attention.sliding_window_pattern", nil)
        #expect(try configuration(writer)["layer_types"] == .array([.string("full_attention")]))
        writer.set("gemma3.rope.freq_base", .f32(1e6))
        writer.set("gemma3.rope.scaling.factor", .f32(8))
        #expect(try full(writer)["rope_type"] == .string("linear"))
        #expect(try full(writer)["factor"] == .number(8))
        #expect(try full(writer)["rope_theta"] == .number(1_000_000))
        writer.set("gemma3.block_count", .u32(62))
        writer.set("gemma3.embedding_length", .u32(5376))
        writer.set("gemma3.attention.head_count", .u32(32))
        #expect(try configuration(writer)["query_pre_attn_scalar"] == .integer(168))
    }

    /// A key or value, and what the message names.
    @Test(arguments: [
        ("gemma3.attention.scale", GGUFWriter.Value.f32(0.5), "gemma3.attention.scale"),
        ("gemma3.embedding_scale", .f32(1), "gemma3.embedding_scale"),
        ("gemma3.rope.scaling.type", .string("yarn"), "gemma3.rope.scaling.type"),
        ("gemma3.rope.scaling.attn_factor", .f32(2), "gemma3.rope.scaling.attn_factor"),
        ("gemma3.rope.dimension_count", .u32(2), "gemma3.rope.dimension_count"),
        ("gemma3.attention.causal", .flag(false), "gemma3.attention.causal"),
        ("gemma3.final_logit_softcapping", .f32(30), "final_logit_softcapping"),
        ("gemma3.attention.value_length", .u32(8), "gemma3.attention.value_length"),
        ("gemma3.attention.head_count_kv", .u32s([1, 2]), "gemma3.attention.head_count_kv"),
        ("gemma3.attention.sliding_window_pattern", .flags([true, false]), "gemma3.attention.sliding_window_pattern"),
        ("gemma3.block_count", .u32(0), "gemma3.block_count"),
        ("gemma3.block_count", .u32(.max), "gemma3.block_count"),
        ("gemma3.attention.head_count", .u32(0), "head_count"),
        ("gemma3.embedding_length", .string("4"), "gemma3.embedding_length"),
        ("gemma3.attention.layer_norm_rms_epsilon", .f32(.nan), "gemma3.attention.layer_norm_rms_epsilon"),
        ("gemma3.hidden_activation", .string("silu"), "hidden_activation"),
        ("general.architecture", .string("llama"), "architecture llama"),
        ("general.architecture", .string("clip"), "architecture clip"),
        ("general.architecture", .string("gemma-embedding"), "architecture gemma-embedding"),
    ])
    func refusesByName(_ key: String, _ value: GGUFWriter.Value, _ says: String) throws {
        var writer = GGUFWriter.tinyGemma3()
        writer.set(key, value)
        let text = errorText { _ = try GemmaConfiguration(gguf: try checkpoint(writer)) }
        #expect(text?.contains(says) == true, "\(text ?? "accepted")")
        #expect(text?.contains("model.gguf") == true)
    }

    @Test(arguments: [
        ("gemma3.vocab_size", GGUFWriter.Value.u32(8)), ("gemma3.nextn_predict_layers", .u32(0)),
        ("gemma3.vision.block_count", .u32(27)), ("gemma3.mm.tokens_per_image", .u32(256)),
        ("gemma3.rope.scaling.finetuned", .flag(true)), ("general.tags", .strings(["a", "b"])),
    ])
    func passesOverWhatChangesNothing(_ key: String, _ value: GGUFWriter.Value) throws {
        var writer = GGUFWriter.tinyGemma3()
        writer.set(key, value)
        #expect(errorText { _ = try GemmaConfiguration(gguf: try checkpoint(writer)) } == nil)
    }

    @Test func refusesTensorsThatWouldBeLeftOut() throws {
        for name in ["blk.0.attn_q.bias", "rope_freqs.weight", "blk.0.ffn_gate_exps.weight", "blk.00.attn_q.weight"] {
            var writer = GGUFWriter.tinyGemma3()
            writer.tensors.append(.init(name: name, dimensions: [4], size: 16))
            let text = errorText { _ = try ModelTensors(try checkpoint(writer)) }
            #expect(text?.contains("tensor \(name)") == true, "\(text ?? "accepted")")
        }
    }

    @Test func readsTheTurnedPairsOfGemma4() throws {
        let bytes = try Fixtures.ggufBytes("gemma4-dense-f16")
        let checkpoint = try GGUFCheckpoint(reading: try Fixtures.ggufFiles("gemma4-dense-f16"))
        let factors = try #require(checkpoint.heads[0].tensors.first { $0.name == "rope_freqs.weight" }).range
        for (pairs, last, part) in [(0, Float(1e30), 0.0), (3, 1e30, 0.1875), (16, 1, 1)] {
            var changed = bytes
            for pair in 0..<16 {
                let factor: Float = pair < pairs ? 1 : last, start = factors.lowerBound + 4 * pair
                changed.replaceSubrange(start..<start + 4, with: little(factor.bitPattern))
            }
            let object = try full(changed)
            #expect(object["partial_rotary_factor"] == .number(part))
        }
        var changed = bytes
        changed.replaceSubrange(factors.lowerBound..<factors.lowerBound + 4, with: little(Float(2).bitPattern))
        #expect(errorText { _ = try full(changed) }?.contains("rope_freqs.weight") == true)
    }

    private func checkpoint(_ bytes: [UInt8]) throws -> GGUFCheckpoint {
        let directory = try TemporaryDirectory()
        try directory.write("model.gguf", bytes)
        return try GGUFCheckpoint(reading: try directory.files())
    }

    private func checkpoint(_ writer: GGUFWriter) throws -> GGUFCheckpoint { try checkpoint(writer.bytes()) }

    private func configuration(_ writer: GGUFWriter) throws -> JSONObject { try checkpoint(writer).configuration() }

    private func full(_ writer: GGUFWriter) throws -> JSONObject { try full(writer.bytes()) }

    private func full(_ bytes: [UInt8]) throws -> JSONObject {
        let rope = try checkpoint(bytes).configuration()["rope_parameters"]?.object
        return try #require(rope?["full_attention"]?.object)
    }

    /// Members in order of their keys, which has no meaning.
    private func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            .object(JSONObject(object.members.map { ($0.key, sorted($0.value)) }.sorted { $0.0 < $1.0 }))
        case .array(let elements): .array(elements.map(sorted))
        default: value
        }
    }
}

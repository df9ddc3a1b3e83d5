import ModelFormats

extension Fault {
    /// The weights are sound, the configuration tells a runtime the wrong thing.
    static let configuration: [Fault] = [
        key("rope-base-sliding", "the sliding layers' rotary base 1,000,000 for 10,000", "rope.freq_base_swa", 1e6) {
            $0[path: "rope_parameters.sliding_attention.rope_theta"] = .number(1e6)
        },
        key("rope-base-full", "the full layers' rotary base 10,000 for 1,000,000", "rope.freq_base", 1e4) {
            $0[path: "rope_parameters.full_attention.rope_theta"] = .number(1e4)
        },
        key("rope-scaled", "linear rotary scaling of 8 on the full layers", nil, 0) {
            guard $0[path: "rope_parameters.full_attention.rope_type"] == .string("default") else {
                throw Inapplicable(description: "the full layers' rotary type is not default")
            }
            $0[path: "rope_parameters.full_attention.rope_type"] = .string("linear")
            $0[path: "rope_parameters.full_attention.factor"] = .number(8)
        },
        key("rope-whole-head", "full layers rotate the whole head", nil, 0) {
            guard $0[path: "rope_parameters.full_attention.partial_rotary_factor"] != nil else {
                throw Inapplicable(description: "there is no partial_rotary_factor")
            }
            $0[path: "rope_parameters.full_attention.partial_rotary_factor"] = .number(1)
        },
        key("layers-all-full", "every layer of full attention", nil, 0) { try kinds(&$0) { $0.map { _ in full } } },
        key("layers-all-sliding", "every layer of sliding attention", nil, 0) {
            try kinds(&$0) { $0.map { _ in sliding } }
        },
        key("layer-pattern-shifted", "the pattern of sliding and full layers one layer late", nil, 0) {
            try kinds(&$0) { $0.suffix(1) + $0.dropLast() }
        },
        key("window-wide", "the sliding window wider than the text", "attention.sliding_window", 512) {
            $0[path: "sliding_window"] = .integer(512)
        },
        key("window-plus-one", "the sliding window one position wider", "attention.sliding_window", 9) {
            $0[path: "sliding_window"] = .integer(($0[path: "sliding_window"]?.integer ?? 8) + 1)
        },
        key("query-scale", "query_pre_attn_scalar of the model size above", nil, 0) {
            guard let scalar = $0[path: "query_pre_attn_scalar"]?.real else {
                throw Inapplicable(description: "there is no query_pre_attn_scalar")
            }
            $0[path: "query_pre_attn_scalar"] = .number(4 * scalar)
        },
        key("softcap-missing", "the final soft-cap left out", nil, 0) {
            guard $0[path: "final_logit_softcapping"]?.real != nil else {
                throw Inapplicable(description: "there is no final_logit_softcapping")
            }
            $0[path: "final_logit_softcapping"] = .null
        },
        key("softcap-small", "a final soft-cap of 2", "final_logit_softcapping", 2) {
            $0[path: "final_logit_softcapping"] = .number(2)
        },
        key("norm-epsilon", "the norms' epsilon 0.1", "attention.layer_norm_rms_epsilon", 0.1) {
            $0[path: "rms_norm_eps"] = .number(0.1)
        },
        key("heads-halved", "half as many heads of twice the size: the same matrices", "attention.head_count", 2) {
            guard let heads = $0[path: "num_attention_heads"]?.integer, let size = $0[path: "head_dim"]?.integer,
                heads % 2 == 0
            else { throw Inapplicable(description: "the heads cannot be halved") }
            $0[path: "num_attention_heads"] = .integer(heads / 2)
            $0[path: "head_dim"] = .integer(size * 2)
        },
        key("layers-too-few", "one layer fewer than the file holds", "block_count", 4) {
            let count = ($0[path: "num_hidden_layers"]?.integer ?? 2) - 1
            $0[path: "num_hidden_layers"] = .integer(count)
            try kinds(&$0) { Array($0.prefix(count)) }
        },
        key("shared-layers", "one layer fewer shares its keys and values", "attention.shared_kv_layers", 1) {
            guard let shared = $0[path: "num_kv_shared_layers"]?.integer, shared > 0 else {
                throw Inapplicable(description: "no layers share keys and values")
            }
            $0[path: "num_kv_shared_layers"] = .integer(shared - 1)
        },
        key("activation", "silu for tanh-gelu", nil, 0) { $0[path: "hidden_activation"] = .string("silu") },
        key("model-type", "the model type of another generation", nil, 0) {
            let type = $0[path: "model_type"]?.string ?? ""
            $0[path: "model_type"] = .string(type.hasPrefix("gemma3") ? "gemma2" : "gemma3_text")
        },
        key("vocabulary-small", "a vocabulary of half the rows", nil, 0) {
            $0[path: "vocab_size"] = .integer(($0[path: "vocab_size"]?.integer ?? 2) / 2)
        },
        key("quantisation-announced", "quantised weights announced that are not there", nil, 0) {
            $0[path: "quantization_config"] = .object(
                JSONObject([("quant_method", .string("bitsandbytes")), ("load_in_4bit", .boolean(true))]))
        },
        Fault("end-without-turn", "the list of ends without the turn's end") { copy in
            guard !copy.isGGUF else { throw Inapplicable(description: "GGUF files name one end token") }
            try copy.edit("generation_config.json") { value in
                guard let ends = value[path: "eos_token_id"]?.elements, let first = ends.first, ends.count > 1 else {
                    throw Inapplicable(description: "one token ends a text")
                }
                value[path: "eos_token_id"] = first
            }
        },
    ]

    private static let full = JSONValue.string("full_attention")
    private static let sliding = JSONValue.string("sliding_attention")

    private static func kinds(_ config: inout JSONValue, _ change: ([JSONValue]) -> [JSONValue]) throws {
        guard let list = config[path: "layer_types"]?.elements else {
            throw Inapplicable(description: "there are no layer_types")
        }
        config[path: "layer_types"] = .array(change(list))
    }

    /// A change of config.json, or of one key of a GGUF file that takes a number.
    private static func key(
        _ name: String, _ what: String, _ ggufKey: String?, _ ggufValue: Double,
        _ change: @escaping @Sendable (inout JSONValue) throws -> Void
    ) -> Fault {
        Fault(name, what) { copy in
            guard copy.isGGUF else { return try copy.configure { config, _ in try change(&config) } }
            guard let ggufKey else { throw Inapplicable(description: "a GGUF file has no such key") }
            try copy.changeMetadata { head, architecture in
                let key = "\(architecture).\(ggufKey)"
                guard let old = head[key] ?? (ggufKey.hasPrefix("final") ? .init(key: key, type: 6, value: []) : nil)
                else { throw Inapplicable(description: "there is no \(key)") }
                if old.type == 6 { head.set(key, Float(ggufValue)) } else { head.set(key, UInt32(ggufValue)) }
                guard head[key]?.value != old.value else {
                    throw Inapplicable(description: "\(key) already says so")
                }
            }
        }
    }
}

extension CheckpointCopy {
    /// Changes the text model's part of config.json; `isInner` says that it is a `text_config`.
    func configure(_ change: (inout JSONValue, _ isInner: Bool) throws -> Void) throws {
        guard !isGGUF else { throw Fault.Inapplicable(description: "a GGUF file has no config.json") }
        try edit("config.json") { config in
            if var inner = config[path: "text_config"] {
                try change(&inner, true)
                config[path: "text_config"] = inner
            } else {
                try change(&config, false)
            }
        }
    }
}

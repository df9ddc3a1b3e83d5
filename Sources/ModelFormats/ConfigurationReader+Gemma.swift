/// What the configurations of several generations share.
extension ConfigurationReader {
    /// The text part of a configuration: `text_config` of a wrapper (absent, it is one of defaults), else the whole.
    /// `inner` is the model_type that the part must have when it states one.
    mutating func textPart(wrapper: Bool, inner: String) throws -> ConfigurationReader {
        guard wrapper else { return self }
        var text = ConfigurationReader(
            try object("text_config", nullable: true) ?? JSONObject(), file: file, path: path + "text_config.")
        if let type = try text.string("model_type"), type != inner {
            throw text.fault("model_type", expected: inner, got: quoted(type))
        }
        return text
    }

    /// The kind of each layer: `layer_types`, else every `period`-th full, where `period` is `sliding_window_pattern`
    /// or the class's default.
    mutating func attentionKinds(count: Int, defaultPeriod: Int) throws -> [AttentionKind] {
        let period = try integer("sliding_window_pattern", in: 1...(1 << 20)) ?? defaultPeriod
        let names = try strings("layer_types", nullable: true)
        let saved = try integer("_sliding_window_pattern", in: 1...(1 << 20), nullable: true)
        guard let names else {
            // transformers 5 reads sliding_window_pattern and only writes the other spelling, next to layer_types.
            if let saved, saved != period {
                throw fault(
                    "_sliding_window_pattern",
                    expected: "\(period), which sliding_window_pattern implies, or layer_types", got: "\(saved)")
            }
            return (1...count).map { $0 % period == 0 ? .full : .sliding }
        }
        return try attentionKinds(names, count: count)
    }

    /// Checked `layer_types`.
    func attentionKinds(_ names: [String], count: Int) throws -> [AttentionKind] {
        guard names.count == count else {
            throw fault("layer_types", expected: "\(count) entries, one per layer", got: "\(names.count)")
        }
        return try names.map { name in
            guard let kind = AttentionKind(rawValue: name) else {
                throw fault("layer_types", expected: "sliding_attention or full_attention", got: quoted(name))
            }
            return kind
        }
    }

    /// `sliding_window`, which may be null only where no layer slides.
    mutating func slidingWindow(default ofClass: Int, kinds: [AttentionKind]) throws -> Int {
        let window = try integer("sliding_window", in: 1...(1 << 30), nullable: true)
        if window == nil, object["sliding_window"] != nil, kinds.contains(.sliding) {
            throw fault("sliding_window", expected: "a number, because there are sliding layers", got: "null")
        }
        return window ?? ofClass
    }

    /// Refuses keys that other models' forward passes or other loaders compute with, unless they are switched off.
    func refuse(_ foreignKeys: Set<String>, in model: String) throws {
        for (key, value) in object.members where foreignKeys.contains(key) {
            switch value {
            case .null, .boolean(false), .integer(0), .number(0): continue
            case .array(let elements) where elements.isEmpty: continue
            case .object(let object) where object.members.isEmpty: continue
            // `GemmaConfiguration` and `ModelTensors` judge these.
            case .object where QuantisationMethod.keys.contains(key): continue
            default:
                throw fault(key, expected: "none in a \(model) model that this build runs", got: value.summary)
            }
        }
    }

    /// Throws unless a string key is absent or has the one value that the forward pass computes.
    mutating func expect(_ key: String, _ expected: String, nullable: Bool = false) throws {
        if let name = try string(key, nullable: nullable), name != expected {
            throw fault(key, expected: expected, got: quoted(name))
        }
    }

    /// Throws unless a flag is absent or false.
    mutating func expectFalse(_ key: String, nullable: Bool = false) throws {
        if try boolean(key, nullable: nullable) == true { throw fault(key, expected: "false", got: "true") }
    }

    /// Throws unless a key is absent or null.
    mutating func expectNull(_ key: String, in model: String) throws {
        if let value = try value(key, nullable: true) {
            throw fault(key, expected: "null for \(model)", got: value.summary)
        }
    }

    // No field of the classes, but transformers 5 looks both ways when the text part carries anything untrue, even null.
    mutating func expectCausal() throws {
        if let isCausal = raw("is_causal"), isCausal != .boolean(true) {
            throw fault("is_causal", expected: "true", got: isCausal.summary)
        }
    }

    /// Throws unless the query heads are a multiple of the key-value heads.
    func checkHeads(queries: Int, keyValues: Int, key: String = "num_key_value_heads") throws {
        guard queries % keyValues == 0 else {
            throw fault(key, expected: "a divisor of \(queries) query heads", got: "\(keyValues)")
        }
    }

    /// Tokens that end a text: generation_config.json's, else this object's.
    func endOfSequence(own: [Int]?, generation: JSONValue?, default ofClass: [Int] = [1]) throws -> [Int] {
        var stated: [Int]?
        if let generation {
            var reader = ConfigurationReader(generation.object ?? JSONObject(), file: "generation_config.json")
            stated = try reader.tokens("eos_token_id")
        }
        return stated ?? own ?? ofClass
    }

    /// Keys of PreTrainedConfig, of all Gemma text classes and of usual writers that the text arithmetic does not read.
    static let harmlessKeys: Set<String> = [
        "architectures", "model_type", "torch_dtype", "dtype", "transformers_version", "_name_or_path", "name_or_path",
        "attention_dropout", "initializer_range", "use_cache", "pad_token_id", "bos_token_id", "cache_implementation",
        "_attn_implementation", "_attn_implementation_autoset", "attn_implementation", "hidden_act", "return_dict",
        "output_attentions", "output_hidden_states", "torchscript", "use_bfloat16", "tf_legacy_loss", "pruned_heads",
        "is_encoder_decoder", "is_decoder", "add_cross_attention", "cross_attention_hidden_size", "tie_encoder_decoder",
        "chunk_size_feed_forward", "problem_type", "id2label", "label2id", "num_labels", "finetuning_task",
        "task_specific_params", "tokenizer_class", "prefix", "sep_token_id", "decoder_start_token_id", "unsloth_fixed",
        "unsloth_version", "model_name", "quantization_config", "quantization", "compression_config",
        "transformers.js_config",
    ]
}

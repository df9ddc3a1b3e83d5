/// What adapter_config.json holds besides single values.
extension ConfigurationReader {
    /// A key that may hold one string or a list of them; null and absent are none.
    mutating func oneOrMore(_ key: String) throws -> [String] {
        if case .string(let text)? = raw(key) { return text.isEmpty ? [] : [text] }
        return try strings(key, nullable: true) ?? []
    }

    /// `target_modules` or `exclude_modules`; null, absent and (for exclusions) an empty value are none.
    mutating func targets(_ key: String) throws -> AdapterConfiguration.Targets? {
        guard let value = try value(key, nullable: true) else { return nil }
        if case .string(let text) = value {
            if text.isEmpty { return nil }
            if key == "target_modules", text.lowercased() == "all-linear" { return .allLinear }
            return .pattern(try ModulePattern(text, file: file, key: key))
        }
        let names = try strings(key) ?? []
        return names.isEmpty ? nil : .suffixes(names)
    }

    /// `layers_to_transform`: a number or a list of them.
    mutating func layers() throws -> [Int]? {
        guard let value = try value("layers_to_transform", nullable: true) else { return nil }
        let elements = if case .array(let elements) = value { elements } else { [value] }
        return try elements.map { element in
            guard case .integer(let layer) = element, (0..<(1 << 20)).contains(layer) else {
                throw fault("layers_to_transform", expected: "layer numbers", got: value.summary)
            }
            return layer
        }
    }

    /// `rank_pattern` or `alpha_pattern`: patterns for the ends of paths, in the order of the text.
    mutating func patterns<Value>(
        _ key: String, _ read: (ConfigurationReader, String, JSONValue) throws -> Value
    ) throws -> [(pattern: ModulePattern, value: Value)] {
        try (object(key, nullable: true) ?? JSONObject()).members.map { pattern, value in
            (try ModulePattern.end(pattern, file: file, key: key), try read(self, pattern, value))
        }
    }

    /// A finite number, whatever its sign.
    mutating func finiteNumber(_ key: String) throws -> Double? {
        try value(key).map { try finite($0, key: key) }
    }

    func finite(_ value: JSONValue, key: String) throws -> Double {
        switch value {
        case .integer(let integer): return Double(integer)
        case .number(let number) where Float(number).isFinite: return number
        default: throw fault(key, expected: "a finite number", got: value.summary)
        }
    }

    /// `trainable_token_indices`: a list for the embedding, or one per module.
    mutating func tokenRows() throws -> [AdapterConfiguration.TokenRows] {
        let key = "trainable_token_indices"
        guard let value = try value(key, nullable: true) else { return [] }
        let members =
            switch value {
            case .object(let object): object.members
            default: [(key: "embed_tokens", value: value)]
            }
        return try members.map { module, value in
            guard case .array(let elements) = value else {
                throw fault(key, expected: "token ids, or such lists by module", got: value.summary)
            }
            let tokens = try elements.map { element in
                guard case .integer(let token) = element, (0...Int(Int32.max)).contains(token) else {
                    throw fault(key, expected: "token ids", got: element.summary)
                }
                return token
            }
            guard Set(tokens).count == tokens.count else {
                throw fault(key, expected: "each token once", got: "one of them twice")
            }
            return .init(module: module, tokens: tokens)
        }
    }

    /// Refuses what PEFT would compute otherwise than `W + scale B A`, with or without DoRA.
    mutating func refuseForeignArithmetic() throws {
        for key in Self.foreignAdapterKeys {
            guard let value = raw(key), !value.isSwitchedOff else { continue }
            throw ModelFormatError.unsupported(
                file: file, what: "\(key) \(value.summary)", reason: "this build computes W + scale B A and DoRA alone")
        }
        if let bias = try string("bias"), bias != "none" {
            throw ModelFormatError.unsupported(
                file: file, what: "bias \(quoted(bias))", reason: "Gemma's linear layers have no bias")
        }
        // These initialisations change W when the adapter is made and again when PEFT loads it.
        if case .string(let name)? = raw("init_lora_weights"), !["gaussian", "eva", "orthogonal"].contains(name) {
            throw ModelFormatError.unsupported(
                file: file, what: "init_lora_weights \(quoted(name))",
                reason: "its base weights are changed too; save it converted to plain LoRA")
        }
    }

    func refuseUnknownKeys() throws {
        for key in keysLeft(besides: Self.harmlessAdapterKeys) where object[key]?.isSwitchedOff == false {
            throw fault(
                key, expected: "a key that PEFT 0.21 knows, or a value that is off",
                got: object[key]?.summary ?? "nothing")
        }
    }

    private static let foreignAdapterKeys = [
        "lora_bias", "fan_in_fan_out", "target_parameters", "layer_replication", "alora_invocation_tokens",
        "arrow_config", "use_bdlora", "use_qalora", "kasa_config", "velora_config", "monteclora_config",
        "megatron_config",
    ]

    /// Keys of PEFT's LoraConfig that matter in training only.
    private static let harmlessAdapterKeys: Set<String> = [
        "auto_mapping", "corda_config", "eva_config", "inference_mode", "init_lora_weights", "loftq_config",
        "lora_dropout", "lora_ga_config", "megatron_core", "peft_type", "peft_version", "qalora_group_size",
        "runtime_config", "task_type",
    ]
}

extension JSONValue {
    /// Null, false, 0 or empty.
    fileprivate var isSwitchedOff: Bool {
        switch self {
        case .null, .boolean(false), .integer(0), .number(0): true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let object): object.members.isEmpty
        default: false
        }
    }
}

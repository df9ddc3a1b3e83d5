/// A PEFT adapter: its configuration and the headers of its tensors. `fitted(to:in:)` says what it changes in a base.
package struct Adapter: Sendable {
    package static let weightsPath = "adapter_model.safetensors"

    package let configuration: AdapterConfiguration
    package let tensors: ModelTensors
    /// The tensors by the module that they are for.
    let parts: [Part]

    /// One tensor and what PEFT calls its place.
    struct Part: Sendable {
        enum Role: Sendable, Hashable {
            /// A [rank, in] and B [out, rank] of a linear layer.
            case down, up
            /// The same of an embedding, stored transposed: [rank, rows] and [columns, rank].
            case embeddingDown, embeddingUp
            /// DoRA's row lengths.
            case magnitude
            /// The new rows of an embedding.
            case tokenRows
            /// A whole tensor in the place of the base's; `base_layer` when an update lies over it.
            case whole(isBaseLayer: Bool)
        }

        let role: Role
        /// The module's path in the tree that the adapter was trained in; for `whole` the path of the tensor.
        let path: String
        let tensor: Tensor
    }

    /// Reads adapter_config.json and the header of adapter_model.safetensors. Blocking.
    package init(reading adapter: ModelFiles) throws {
        configuration = try AdapterConfiguration(reading: adapter)
        guard adapter[Self.weightsPath] != nil else {
            let pickle = "adapter_model.bin"
            throw adapter[pickle] == nil
                ? ModelFormatError.unreadable(file: Self.weightsPath, reason: "not among the files of this adapter")
                : ModelFormatError.unsupported(
                    file: pickle, what: "a pickle file", reason: "it may run code when opened; save it as safetensors")
        }
        tensors = try ModelTensors(reading: adapter, file: Self.weightsPath)
        parts = try tensors.tensors.map { try Self.part($0.tensor) }
    }

    /// What an adapter says where a whole model was asked for; nil for files that are no adapter.
    package static func refusal(of model: ModelFiles) -> ModelFormatError? {
        guard model[AdapterConfiguration.path] != nil, model[GemmaConfiguration.path] == nil else { return nil }
        let config = (try? model.json(AdapterConfiguration.path))?.object
        let base = config?["base_model_name_or_path"]?.string.map { " of \(printable($0))" } ?? ""
        let revision = config?["revision"]?.string.map { " at revision \(printable($0))" } ?? ""
        return .unsupported(
            file: AdapterConfiguration.path, what: "an adapter alone",
            reason: "this is an adapter\(base)\(revision); give its base")
    }

    private static let prefix = "base_model.model."
    private static let roles: [(suffix: String, role: Part.Role)] = [
        (".lora_A.weight", .down), (".lora_B.weight", .up),
        (".lora_embedding_A", .embeddingDown), (".lora_embedding_B", .embeddingUp),
        (".lora_magnitude_vector", .magnitude), (".lora_magnitude_vector.weight", .magnitude),
        (".token_adapter.trainable_tokens_delta", .tokenRows),
        (".base_layer.weight", .whole(isBaseLayer: true)),
    ]

    private static func part(_ tensor: Tensor) throws -> Part {
        func fault(_ expected: String) -> ModelFormatError {
            .malformedSafetensors(
                file: weightsPath, tensor: tensor.name, field: "name", expected: expected, got: "another")
        }
        guard tensor.name.utf8.allSatisfy({ $0 < 0x80 }), tensor.name.utf8.starts(with: prefix.utf8) else {
            throw fault("to begin with \(prefix), in ASCII")
        }
        let path = String(tensor.name.dropFirst(prefix.utf8.count))
        if let (suffix, role) = roles.first(where: { path.hasSuffix($0.suffix) }) {
            let module = String(path.dropLast(suffix.utf8.count))
            if case .whole = role { return Part(role: role, path: module + ".weight", tensor: tensor) }
            return Part(role: role, path: module, tensor: tensor)
        }
        guard !path.contains("lora_"), !path.contains("token_adapter"), !path.contains("modules_to_save") else {
            throw fault("a part of LoRA as PEFT saves it")
        }
        return Part(role: .whole(isBaseLayer: false), path: path, tensor: tensor)
    }
}

/// One way in which a healthy checkpoint goes wrong: what a flaky disk, a converter, an editor of configurations or an
/// attacker does to it. Applying it changes a copy and never the original.
package struct Fault: Sendable {
    /// What a fault may need besides the checkpoint.
    package struct Materials: Sendable {
        /// A checkpoint of another generation, whose tokenizer and template do not belong here.
        package var otherGeneration: String?
        /// A PEFT adapter of the checkpoint.
        package var adapter: String?

        package init(otherGeneration: String? = nil, adapter: String? = nil) {
            self.otherGeneration = otherGeneration
            self.adapter = adapter
        }
    }

    /// Why a fault makes no sense on a checkpoint: it has no such tensor, key or file.
    package struct Inapplicable: Error, CustomStringConvertible {
        package let description: String
    }

    /// Short and unique, for `--only` and tables.
    package let name: String
    /// What it does, for a person.
    package let what: String
    /// Whether it is done by software that promises the same model in another form: beside its original the result is
    /// then judged as a conversion (relation `quantized`), otherwise as a fine-tune.
    package let isConversion: Bool
    private let change: @Sendable (CheckpointCopy, Materials) throws -> Void

    init(
        _ name: String, _ what: String, isConversion: Bool = false,
        _ change: @escaping @Sendable (CheckpointCopy, Materials) throws -> Void
    ) {
        self.name = name
        self.what = what
        self.isConversion = isConversion
        self.change = change
    }

    init(
        _ name: String, _ what: String, isConversion: Bool = false,
        _ change: @escaping @Sendable (CheckpointCopy) throws -> Void
    ) {
        self.init(name, what, isConversion: isConversion) { copy, _ in try change(copy) }
    }

    /// Every fault, in the order of the table.
    package static let all =
        bits + matrices + layers + norms + vocabulary + configuration + tokenizer + template + files + types
        + adapters + blocks

    /// A broken copy of the checkpoint at `path` (a folder, or a GGUF file), which is gone when the value is.
    /// - Throws: ``Inapplicable`` when the fault makes no sense on it; `ModelFormatError` when it is not healthy.
    package func applied(to path: String, _ materials: Materials = Materials()) throws -> CheckpointCopy {
        let copy = try CheckpointCopy(of: path)
        try change(copy, materials)
        try copy.save()
        return copy
    }
}

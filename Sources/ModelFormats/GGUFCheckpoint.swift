/// The open files of one GGUF model: one file, or all parts of a split one (`-00001-of-00003.gguf` and so on). The
/// metadata are the first file's.
package struct GGUFCheckpoint: Sendable {
    package let files: [ReadableFile]
    /// The head of each file.
    package let heads: [GGUF]

    package var metadata: GGUFMetadata { heads[0].metadata }
    /// What messages call the model.
    package var name: String { files[0].name }

    /// Opens the only model that can be run among `model`'s GGUF files; see `GGUFModel.only`.
    package init(reading model: ModelFiles) throws {
        try self.init(reading: model, try GGUFModel.only(in: model))
    }

    /// Opens one of the models of `GGUFModel.list(in:)`.
    package init(reading model: ModelFiles, _ one: GGUFModel) throws {
        files = try one.paths.map { try model.open($0) }
        heads = try files.map { try GGUF(reading: $0) }
        try checkParts()
    }

    private func checkParts() throws {
        func fault(_ file: String, _ key: String, _ expected: String, _ got: GGUFValue?) -> ModelFormatError {
            .configuration(file: file, key: key, expected: expected, got: got.map(metadata.summary) ?? "nothing")
        }
        let total = heads.reduce(0) { $0 + $1.tensors.count }
        for (number, head) in heads.enumerated() {
            let stated = head.metadata["split.count"]
            guard files.count > 1 || stated != nil else { continue }
            guard case .integer(files.count)? = stated else {
                throw fault(head.file, "split.count", "\(files.count), as the file names say", stated)
            }
            guard case .integer(number)? = head.metadata["split.no"] else {
                throw fault(head.file, "split.no", "\(number), as the file name says", head.metadata["split.no"])
            }
            guard case .integer(total)? = head.metadata["split.tensors.count"] else {
                throw fault(
                    head.file, "split.tensors.count", "\(total), the tensors of all files",
                    head.metadata["split.tensors.count"])
            }
        }
    }

    /// `general.architecture`, as it stands there.
    package func architecture() throws -> String {
        guard let architecture = metadata.string("general.architecture") else {
            throw ModelFormatError.configuration(
                file: name, key: "general.architecture", expected: "a string",
                got: metadata["general.architecture"].map(metadata.summary) ?? "nothing")
        }
        return architecture
    }

    /// The tensor of that name in the files, with the file that holds it.
    func tensor(_ name: String) -> (tensor: Tensor, file: ReadableFile)? {
        for (head, file) in zip(heads, files) {
            if let tensor = head.tensors.first(where: { $0.name == name }) { return (tensor, file) }
        }
        return nil
    }
}

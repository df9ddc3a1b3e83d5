extension ModelTensors {
    /// The tensors of a GGUF model under the names of transformers' text model (`model.layers.3.self_attn.q_proj.weight`),
    /// shapes rows first. The factors of proportional rotation are no tensor of it: the configuration reads them.
    package init(_ checkpoint: GGUFCheckpoint) throws {
        let architecture = try checkpoint.architecture(), names = GGUFTensorNames(architecture: architecture)
        var tensors: [(tensor: Tensor, file: Int)] = [], storedNames: [String] = [], positions: [[UInt8]: Int] = [:]
        for (number, head) in checkpoint.heads.enumerated() {
            for stored in head.tensors where !(architecture == "gemma4" && stored.name == "rope_freqs.weight") {
                for tensor in try names.parts(of: stored, file: head.file) {
                    if let other = positions.updateValue(tensors.count, forKey: Array(tensor.name.utf8)) {
                        throw ModelFormatError.malformedIndex(
                            file: head.file, subject: stored.name, expected: "to be in the model once",
                            got: "also \(storedNames[other]) in \(checkpoint.files[tensors[other].file].name)")
                    }
                    tensors.append((tensor, number))
                    storedNames.append(stored.name)
                }
            }
        }
        self.init(
            files: checkpoint.files, tensors: tensors, positions: positions, container: .gguf, storedNames: storedNames,
            normsAreScales: ["gemma", "gemma2", "gemma3"].contains(architecture))
    }
}

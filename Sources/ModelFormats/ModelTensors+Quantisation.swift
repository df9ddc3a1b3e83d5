extension ModelTensors {
    /// Puts the matrices that a method of quantisation stores in parts in the place of the parts.
    /// - Parameter config: config.json, nil when there is none.
    /// - Throws: by the method's name, when this build does not compute it or when only one of config.json and the tensors
    ///   speaks of it.
    mutating func resolveQuantisation(_ config: JSONObject?, of model: ModelFiles) throws {
        guard container == .safetensors else { return }
        let file = GemmaConfiguration.path, weights = files.first?.name ?? "model.safetensors"
        let announced = try config.flatMap { try QuantisationMethod.announced(in: $0, file: file) }
        let seen = QuantisationMethod.candidates(in: self, announced: announced?.name)
        let stored =
            model["hf_quant_config.json"] != nil && seen.names.contains("modelopt") ? "modelopt" : seen.names.first
        guard let announced else {
            guard let stored else { return }
            throw ModelFormatError.quantised(
                file: weights, method: stored,
                reason: "\(seen.tensor) is stored that way, but config.json says nothing of it")
        }
        guard QuantisationMethod.computed.contains(announced.name) else {
            throw announced.refusal(file: file, "quantised weights, as \(announced.evidence) says")
        }
        guard seen.names.contains(announced.name) else {
            throw announced.refusal(
                file: file,
                "quantised weights, as \(announced.evidence) says, but "
                    + (stored.map { "\(seen.tensor) is stored as \($0)" } ?? "every tensor is stored plainly"))
        }
        let matrices = try QuantisationReader(method: announced, tensors: self).matrices()
        guard !matrices.isEmpty else {
            throw announced.refusal(
                file: weights, "\(seen.tensor) is stored in a way of it that this build does not know")
        }
        for (name, matrix) in matrices { adopt(matrix, as: name) }
    }
}

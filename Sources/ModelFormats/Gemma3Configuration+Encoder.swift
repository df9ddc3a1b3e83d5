extension Gemma3Configuration {
    /// Reads config.json of a model that answers with states, such as EmbeddingGemma. Throws `unsupported` for other
    /// generations.
    package init(encoder model: ModelFiles) throws {
        let file = GemmaConfiguration.path
        guard let config = try model.json(file) else {
            throw ModelFormatError.unreadable(file: file, reason: "not among the files of this model")
        }
        guard let object = config.object else {
            throw ModelFormatError.configuration(
                file: file, key: "(whole file)", expected: "an object", got: config.summary)
        }
        if let method = try QuantisationMethod.announced(in: object, file: file) {
            throw method.refusal(file: file, "quantised weights, as \(method.evidence) says")
        }
        var reader = ConfigurationReader(object, file: file)
        let modelType = try reader.string("model_type") ?? ""
        guard modelType == "gemma3_text" else {
            throw ModelFormatError.unsupported(
                file: file, what: "model_type \(modelType) as an embedding model",
                reason: "this build computes embeddings of gemma3_text (EmbeddingGemma)")
        }
        try self.init(reader, modelType: modelType, generation: nil, isEncoder: true)
    }
}

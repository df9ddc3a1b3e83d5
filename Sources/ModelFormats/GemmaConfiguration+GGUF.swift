extension GGUFCheckpoint {
    /// What config.json would say of this model: the metadata under the keys of transformers' text classes.
    package func configuration() throws -> JSONObject { try GGUFConfiguration(self).config }
}

extension GemmaConfiguration {
    /// Reads a GGUF model's metadata as if they were a config.json; messages speak of the GGUF file.
    package init(gguf checkpoint: GGUFCheckpoint) throws {
        try self.init(.object(try checkpoint.configuration()), file: checkpoint.name)
    }
}

extension Gemma3nConfiguration {
    /// Where the wrapper's class takes the embeddings of ids that stand for images or sounds: a table of its own, a norm
    /// and a projection, also when such an id comes as text (its ids begin where the tokenizer's text pieces end).
    package struct MultimodalEmbedder: Equatable, Sendable {
        /// embed_vision or embed_audio, beside the language model.
        package let module: String
        /// The ids of the language model's vocabulary that it embeds, the first of them by row 0.
        package let tokens: Range<Int>
        /// Rows of the table.
        package let rows: Int
        /// Width of the table.
        package let hiddenSize: Int
        package let normEpsilon: Double
    }

    /// The embedders that ids below `vocabularySize` reach. Vision ends where audio begins.
    static func embedders(_ top: inout ConfigurationReader, vocabularySize: Int) throws -> [MultimodalEmbedder] {
        let vision = try Table(&top, "vision_config", first: 262_144, hiddenSize: 2048)
        let audio = try Table(&top, "audio_config", first: 262_272, hiddenSize: 1536)
        let visionEnd = min(audio.first, vocabularySize)
        return [
            try vision.embedder("embed_vision", to: visionEnd, path: top.path + "vision_config.", file: top.file),
            try audio.embedder("embed_audio", to: vocabularySize, path: top.path + "audio_config.", file: top.file),
        ].compactMap { $0 }
    }

    /// The fields of Gemma3nVisionConfig and Gemma3nAudioConfig that embedding an id reads.
    private struct Table {
        let first: Int
        let rows: Int
        let hiddenSize: Int
        let normEpsilon: Double

        init(_ top: inout ConfigurationReader, _ key: String, first: Int, hiddenSize: Int) throws {
            var part = ConfigurationReader(
                try top.object(key, nullable: true) ?? JSONObject(), file: top.file, path: top.path + key + ".")
            self.first = try part.integer("vocab_offset", in: 0...(1 << 24)) ?? first
            rows = try part.integer("vocab_size", in: 1...(1 << 24)) ?? 128
            self.hiddenSize = try part.integer("hidden_size", in: 1...(1 << 20)) ?? hiddenSize
            normEpsilon = try part.positiveNumber("rms_norm_eps") ?? 1e-6
        }

        func embedder(_ module: String, to end: Int, path: String, file: String) throws -> MultimodalEmbedder? {
            guard first < end else { return nil }
            guard end - first <= rows else {
                throw ModelFormatError.configuration(
                    file: file, key: path + "vocab_size",
                    expected: "\(end - first) or more, for the ids from \(first) to \(end - 1)", got: "\(rows)")
            }
            return MultimodalEmbedder(
                module: module, tokens: first..<end, rows: rows, hiddenSize: hiddenSize, normEpsilon: normEpsilon)
        }
    }
}

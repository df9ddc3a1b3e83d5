import ModelFormats

extension MalformedArtifact {
    /// What the metadata say of the model.
    static let ggufKeys = [
        c("no architecture", "model.gguf: key general.architecture expected a string, got nothing", check: .config) {
            try $0.rename("general.architecture", "general.architectura")
        },
        c(
            "another architecture",
            "model.gguf: architecture llama4 is not run by this build: not a Gemma language model known here",
            outcome: "unsupported", check: .config
        ) {
            try $0.patch(at: 64, Array("llama4".utf8))
        },
        c(
            "an architecture that is a number",
            "model.gguf, byte 60: length of key 2 expected at most 281244, what the file has room for, got "
                + "7885070015651643392",
            check: .ggufHeader
        ) { try $0.patch(at: 52, little(UInt32(4))) },
        missing(
            "block_count", "model.gguf: key gemma3.block_count expected a whole number from 1 to 1024, got nothing"),
        missing("context_length", "model.gguf: key gemma3.context_length expected a whole number, got nothing"),
        missing("embedding_length", "model.gguf: key gemma3.embedding_length expected a whole number, got nothing"),
        missing(
            "feed_forward_length", "model.gguf: key gemma3.feed_forward_length expected a whole number, got nothing"),
        missing(
            "attention.head_count",
            "model.gguf: key gemma3.attention.head_count expected a number, the same for all layers, got nothing"),
        missing(
            "attention.layer_norm_rms_epsilon",
            "model.gguf: key gemma3.attention.layer_norm_rms_epsilon expected a number, got nothing"),
        number("block_count", 0, "model.gguf: key gemma3.block_count expected a whole number from 1 to 1024, got 0"),
        number(
            "block_count", 100_000,
            "model.gguf: key gemma3.block_count expected a whole number from 1 to 1024, got 100000"),
        number(
            "embedding_length", 0,
            "model.gguf: key gemma3.embedding_length expected a whole number from 1 to 1048576, got 0"),
        number(
            "embedding_length", .max,
            "model.gguf: key gemma3.embedding_length expected a whole number from 1 to 1048576, got 4294967295"),
        number(
            "feed_forward_length", 0,
            "model.gguf: key gemma3.feed_forward_length expected a whole number from 1 to 1048576, got 0"),
        number(
            "attention.head_count", 0, "model.gguf: key gemma3.attention.head_count expected a number above 0, got 0"),
        number(
            "attention.head_count", 3,
            "model.gguf: key gemma3.embedding_length expected a multiple of 3 query heads, as transformers demands, "
                + "got 64"
        ),
        number(
            "attention.head_count_kv", 3,
            "model.gguf: key gemma3.attention.head_count_kv expected a divisor of 4 query heads, got 3"),
        number(
            "attention.key_length", 15,
            "model.gguf: key gemma3.attention.value_length expected 15, as key_length, got 16"),
        number(
            "attention.key_length", 32,
            "model.gguf: key gemma3.attention.value_length expected 32, as key_length, got 16"),
        number(
            "context_length", 0,
            "model.gguf: key gemma3.context_length expected a whole number from 1 to 1073741824, got 0"),
        number(
            "attention.layer_norm_rms_epsilon", 0,
            "model.gguf: key gemma3.attention.layer_norm_rms_epsilon expected a number above 0, got 0.0"),
        number(
            "attention.layer_norm_rms_epsilon", 0x7FC0_0000,
            "model.gguf: key gemma3.attention.layer_norm_rms_epsilon expected a number, got nan"),
        number(
            "rope.freq_base", 0xBF80_0000, "model.gguf: key gemma3.rope.freq_base expected a number above 0, got -1.0"),
        number("rope.freq_base", 0x7F80_0000, "model.gguf: key gemma3.rope.freq_base expected a number, got inf"),
    ]

    private static func missing(_ key: String, _ finding: String) -> MalformedArtifact {
        c("no \(key)", finding, check: .config) { try $0.rename("gemma3.\(key)", "gemma9.\(key)") }
    }

    /// Another number of 4 bytes, whole or F32, in the place of a key's.
    private static func number(_ key: String, _ value: UInt32, _ finding: String) -> MalformedArtifact {
        c("\(key) \(value)", finding, check: .config) { folder in
            let type: UInt32 = key.hasSuffix("epsilon") || key.hasPrefix("rope") ? 6 : 4
            try folder.patch(after: "gemma3.\(key)" + String(decoding: little(type), as: UTF8.self), little(value))
        }
    }

    /// The tokens and what is said of them, and the parts of a split model.
    static let ggufVocabulary = [
        c("no tokens", "model.gguf: tokenizer.ggml.tokens expected 1 to 2000000 pieces, got 0", check: .tokenizer) {
            try $0.rename("tokenizer.ggml.tokens", "tokenizer.ggml.tokenz")
        },
        c(
            "no scores", "model.gguf: tokenizer.ggml.scores expected a score for each of 512 pieces, got 0",
            check: .tokenizer
        ) { try $0.rename("tokenizer.ggml.scores", "tokenizer.ggml.scorez") },
        c(
            "no token types", "model.gguf: tokenizer.ggml.token_type expected a type for each of 512 pieces, got 0",
            check: .tokenizer
        ) {
            try $0.rename("tokenizer.ggml.token_type", "tokenizer.ggml.token_tipe")
        },
        c(
            "a vocabulary of another kind",
            "model.gguf: tokenizer.ggml.model expected \"llama\" or \"gemma4\", got \"gpt-2\"", check: .tokenizer
        ) { folder in
            try folder.patch(after: "tokenizer.ggml.model", skip: 12, Array("gpt-2".utf8))
        },
        c("no kind of vocabulary", "model.gguf: tokenizer.ggml.model expected a string, got nothing", check: .tokenizer)
        {
            try $0.rename("tokenizer.ggml.model", "tokenizer.ggml.modem")
        },
        c(
            "a score that is no number", "model.gguf: tokenizer.ggml.scores expected numbers, got NaN for piece 100",
            check: .tokenizer
        ) {
            try $0.patch(after: "tokenizer.ggml.scores", skip: 16 + 400, little(UInt32(0x7FC0_0000)))
        },
        c(
            "a token type of 9",
            "model.gguf: tokenizer.ggml.token_type expected types from 1 to 6, got 9 for piece 100", check: .tokenizer
        ) {
            try $0.patch(after: "tokenizer.ggml.token_type", skip: 16 + 400, little(UInt32(9)))
        },
        c(
            "a <bos> beyond the vocabulary",
            "model.gguf: tokenizer.ggml.bos_token_id expected an id below 512, got 60000", check: .tokenizer
        ) {
            try $0.patch(after: "tokenizer.ggml.bos_token_id", skip: 4, little(UInt32(60_000)))
        },
        c(
            "a space before every text", "model.gguf: tokenizer.ggml.add_space_prefix expected false, got true",
            check: .tokenizer
        ) {
            try $0.patch(after: "tokenizer.ggml.add_space_prefix", skip: 4, [1])
        },
        c(
            "an end beyond the vocabulary",
            "model.gguf: key tokenizer.ggml.eos_token_id expected a token id or a list of them, got a list of 2",
            check: .config
        ) {
            try $0.patch(after: "tokenizer.ggml.eos_token_id", skip: 4, little(UInt32.max))
        },
        c("a part of a split alone", "model-00002-of-00003.gguf is not readable: not among the files of this model") {
            folder in
            try folder.write("model-00001-of-00003.gguf", folder.read(file))
            try folder.remove(file)
        },
        c(
            "a split whose parts do not know it",
            "model-00001-of-00002.gguf: key split.count expected 2, as the file names say, got nothing"
        ) { folder in
            let bytes = try folder.read(file)
            try folder.remove(file)
            for part in 1...2 { try folder.write("model-0000\(part)-of-00002.gguf", bytes) }
        },
    ]

    private static let file = "model.gguf"

    private static func c(
        _ name: String, _ finding: String, outcome: String = "failed", check: ModelInspection.CheckName = .ggufHeader,
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact("GGUF: " + name, .inspection(check), outcome, finding, damage)
    }
}

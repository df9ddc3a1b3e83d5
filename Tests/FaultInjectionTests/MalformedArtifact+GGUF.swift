import ModelFormats

extension MalformedArtifact {
    static let ggufs = [Group(fixture: "GGUF/gemma3-trained-q8_0.gguf", artifacts: heads + tensors + keys + vocabulary)]

    private static let file = "model.gguf"

    private static func c(
        _ name: String, _ finding: String, outcome: String = "failed", check: ModelInspection.CheckName = .ggufHeader,
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact("GGUF: " + name, .inspection(check), outcome, finding, damage)
    }

    /// Magic, version, counts, and how keys and values are encoded.
    private static let heads = [
        c("empty", "model.gguf holds no weights: expected GGUF, got an empty file") { try $0.write(file, []) },
        c("3 bytes", "model.gguf, byte 0: magic expected 4 bytes, got 3, the rest of the file") {
            try $0.write(file, Array("GGU".utf8))
        },
        c("another magic", "model.gguf, byte 0: magic expected GGUF, got 47 47 4d 4c") {
            try $0.patch(at: 0, Array("GGML".utf8))
        },
        c("a git-lfs pointer", "model.gguf holds no weights: expected GGUF, got a git-LFS pointer") {
            try $0.write(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        },
        c("a web page", "model.gguf holds no weights: expected GGUF, got a web page or XML") {
            try $0.write(file, "<!DOCTYPE html><html></html>")
        },
        c(
            "version 1", "model.gguf: GGUF version 1 is not run by this build: versions 2 and 3 are read",
            outcome: "unsupported"
        ) { try $0.patch(at: 4, little(UInt32(1))) },
        c(
            "version 4", "model.gguf: GGUF version 4 is not run by this build: versions 2 and 3 are read",
            outcome: "unsupported"
        ) { try $0.patch(at: 4, little(UInt32(4))) },
        c(
            "big endian", "model.gguf: a big-endian GGUF is not run by this build: only little-endian files are read",
            outcome: "unsupported"
        ) { try $0.patch(at: 4, [0, 0, 0, 3]) },
        c(
            "2^64-1 tensors",
            "model.gguf, byte 8: number of tensors expected at most 11251, what the file has room for, got "
                + "18446744073709551615"
        ) { try $0.patch(at: 8, little(UInt64.max)) },
        c(
            "2^32 tensors",
            "model.gguf, byte 8: number of tensors expected at most 11251, what the file has room for, got 4294967296"
        ) { try $0.patch(at: 8, little(UInt64(1) << 32)) },
        c(
            "2^64-1 keys",
            "model.gguf, byte 16: number of keys expected at most 20092, what the file has room for, got "
                + "18446744073709551615"
        ) { try $0.patch(at: 16, little(UInt64.max)) },
        c("20,000 keys", "model.gguf: number of keys over the limit, expected at most 10000, got 20000") {
            try $0.patch(at: 16, little(UInt64(20_000)))
        },
        c(
            "one key more than there are",
            "model.gguf, byte 12696: name of tensor 1 expected 1 to 256 printable ASCII characters, got \"\""
        ) { try $0.patch(at: 16, little(UInt64(35))) },
        c(
            "a key of 2^63 bytes",
            "model.gguf, byte 24: length of key 1 expected at most 281280, what the file has room for, got "
                + "9223372036854775808"
        ) { try $0.patch(at: 24, little(UInt64(1) << 63)) },
        c(
            "a key of 300 bytes",
            "model.gguf, byte 24: key 1 expected 1 to 256 printable ASCII characters, got 300 bytes"
        ) { try $0.patch(at: 24, little(UInt64(300))) },
        c("a key of 0 bytes", "model.gguf, byte 24: key 1 expected 1 to 256 printable ASCII characters, got \"\"") {
            try $0.patch(at: 24, little(UInt64(0)))
        },
        c(
            "a key that is not ASCII",
            "model.gguf, byte 24: key 1 expected 1 to 256 printable ASCII characters, got \"�eneral.architecture\""
        ) { try $0.patch(at: 32, [0xC3]) },
        c(
            "a key twice",
            "model.gguf, byte 11819: key tokenizer.ggml.add_eos_token expected to be there once, got twice"
        ) { try $0.rename("tokenizer.ggml.add_sep_token", "tokenizer.ggml.add_eos_token") },
        c(
            "a value of type 13",
            "model.gguf, byte 52: type of general.architecture expected a value type from 0 to 12, got 13"
        ) { try $0.patch(after: "general.architecture", little(UInt32(13))) },
        c(
            "a text beyond the file",
            "model.gguf, byte 56: length of general.architecture expected at most 281248, what the file has room "
                + "for, got 1099511627776"
        ) {
            try $0.patch(after: "general.architecture", skip: 4, little(UInt64(1) << 40))
        },
        c(
            "a list of 2^60 numbers",
            "model.gguf, byte 7404: number of elements of tokenizer.ggml.scores expected at most 68475, what the "
                + "file has room for, got 1152921504606846976"
        ) {
            try $0.patch(after: "tokenizer.ggml.scores", skip: 8, little(UInt64(1) << 60))
        },
        c(
            "a list of an unknown type",
            "model.gguf, byte 7400: element type of tokenizer.ggml.scores expected a value type from 0 to 12, got 77"
        ) {
            try $0.patch(after: "tokenizer.ggml.scores", skip: 4, little(UInt32(77)))
        },
        c(
            "lists in lists in lists",
            "model.gguf, byte 7448: tokenizer.ggml.scores expected lists at most 4 deep, got a deeper one"
        ) { folder in
            let nest = (0..<8).flatMap { _ in little(UInt32(9)) + little(UInt64(1)) }
            try folder.patch(after: "tokenizer.ggml.scores", skip: 4, nest)
        },
        c("a flag of 2", "model.gguf, byte 11777: tokenizer.ggml.add_bos_token expected 0 or 1, got 2") {
            try $0.patch(after: "tokenizer.ggml.add_bos_token", skip: 4, [2])
        },
        c(
            "cut off in the keys",
            "model.gguf, byte 8: number of tensors expected at most 39, what the file has room for, got 80"
        ) { try $0.write(file, Array($0.read(file).prefix(1000))) },
        c(
            "cut off in the data",
            "model.gguf, byte 17220: data of blk.5.ffn_up.weight expected to end within the 262936 bytes after the "
                + "head, got 8704 bytes from 254720"
        ) { folder in
            let bytes = try folder.read(file)
            try folder.write(file, Array(bytes.prefix(bytes.count - 1000)))
        },
        c(
            "an alignment of 0",
            "model.gguf, byte 12661: general.alignment expected a power of two from 1 to 1048576, got 0"
        ) { folder in
            try folder.rename("general.file_type", "general.alignment")
            try folder.patch(after: "general.alignment", skip: 4, little(UInt32(0)))
        },
        c(
            "an alignment of 48",
            "model.gguf, byte 12661: general.alignment expected a power of two from 1 to 1048576, got 48"
        ) { folder in
            try folder.rename("general.file_type", "general.alignment")
            try folder.patch(after: "general.alignment", skip: 4, little(UInt32(48)))
        },
        c(
            "an alignment of 2^31",
            "model.gguf, byte 12661: general.alignment expected a power of two from 1 to 1048576, got 2147483648"
        ) { folder in
            try folder.rename("general.file_type", "general.alignment")
            try folder.patch(after: "general.alignment", skip: 4, little(UInt32(1) << 31))
        },
    ]

    /// Tensor infos: name, dimensions, type, offset.
    private static let tensors = [
        c(
            "a tensor of 5 dimensions",
            "model.gguf, byte 12691: dimensions of output_norm.weight expected at most 4, got 5"
        ) { try $0.patch(after: "output_norm.weight", little(UInt32(5))) },
        c(
            "a tensor of 2^32-1 dimensions",
            "model.gguf, byte 12691: dimensions of output_norm.weight expected at most 4, got 4294967295"
        ) { try $0.patch(after: "output_norm.weight", little(UInt32.max)) },
        c(
            "a dimension of 0",
            "model.gguf, byte 12695: shape of output_norm.weight expected 1 or more, and a product that can be "
                + "counted, got 0"
        ) { try $0.patch(after: "output_norm.weight", skip: 4, little(UInt64(0))) },
        c(
            "a dimension of 2^64-1",
            "model.gguf, byte 12695: shape of output_norm.weight expected 1 or more, and a product that can be "
                + "counted, got 18446744073709551615"
        ) { try $0.patch(after: "output_norm.weight", skip: 4, little(UInt64.max)) },
        c(
            "dimensions that overflow",
            "model.gguf, byte 12752: shape of token_embd.weight expected 1 or more, and a product that can be "
                + "counted, got 4611686018427387904"
        ) { folder in
            try folder.patch(after: "token_embd.weight", skip: 4, little(UInt64(1) << 62) + little(UInt64(1) << 62))
        },
        c(
            "a type that is not known",
            "model.gguf: type 99 of output_norm.weight is not run by this build: no type of this number is known here",
            outcome: "unsupported"
        ) {
            try $0.patch(after: "output_norm.weight", skip: 12, little(UInt32(99)))
        },
        c(
            "a type that is not read",
            "model.gguf: type IQ2_XXS of output_norm.weight is not run by this build: its blocks are not computed here",
            outcome: "unsupported"
        ) {
            try $0.patch(after: "output_norm.weight", skip: 12, little(UInt32(16)))
        },
        c(
            "rows of half blocks",
            "model.gguf, byte 12740: shape of token_embd.weight expected rows of whole Q8_0 blocks of 32, got rows "
                + "of 48"
        ) { try $0.patch(after: "token_embd.weight", skip: 4, little(UInt64(48))) },
        c(
            "an offset that is not aligned",
            "model.gguf, byte 12707: offset of output_norm.weight expected a multiple of the alignment, 32, got 7"
        ) {
            try $0.patch(after: "output_norm.weight", skip: 16, little(UInt64(7)))
        },
        c(
            "an offset beyond the file",
            "model.gguf, byte 12707: data of output_norm.weight expected to end within the 263936 bytes after the "
                + "head, got 256 bytes from 1099511627776"
        ) {
            try $0.patch(after: "output_norm.weight", skip: 16, little(UInt64(1) << 40))
        },
        c(
            "an offset of 2^64-32",
            "model.gguf, byte 12707: offset of output_norm.weight expected a multiple of the alignment, 32, got "
                + "18446744073709551584"
        ) {
            try $0.patch(after: "output_norm.weight", skip: 16, little(UInt64.max - 31))
        },
        c(
            "tensors that overlap",
            "model.gguf, byte 12764: data of token_embd.weight expected to begin at 256 or later, where the tensor "
                + "before it ends, got 0"
        ) { try $0.patch(after: "token_embd.weight", skip: 24, little(UInt64(0))) },
        c("a tensor twice", "model.gguf, byte 14003: tensor blk.1.ffn_gate.weight expected to be there once, got twice")
        { try $0.rename("blk.0.ffn_gate.weight", "blk.1.ffn_gate.weight") },
        c(
            "a name that is not ASCII",
            "model.gguf, byte 12665: name of tensor 1 expected 1 to 256 printable ASCII characters, got "
                + "\"output_norm?weight\""
        ) { try $0.rename("output_norm.weight", "output_norm\u{7F}weight") },
        c(
            "a tensor under another name",
            "model.gguf: tensor blk.3.attn_x.weight is not run by this build: it has no place in a gemma3 model",
            outcome: "unsupported", check: .tensorShapes
        ) {
            try $0.rename("blk.3.attn_q.weight", "blk.3.attn_x.weight")
        },
        c(
            "a tensor of another shape",
            "blk.0.attn_q.weight (model.layers.0.self_attn.q_proj.weight): model.gguf implies shape [64, 64], got "
                + "[32, 128]",
            check: .tensorShapes
        ) {
            try $0.patch(after: "blk.0.attn_q.weight", skip: 4, little(UInt64(128)) + little(UInt64(32)))
        },
    ]

    /// What the metadata say of the model.
    private static let keys = [
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

    private static let vocabulary = [
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
}

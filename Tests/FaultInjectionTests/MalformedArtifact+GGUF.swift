import ModelFormats

extension MalformedArtifact {
    static let ggufs = [
        Group(fixture: "GGUF/gemma3-trained-q8_0.gguf", artifacts: heads + tensors + ggufKeys + ggufVocabulary)
    ]

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
}

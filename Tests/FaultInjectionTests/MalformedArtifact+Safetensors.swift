extension MalformedArtifact {
    static let safetensors = [
        Group(fixture: "Models/gemma3-trained", artifacts: headers + safetensorsEntries + contents)
    ]

    private static func c(
        _ name: String, _ finding: String, _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact(name, .inspection(.safetensorsHeader), "failed", finding, damage)
    }

    private static let file = "model.safetensors"

    /// What precedes the JSON, and the JSON as a whole.
    private static let headers = [
        c("empty weights", "model.safetensors holds no weights: expected safetensors, got an empty file") {
            try $0.write(file, [])
        },
        c("weights of 7 bytes", "model.safetensors: file size expected at least 8 bytes, got 7") {
            try $0.write(file, [1, 0, 0, 0, 0, 0, 0])
        },
        c(
            "header length 2^64-1",
            "model.safetensors: header length expected 2 to 16777216 bytes, got 18446744073709551615"
        ) { try $0.patch(file, at: 0, little(UInt64.max)) },
        c(
            "header length 2^63",
            "model.safetensors: header length expected 2 to 16777216 bytes, got 9223372036854775808"
        ) { try $0.patch(file, at: 0, little(UInt64(1) << 63)) },
        c("header length of 100 MB", "model.safetensors: header length expected 2 to 16777216 bytes, got 100000000") {
            try $0.patch(file, at: 0, little(UInt64(100_000_000)))
        },
        c(
            "header beyond the file",
            "model.safetensors: header length expected at most 495296, what the file holds, got 10000000"
        ) { try $0.patch(file, at: 0, little(UInt64(10_000_000))) },
        c("header length 0", "model.safetensors: header length expected 2 to 16777216 bytes, got 0") {
            try $0.patch(file, at: 0, little(UInt64(0)))
        },
        c("header length 1", "model.safetensors: header length expected 2 to 16777216 bytes, got 1") {
            try $0.patch(file, at: 0, little(UInt64(1)))
        },
        c("8 zero bytes at the front", "model.safetensors: header length expected 2 to 16777216 bytes, got 0") {
            folder in
            try folder.write(file, [UInt8](repeating: 0, count: 8) + folder.read(file))
        },
        c("header that is no JSON", "model.safetensors is not valid JSON at byte 1: expected a string") {
            try $0.header { _ in "{hello" }
        },
        c("header that begins with a space", "model.safetensors: first header byte expected {, got 0x20") {
            try $0.header { " " + $0 }
        },
        c("header that is a list", "model.safetensors: first header byte expected {, got [") {
            try $0.header { "[" + $0 + "]" }
        },
        c("header with text after it", "model.safetensors is not valid JSON at byte 8384: bytes after the value") {
            try $0.header { $0 + "x" }
        },
        c("header cut off", "model.safetensors is not valid JSON at byte 4192: ends too early") {
            try $0.header { String($0.prefix($0.count / 2)) }
        },
        c("header with a byte that is no UTF-8", "model.safetensors is not valid JSON at byte 12: malformed UTF-8") {
            try $0.patch(file, at: 20, [0xFF])
        },
        c(
            "header with a control character",
            "model.safetensors is not valid JSON at byte 12: control character in a string"
        ) { try $0.patch(file, at: 20, [0x01]) },
        c("metadata nested 65 deep", "model.safetensors: __metadata__ value of a expected a string, got object") {
            try $0.header(
                replacing: "\"__metadata__\":{",
                with: "\"__metadata__\":" + String(repeating: "{\"a\":", count: 65) + "{")
        },
        c("metadata that is a list", "model.safetensors is not valid JSON at byte 16: expected an object") {
            try $0.header(replacing: "\"__metadata__\":{\"format\":\"pt\"}", with: "\"__metadata__\":[]")
        },
        c("metadata of a number", "model.safetensors: __metadata__ value of format expected a string, got number") {
            try $0.header(replacing: "\"format\":\"pt\"", with: "\"format\":1")
        },
        c(
            "a tensor named twice",
            "model.safetensors is not valid JSON at byte 8302: duplicate key model.embed_tokens.weight"
        ) {
            try $0.header(replacing: "\"model.norm.weight\"", with: "\"model.embed_tokens.weight\"")
        },
        c(
            "two tensors equal but for normalisation",
            "model.safetensors is not valid JSON at byte 8283: duplicate key café"
        ) { folder in
            try folder.header(replacing: "\"model.norm.weight\"", with: "\"caf\u{E9}\"")
            try folder.header(replacing: "\"model.embed_tokens.weight\"", with: "\"cafe\u{301}\"")
        },
        c(
            "two tensors equal but for case",
            "model.safetensors is not valid JSON at byte 8302: duplicate key MODEL.embed_tokens.weight"
        ) {
            try $0.header(replacing: "\"model.norm.weight\"", with: "\"MODEL.embed_tokens.weight\"")
        },
        c("a lone surrogate in a name", "model.safetensors is not valid JSON at byte 8308: lone surrogate") {
            try $0.header(replacing: "\"model.norm.weight\"", with: "\"model\\ud800\"")
        },
        c("a number beyond a Double", "model.safetensors is not valid JSON at byte 184: number out of range") {
            try $0.header(replacing: "\"shape\":[64]", with: "\"shape\":[1e999]")
        },
    ]

    /// What follows the header, or stands in its place.
    private static let contents = [
        c(
            "bytes after the last tensor",
            "model.safetensors: end of the last tensor expected 486914, the end of the file, got 486912"
        ) { try $0.write(file, $0.read(file) + [0, 0]) },
        c(
            "a byte missing at the end",
            "model.safetensors, tensor model.norm.weight: data_offsets expected begin <= end <= 486911, what the "
                + "file holds, got [486784, 486912]"
        ) { try $0.write(file, Array($0.read(file).dropLast())) },
        c(
            "half the weights missing",
            "model.safetensors, tensor model.layers.2.mlp.up_proj.weight: data_offsets expected begin <= end <= "
                + "239260, what the file holds, got [238848, 255232]"
        ) { folder in
            let bytes = try folder.read(file)
            try folder.write(file, Array(bytes.prefix(bytes.count / 2)))
        },
        c("a git-lfs pointer", "model.safetensors holds no weights: expected safetensors, got a git-LFS pointer") {
            try $0.write(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 486912\n")
        },
        c("a web page", "model.safetensors holds no weights: expected safetensors, got a web page or XML") {
            try $0.write(file, "<!DOCTYPE html><html><body>Sign in</body></html>")
        },
        c("an error of a server", "model.safetensors holds no weights: expected safetensors, got JSON text") {
            try $0.write(file, "{\"error\":\"Repository not found\"}")
        },
        c(
            "a pickle under the name of safetensors",
            "model.safetensors holds no weights: expected safetensors, got a pickle"
        ) {
            try $0.write(file, [0x80, 0x04, 0x95] + [UInt8](repeating: 0, count: 100))
        },
        c(
            "a zip under the name of safetensors",
            "model.safetensors holds no weights: expected safetensors, got a zip archive"
        ) {
            try $0.write(file, [0x50, 0x4B, 0x03, 0x04] + [UInt8](repeating: 0, count: 100))
        },
        c(
            "a gzip under the name of safetensors",
            "model.safetensors: header length expected at most 96, what the file holds, got 559903"
        ) {
            try $0.write(file, [0x1F, 0x8B, 0x08, 0x00] + [UInt8](repeating: 0, count: 100))
        },
        c(
            "a GGUF under the name of safetensors",
            "model.safetensors: header length expected 2 to 16777216 bytes, got 14064895815"
        ) {
            try $0.write(file, Array("GGUF".utf8) + [3, 0, 0, 0] + [UInt8](repeating: 0, count: 100))
        },
    ]
}

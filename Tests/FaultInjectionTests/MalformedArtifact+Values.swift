import Foundation
import ModelFormats
import SmokeTesting

extension MalformedArtifact {
    static let values = [Group(fixture: "Models/gemma3-trained", artifacts: numbers)]
    static let formats = [Group(fixture: "Models/gemma3-trained", artifacts: files)]

    private static func s(
        _ name: String, _ check: SmokeTestReport.CheckName, _ finding: String, outcome: String = "failed",
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact(name, .smokeTest(check), outcome, finding, damage)
    }

    private static func f(
        _ name: String, _ finding: String, outcome: String = "failed", check: ModelInspection.CheckName = .format,
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact(name, .inspection(check), outcome, finding, damage)
    }

    private static let weights = "model.safetensors"

    /// Numbers of single tensors, which lie in the file in the order of their names.
    private static let numbers = [
        s(
            "a NaN in the embedding", .noNaNOrInf,
            "model.embed_tokens.weight in model.safetensors holds 1 NaN and 0 infinite values, the first at flat "
                + "index 1234"
        ) { try $0.number("model.embed_tokens.weight", 1234, 0x7FC0) },
        s(
            "a signalling NaN in a norm", .noNaNOrInf,
            "model.norm.weight in model.safetensors holds 1 NaN and 0 infinite values, the first at flat index 0"
        ) { try $0.number("model.norm.weight", 0, 0x7F81) },
        s(
            "an infinity in the last value", .noNaNOrInf,
            "model.norm.weight in model.safetensors holds 0 NaN and 1 infinite values, the first at flat index 63"
        ) { try $0.number("model.norm.weight", 63, 0x7F80) },
        s(
            "a negative infinity", .noNaNOrInf,
            "model.layers.0.mlp.down_proj.weight in model.safetensors holds 0 NaN and 1 infinite values, the first "
                + "at flat index 8191"
        ) {
            try $0.number("model.layers.0.mlp.down_proj.weight", 8191, 0xFF80)
        },
        s(
            "NaN everywhere", .noNaNOrInf,
            "model.norm.weight in model.safetensors holds 64 NaN and 0 infinite values, the first at flat index 0"
        ) { folder in
            for index in 0..<64 { try folder.number("model.norm.weight", index, 0xFFFF) }
        },
        s(
            "a huge value", .noNaNOrInf,
            "80 tensors scanned, the largest magnitude of a matrix is in model.layers.0.mlp.down_proj.weight in "
                + "model.safetensors",
            outcome: "warned"
        ) {
            try $0.number("model.layers.0.mlp.down_proj.weight", 5, 0x4780)
        },
        s(
            "a matrix of zeros", .noAllZeroMatrix,
            "model.layers.5.self_attn.k_proj.weight in model.safetensors holds 1024 zeros and nothing else"
        ) {
            try $0.fill("model.layers.5.self_attn.k_proj.weight", [0, 0])
        },
        s(
            "a matrix of negative zeros", .noAllZeroMatrix,
            "model.layers.5.self_attn.k_proj.weight in model.safetensors holds 1024 zeros and nothing else"
        ) {
            try $0.fill("model.layers.5.self_attn.k_proj.weight", [0, 0x80])
        },
        s(
            "an embedding of zeros", .noAllZeroMatrix,
            "model.embed_tokens.weight in model.safetensors holds 32768 zeros and nothing else"
        ) { try $0.fill("model.embed_tokens.weight", [0, 0]) },
        s(
            "a norm of zeros", .noAllZeroMatrix,
            "model.norm.weight in model.safetensors is all zeros, which the arithmetic allows (this norm is stored "
                + "minus 1) but training rarely leaves",
            outcome: "warned"
        ) { try $0.fill("model.norm.weight", [0, 0]) },
        s(
            "a final norm that overflows", .weightStatistics,
            "model.norm.weight in model.safetensors holds 2.990763e+38 in row 0, more than any trained weight"
        ) { try $0.fill("model.norm.weight", [0x61, 0x7F]) },
        s(
            "an embedding of one number", .noConstantTensor,
            "model.embed_tokens.weight in model.safetensors holds 512 of 512 rows that repeat one number, the first "
                + "is row 0"
        ) {
            try $0.fill("model.embed_tokens.weight", [0x80, 0x3F])
        },
    ]

    private static let files = [
        f(
            "weights as a pickle only",
            "weights only as pytorch_model.bin, a format whose loader runs code and that is never opened here",
            outcome: "unsupported"
        ) { folder in
            try folder.remove(weights)
            try folder.write("pytorch_model.bin", [0x80, 0x02, 0x7D, 0x71, 0x00, 0x2E])
        },
        f(
            "a pickle beside the weights",
            "optimizer.pt is of a format whose loader runs code; the weights beside it were inspected",
            outcome: "warned"
        ) {
            try $0.write("optimizer.pt", [0x50, 0x4B, 0x03, 0x04] + [UInt8](repeating: 0, count: 60))
        },
        f("a pickle that claims to be JSON", "extra.json: expected JSON by its extension, got a pickle") {
            try $0.write("extra.json", [0x80, 0x04, 0x95, 0, 0, 0])
        },
        f("a zip that claims to be text", "notes.txt: expected text by its extension, got a zip archive") {
            try $0.write("notes.txt", [0x50, 0x4B, 0x03, 0x04, 0, 0])
        },
        f(
            "a NumPy file that claims to be JSON",
            "extra.json: expected JSON by its extension, got pickle by its first bytes"
        ) {
            try $0.write("extra.json", [0x93] + Array("NUMPY".utf8) + [1, 0])
        },
        f(
            "weights that claim to be a pickle",
            "model.bin is of a format whose loader runs code; the weights beside it were inspected", outcome: "warned"
        ) { try $0.write("model.bin", $0.read(weights)) },
        f("JSON that is a web page", "extra.json: expected JSON by its extension, got a web page or XML") {
            try $0.write("extra.json", "<html><body>Sign in</body></html>")
        },
        f("a picture that is text", "logo.png: expected an image by its extension, got text by its first bytes") {
            try $0.write("logo.png", "hello")
        },
        f("no weights at all", "no safetensors or GGUF file among 7 files") { try $0.remove(weights) },
        f("a program in Python", "modeling_gemma.py: a program; nothing of it is ever run here", check: .remoteCode) {
            try $0.write("modeling_gemma.py", "import os\n")
        },
        f("a shared library", "kernels.so: a program; nothing of it is ever run here", check: .remoteCode) {
            try $0.write("kernels.so", [0x7F, 0x45, 0x4C, 0x46])
        },
        f(
            "custom_pipelines in a deep place", "extra.json: key custom_pipelines; nothing of it is ever run here",
            check: .remoteCode
        ) {
            try $0.write("extra.json", "{\"a\":[{\"custom_pipelines\":{\"x\":{\"impl\":\"p.P\"}}}]}")
        },
        f(
            "auto_map in tokenizer_config.json", "tokenizer_config.json: key auto_map; nothing of it is ever run here",
            check: .remoteCode
        ) {
            try $0.add("\"auto_map\":{\"AutoTokenizer\":[\"tok.T\",null]}", to: "tokenizer_config.json")
        },
        f(
            "JSON nested beyond every reader", "extra.json is not valid JSON at byte 65: nested deeper than 64",
            check: .remoteCode
        ) {
            try $0.write("extra.json", String(repeating: "[", count: 200_000))
        },
        f("a name with control characters", "a?[31m.py: a program; nothing of it is ever run here", check: .remoteCode)
        { try $0.write("a\u{1B}[31m.py", "x") },
    ]
}

extension ArtifactFolder {
    /// Overwrites one BF16 number of a tensor of model.safetensors.
    fileprivate func number(_ tensor: String, _ index: Int, _ bits: UInt16) throws {
        try patch("model.safetensors", at: try range(of: tensor).lowerBound + 2 * index, little(bits))
    }

    /// Fills a tensor with one BF16 number.
    fileprivate func fill(_ tensor: String, _ bytes: [UInt8]) throws {
        let range = try range(of: tensor)
        try patch("model.safetensors", at: range.lowerBound, (0..<range.count).map { bytes[$0 % 2] })
    }

    private func range(of tensor: String) throws -> Range<Int> {
        guard let found = try ModelTensors(reading: ModelFiles(directory: path))[tensor] else {
            throw Unfit("there is no \(tensor)")
        }
        return found.tensor.range
    }
}

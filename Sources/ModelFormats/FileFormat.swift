/// What kind of file a repository path and its first bytes claim together. Both must agree: a pickle that is called
/// model.safetensors, or weights that are called README.md, is an error and no kind.
package enum FileFormat: String, Codable, CaseIterable, Sendable {
    case safetensors, gguf, json, text, sentencepiece, pickle, zip, image, other

    /// Formats whose loaders are known to run code that the file brings along.
    package var runsCode: Bool { self == .pickle || self == .zip }

    /// How many bytes `classify` looks at.
    package static let prefixSize = 512

    /// - Parameters:
    ///   - firstBytes: up to `prefixSize` bytes from the start of the file.
    /// - Throws: ModelFormatError.formatMismatch, or .notWeights for a weight file that is a pointer or a web page.
    package static func classify(path: String, firstBytes: [UInt8]) throws(ModelFormatError) -> FileFormat {
        let claimed = byExtension(path), seen = byMagic(firstBytes)
        func mismatch(_ expected: String) -> ModelFormatError {
            .formatMismatch(file: path, expected: expected, got: describe(seen, firstBytes))
        }
        switch claimed {
        case .safetensors:
            if let what = Safetensors.notWeights(firstBytes) { throw .notWeights(file: path, got: what) }
            guard seen == .safetensors else { throw mismatch("safetensors by its extension") }
        case .gguf:
            if let what = Safetensors.notWeights(firstBytes) { throw .notWeights(file: path, got: what) }
            guard seen == .gguf else { throw mismatch("GGUF by its extension") }
        case .json:
            guard seen == .json || seen == .text, firstBytes.firstThatIsNoSpace.map(startsJSON) ?? false else {
                throw mismatch("JSON by its extension")
            }
        case .text:
            guard seen == .text || seen == .json || firstBytes.isEmpty else { throw mismatch("text by its extension") }
        case .sentencepiece:
            guard seen == .sentencepiece else { throw mismatch("a SentencePiece model by its extension") }
        case .image:
            guard seen == .image else { throw mismatch("an image by its extension") }
        case .pickle, .zip:
            // The extension alone is enough to keep it out, whatever is inside.
            return claimed
        case .other:
            // An unknown extension may hide a known danger, but is no licence to be weights either.
            if let seen, seen.runsCode { return seen }
            if seen == .safetensors || seen == .gguf { throw mismatch("no weights under this extension") }
            return .other
        }
        return claimed
    }

    /// What a file's name claims; enough to leave it alone, never enough to trust it.
    package static func byExtension(_ path: String) -> FileFormat {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let suffix = name.contains(".") ? name.split(separator: ".").last.map(String.init) ?? "" : ""
        if [".gitattributes", ".gitignore", "license", "notice", "readme", "use_policy"].contains(name) {
            return .text
        }
        switch suffix {
        case "safetensors": return .safetensors
        case "gguf": return .gguf
        case "json", "jsonl": return .json
        case "txt", "md", "jinja", "yaml", "yml", "csv", "lock": return .text
        case "model", "spm": return .sentencepiece
        case "bin", "pt", "pth", "ckpt", "pkl", "pickle", "joblib", "npy", "npz", "h5", "keras", "nemo", "msgpack",
            "llamafile", "dill":
            return .pickle
        case "zip", "tar", "gz", "tgz", "7z", "xz", "bz2", "zst": return .zip
        case "png", "jpg", "jpeg", "gif", "webp": return .image
        default: return .other
        }
    }

    /// What the first bytes say; nil when they say nothing.
    private static func byMagic(_ bytes: [UInt8]) -> FileFormat? {
        if bytes.starts(with: "GGUF".utf8) { return .gguf }
        if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x1F, 0x8B])
            || bytes.starts(with: [0x37, 0x7A, 0xBC, 0xAF]) || bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58])
        {
            return .zip
        }
        // Pickle protocols 2 to 5: PROTO, version, then an opcode.
        if bytes.count >= 3, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return .pickle }
        if bytes.starts(with: [0x93]) && bytes.dropFirst().starts(with: "NUMPY".utf8) { return .pickle }
        if bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) { return .pickle }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) || bytes.starts(with: [0xFF, 0xD8, 0xFF])
            || bytes.starts(with: "GIF8".utf8)
            || (bytes.starts(with: "RIFF".utf8) && bytes.dropFirst(8).starts(with: "WEBP".utf8))
        {
            return .image
        }
        if bytes.count >= 9, bytes[8] == UInt8(ascii: "{"), bytes[4..<8].allSatisfy({ $0 == 0 }) { return .safetensors }
        // A SentencePiece proto begins with field 1, a length, and inside it field 1 again: the first piece's text.
        if bytes.count >= 3, bytes[0] == 0x0A, bytes[2] == 0x0A, bytes[1] >= 2 { return .sentencepiece }
        if isText(bytes) { return bytes.firstThatIsNoSpace.map(startsJSON) == true ? .json : .text }
        return nil
    }

    private static func startsJSON(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }

    /// UTF-8 without control characters but white space; a character cut by the end of the prefix is forgiven.
    private static func isText(_ bytes: [UInt8]) -> Bool {
        guard bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D || $0 == 0x0C }) else {
            return false
        }
        return (0...min(3, bytes.count)).contains { cut in
            (cut == 0 || bytes.count == prefixSize) && String(validating: bytes.dropLast(cut), as: UTF8.self) != nil
        }
    }

    private static func describe(_ seen: FileFormat?, _ bytes: [UInt8]) -> String {
        if let what = Safetensors.notWeights(bytes) { return what }
        if let seen { return "\(seen.rawValue) by its first bytes" }
        return "first bytes " + bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: " ")
    }
}

extension Array where Element == UInt8 {
    fileprivate var firstThatIsNoSpace: UInt8? { first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } }
}

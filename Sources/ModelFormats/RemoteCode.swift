/// Places where a repository asks its loader to run code of its own.
package enum RemoteCode {
    package static let keys: Set<String> = ["auto_map", "custom_pipelines"]
    package static let extensions: Set<String> = [
        "py", "pyc", "so", "dll", "dylib", "sh", "bash", "js", "exe", "bat", "ps1", "jar", "wasm",
    ]
    static let maximumJSONSize = 64 << 20

    /// What was found, as `path: reason` lines; empty means nothing.
    package static func findings(in model: ModelFiles) throws -> [String] {
        var found: [String] = []
        for entry in model.entries {
            let suffix = entry.path.lowercased().split(separator: ".").last.map(String.init) ?? ""
            if extensions.contains(suffix) { found.append("\(printable(entry.path)): a program") }
            guard suffix == "json" else { continue }
            let bytes = try model.open(entry.path).contents(limit: maximumJSONSize)
            for key in try keysFound(in: bytes, file: entry.path) {
                found.append("\(printable(entry.path)): key \(key)")
            }
        }
        return found
    }

    /// The keys of `keys` anywhere in a JSON text whose value is more than null or empty.
    package static func keysFound(in bytes: [UInt8], file: String) throws -> [String] {
        try JSONScanner.scan(bytes, file: file) { scanner in
            var found = Set<String>()
            try search(&scanner, &found)
            return found.sorted()
        }
    }

    private static func search(_ scanner: inout JSONScanner, _ found: inout Set<String>) throws {
        switch try scanner.peek() {
        case .object:
            // A vocabulary has as many keys as pieces and is checked by the tokenizer; here only names matter.
            try scanner.object(unique: .unchecked) { scanner, key in
                let name = String(decoding: key, as: UTF8.self)
                if keys.contains(name), try scanner.peek() != .null { found.insert(name) }
                try search(&scanner, &found)
            }
        case .array: try scanner.array { scanner, _ in try search(&scanner, &found) }
        default: try scanner.skip()
        }
    }
}

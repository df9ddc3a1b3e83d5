/// The flat part of a model card's YAML front matter: `key: value`, `key: [a, b]`, and `key:` before `- item` lines.
///
/// The sample cards need no more; nested maps and block texts are passed over.
enum FrontMatter {
    static func parse(_ card: String) -> [String: JSON] {
        var lines = card.split(omittingEmptySubsequences: false) { $0.isNewline }[...]
        guard lines.popFirst()?.isFence == true, let end = lines.firstIndex(where: \.isFence) else { return [:] }
        var values: [String: JSON] = [:]
        var listKey: String?
        for line in lines[..<end] {
            let content = line.trimmed
            if content.isEmpty || content.hasPrefix("#") { continue }
            if content.hasPrefix("- ") {
                guard let listKey else { continue }
                let items = if case .list(let items)? = values[listKey] { items } else { [JSON]() }
                values[listKey] = .list(items + [scalar(content.dropFirst(2))])
            } else if line.first?.isWhitespace != true, let colon = line.firstIndex(of: ":") {
                let (key, value) = (String(line[..<colon]), line[line.index(after: colon)...].trimmed)
                listKey = value.isEmpty ? key : nil
                if !value.isEmpty { values[key] = self.value(value) }
            } else {
                listKey = nil
            }
        }
        return values
    }

    private static func value(_ text: Substring) -> JSON {
        guard text.hasPrefix("["), text.hasSuffix("]") else { return scalar(text) }
        return .list(text.dropFirst().dropLast().split(separator: ",").map(scalar))
    }

    private static func scalar(_ text: Substring) -> JSON {
        let text = text.trimmed
        for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return .text(String(text.dropFirst().dropLast()))
        }
        switch text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: return Int64(text).map { .integer($0) } ?? .text(String(text))
        }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    fileprivate var isFence: Bool { trimmed == "---" }
}

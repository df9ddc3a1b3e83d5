import RegistryCore
import Yams

/// One mapping of a YAML file, read key by key. What is left when ``finish()`` is called is an unknown key.
package struct StrictSection {
    private let file: String
    private let name: String
    private let mark: Mark?
    private let keys: [(name: String, key: Node, value: Node)]
    private var unread: Set<String>

    /// The mapping that a whole file is.
    package init(parsing bytes: [UInt8], file: String, name: String) throws(PolicyError) {
        guard bytes.count <= 1 << 20 else { throw .unreadable(path: file, reason: "it is larger than 1 MiB") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: file, reason: "it is not UTF-8")
        }
        if let (line, column) = text.firstAnchor {
            let message = "anchors ('&name') are not allowed; in a text, write a space after the '&'"
            throw .invalid(file: file, line: line, column: column, message: message)
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw .syntax(file: file, message: error.brief)
        } catch {
            throw .syntax(file: file, message: "\(error)")
        }
        guard let root else { throw .unreadable(path: file, reason: "it is empty") }
        try self.init(root, file: file, name: name)
    }

    private init(_ node: Node, file: String, name: String) throws(PolicyError) {
        self.file = file
        self.name = name
        mark = node.mark
        guard let mapping = node.mapping else {
            throw Self.invalid(file, node.mark, "\(name) must be keys with values, got \(node.kind)")
        }
        var keys: [(String, Node, Node)] = []
        var names: Set<String> = []
        for (key, value) in mapping {
            guard let text = key.scalar?.string else { throw Self.invalid(file, key.mark, "a key must be a word") }
            guard names.insert(text).inserted else {
                throw Self.invalid(file, key.mark, "key '\(text.printable)' stands twice in \(name)")
            }
            keys.append((text, key, value))
        }
        self.keys = keys
        unread = names
    }

    package func has(_ key: String) -> Bool { keys.contains { $0.name == key } }

    /// - Parameter limit: bytes.
    package mutating func text(_ key: String, atMost limit: Int = 1 << 20) throws(PolicyError) -> String {
        let node = try node(key)
        guard let text = node.scalar?.string, !text.isEmpty else { throw mistyped(key, node, "a text") }
        guard text.utf8.count <= limit else {
            throw Self.invalid(file, node.mark, "'\(key)' must have at most \(limit) bytes, got \(text.utf8.count)")
        }
        return text
    }

    /// A text of `a` to `z`, `0` to `9` and `-`, which can be part of a file's name.
    package mutating func word(_ key: String) throws(PolicyError) -> String {
        let node = try node(key)
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
        guard let text = node.scalar?.string, (1...100).contains(text.utf8.count),
            text.utf8.allSatisfy(allowed.contains)
        else { throw mistyped(key, node, "a name of a to z, 0 to 9 and -") }
        return text
    }

    package mutating func texts(_ key: String) throws(PolicyError) -> [String] {
        let node = try node(key)
        guard let sequence = node.sequence else { throw mistyped(key, node, "a list of names") }
        var texts: [String] = []
        for item in sequence {
            guard let text = item.scalar?.string, !text.isEmpty else { throw mistyped(key, item, "a list of names") }
            texts.append(text)
        }
        return texts
    }

    package mutating func flag(_ key: String) throws(PolicyError) -> Bool {
        let node = try node(key)
        switch node.scalar?.string {
        case "true": return true
        case "false": return false
        default: throw mistyped(key, node, "true or false")
        }
    }

    package mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(PolicyError) -> Int {
        let node = try node(key)
        guard let value = (node.scalar?.string).flatMap({ Int($0) }), range.contains(value) else {
            throw mistyped(key, node, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// - Returns: nil where the word stands there instead of a number.
    package mutating func integer(
        _ key: String, in range: ClosedRange<Int>, or word: String
    ) throws(PolicyError) -> Int? {
        let node = try node(key)
        if node.scalar?.string == word { return nil }
        guard let value = (node.scalar?.string).flatMap({ Int($0) }), range.contains(value) else {
            throw mistyped(key, node, "a whole number from \(range.lowerBound) to \(range.upperBound), or '\(word)'")
        }
        return value
    }

    package mutating func number(_ key: String, in range: ClosedRange<Double>) throws(PolicyError) -> Double {
        let node = try node(key)
        guard let value = (node.scalar?.string).flatMap({ Double($0) }), range.contains(value) else {
            throw mistyped(key, node, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Bytes, from `60 GB` or `2 GiB`; nil where the word stands there instead.
    package mutating func size(_ key: String, or word: String) throws(PolicyError) -> Int64? {
        let node = try node(key)
        if node.scalar?.string == word { return nil }
        guard let bytes = Self.bytes(node) else { throw mistyped(key, node, "a size such as 60 GB, or '\(word)'") }
        return bytes
    }

    /// Bytes, from `60 GB` or `2 GiB`.
    package mutating func size(_ key: String) throws(PolicyError) -> Int64 {
        let node = try node(key)
        guard let bytes = Self.bytes(node) else { throw mistyped(key, node, "a size such as 60 GB or 512 MiB") }
        return bytes
    }

    private static func bytes(_ node: Node) -> Int64? { bytes(node.scalar?.string ?? "") }

    /// Bytes, from `60 GB` or `2 GiB`; nil where it is no such text.
    package static func bytes(_ text: String) -> Int64? {
        let parts = text.split(separator: " ")
        let units: [Substring: Int64] = [
            "B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
            "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
        ]
        guard parts.count == 2, let count = Int64(parts[0]), count > 0, let unit = units[parts[1]],
            case let (bytes, false) = count.multipliedReportingOverflow(by: unit)
        else { return nil }
        return bytes
    }

    package mutating func choice<Choice: RawRepresentable<String>>(
        _ key: String, of choices: [Choice]
    ) throws(PolicyError) -> Choice {
        let node = try node(key)
        guard let choice = choices.first(where: { $0.rawValue == node.scalar?.string }) else {
            throw mistyped(key, node, "one of: \(choices.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    package mutating func section(_ key: String) throws(PolicyError) -> StrictSection {
        try StrictSection(node(key), file: file, name: "'\(key)'")
    }

    package mutating func sections(
        _ key: String, atMost limit: Int = 10_000
    ) throws(PolicyError) -> [StrictSection] {
        let node = try node(key)
        guard let sequence = node.sequence else { throw mistyped(key, node, "a list") }
        guard sequence.count <= limit else {
            throw Self.invalid(file, node.mark, "'\(key)' must have at most \(limit) entries, got \(sequence.count)")
        }
        var sections: [StrictSection] = []
        for item in sequence { sections.append(try StrictSection(item, file: file, name: "an entry of '\(key)'")) }
        return sections
    }

    /// Refuses what nobody asked for.
    package func finish() throws(PolicyError) {
        guard let (key, node, _) = keys.first(where: { unread.contains($0.name) }) else { return }
        let known = keys.map(\.name).filter { !unread.contains($0) }.joined(separator: ", ")
        throw Self.invalid(
            file, node.mark, "unknown key '\(key.printable)' in \(name); the others here are: \(known)")
    }

    /// Refuses a key that an older version read, and says what to write now.
    package func refuse(_ key: String, _ advice: String) throws(PolicyError) {
        guard let (_, node, _) = keys.first(where: { $0.name == key }) else { return }
        throw Self.invalid(file, node.mark, "'\(key)' in \(name): \(advice)")
    }

    /// Why a key's value was not taken, at its place in the file.
    func refusal(_ key: String, _ message: String) -> PolicyError {
        let node = keys.first { $0.name == key }?.value
        return Self.invalid(file, node?.mark ?? mark, "'\(key)' in \(name): \(message)")
    }

    private mutating func node(_ key: String) throws(PolicyError) -> Node {
        guard let (_, _, value) = keys.first(where: { $0.name == key }) else {
            throw Self.invalid(file, mark, "key '\(key)' is missing in \(name)")
        }
        unread.remove(key)
        return value
    }

    private func mistyped(_ key: String, _ node: Node, _ expected: String) -> PolicyError {
        let got = node.scalar.map { "'\($0.string.printable)'" } ?? node.kind
        return Self.invalid(file, node.mark, "'\(key)' must be \(expected), got \(got)")
    }

    private static func invalid(_ file: String, _ mark: Mark?, _ message: String) -> PolicyError {
        .invalid(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1, message: message)
    }
}

extension Node {
    fileprivate var kind: String {
        switch self {
        case .mapping: "keys with values"
        case .sequence: "a list"
        case .scalar: "a single value"
        case .alias: "an alias"
        }
    }
}

extension String {
    /// Line and column of what may be a YAML anchor. A policy needs none, and ten lines of them can stand for more
    /// nodes than fit into any time (a "billion laughs"): Yams shares the copies, but hashes a mapping's keys in full.
    fileprivate var firstAnchor: (line: Int, column: Int)? {
        var line = 1
        var column = 1
        var before: Unicode.Scalar = "\n"
        for (scalar, next) in zip(unicodeScalars, unicodeScalars.dropFirst()) {
            if scalar == "&", next.isInName, !before.isInName { return (line, column) }
            column = scalar == "\n" ? 1 : column + 1
            line += scalar == "\n" ? 1 : 0
            before = scalar
        }
        return nil
    }
}

extension Unicode.Scalar {
    fileprivate var isInName: Bool { properties.isAlphabetic || "0123456789_-".unicodeScalars.contains(self) }
}

extension YamlError {
    /// Line, column and problem, on one line; Yams' own text draws the place over three.
    fileprivate var brief: String {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "\(mark.line):\(mark.column): \(problem)"
        case .reader(let problem, let offset?, _, let yaml):
            "\(yaml.prefix(offset).count(where: \.isNewline) + 1):"
                + "\(yaml.prefix(offset).reversed().prefix { !$0.isNewline }.count + 1): \(problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            "\(context.mark.line):\(context.mark.column): key '\((keys.first ?? "").printable)' stands twice"
        default: "\(self)".split(whereSeparator: \.isNewline).joined(separator: " ")
        }
    }
}

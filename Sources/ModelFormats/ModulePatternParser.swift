/// Reads the syntax of `ModulePattern`.
struct ModulePatternParser {
    private(set) var nodes: [ModulePattern.Node] = []
    private let text: [Unicode.Scalar]
    private let shown: String
    private let file, key: String
    private var position = 0
    private var depth = 0

    init(_ text: String, file: String, key: String) {
        self.text = Array(text.unicodeScalars)
        shown = text
        self.file = file
        self.key = key
    }

    mutating func parse() throws -> Int {
        guard text.count <= ModulePattern.maximumLength else {
            throw ModelFormatError.tooLarge(
                file: file, what: "length of a pattern of \(key)", limit: ModulePattern.maximumLength, got: text.count)
        }
        let root = try alternatives()
        guard position == text.count else { throw fault("a closing parenthesis that none opens") }
        return root
    }

    private func fault(_ problem: String) -> ModelFormatError {
        .configuration(
            file: file, key: key, expected: "a regular expression as Python's re reads it",
            got: "\(quoted(shown)), which has \(problem)")
    }

    private func unsupported(_ what: String) -> ModelFormatError {
        .unsupported(
            file: file, what: "\(key) with \(what)",
            reason: "its pattern \(quoted(shown)) needs more than this build matches")
    }

    private mutating func add(_ node: ModulePattern.Node) -> Int {
        nodes.append(node)
        return nodes.count - 1
    }

    private var next: Unicode.Scalar? { position < text.count ? text[position] : nil }

    private mutating func take(_ wanted: String) -> Bool {
        let scalars = Array(wanted.unicodeScalars)
        guard text[position...].starts(with: scalars) else { return false }
        position += scalars.count
        return true
    }

    private mutating func alternatives() throws -> Int {
        depth += 1
        guard depth <= 64 else { throw fault("parentheses nested more than 64 deep") }
        defer { depth -= 1 }
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : add(.alternatives(parts))
    }

    private mutating func sequence() throws -> Int {
        var parts: [Int] = []
        while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repeated(try atom())) }
        return parts.count == 1 ? parts[0] : add(parts.isEmpty ? .empty : .sequence(parts))
    }

    private mutating func repeated(_ part: Int) throws -> Int {
        guard let bounds = try repetition() else { return part }
        _ = take("?")  // lazy or not, the same texts match
        if next == "+" { throw unsupported("a possessive quantifier") }
        if try repetition() != nil { throw fault("two quantifiers in a row") }
        return add(.repetition(part, minimum: bounds.minimum, maximum: bounds.maximum))
    }

    private mutating func repetition() throws -> (minimum: Int, maximum: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard next == "{" else { return nil }
        let before = position
        position += 1
        let low = digits(), hasComma = take(","), high = hasComma ? digits() : low
        // Python takes braces that hold no counts for themselves.
        guard take("}"), low != nil || (hasComma && high != nil) else {
            position = before
            return nil
        }
        let minimum = low ?? 0
        guard minimum <= 1000, (high ?? 0) <= 1000, high.map({ $0 >= minimum }) ?? true else {
            throw fault("counts out of order or above 1000")
        }
        return (minimum, high)
    }

    private mutating func digits() -> Int? {
        var number: Int?
        while let scalar = next, ("0"..."9").contains(scalar) {
            number = min(1_000_000, (number ?? 0) * 10 + Int(scalar.value - 0x30))
            position += 1
        }
        return number
    }

    private mutating func atom() throws -> Int {
        guard let scalar = next else { throw fault("an end where something should stand") }
        position += 1
        switch scalar {
        case ".": return add(.scalars(["\n"], isNegated: true))
        case "^": return add(.start)
        case "$": return add(.end)
        case "*", "+", "?": throw fault("a quantifier with nothing before it")
        case "[": return try set()
        case "(": return try group()
        case "\\": return try escape()
        default: return add(.scalars([scalar], isNegated: false))
        }
    }

    private mutating func group() throws -> Int {
        var lookahead: Bool?
        if take("?=") {
            lookahead = false
        } else if take("?!") {
            lookahead = true
        } else if take("?P<") {
            while let scalar = next, scalar != ">", scalar != ")" { position += 1 }
            guard take(">") else { throw fault("a group name that does not end") }
        } else if !take("?:"), next == "?" {
            throw unsupported("a group of another kind than (?:, (?=, (?! and (?P<name>")
        }
        let inner = try alternatives()
        guard take(")") else { throw fault("a parenthesis that is not closed") }
        return lookahead.map { add(.lookahead(inner, isNegated: $0)) } ?? inner
    }

    private mutating func escape() throws -> Int {
        guard let scalar = next else { throw fault("a backslash at its end") }
        position += 1
        switch scalar {
        case "b": return add(.boundary(isNegated: false))
        case "B": return add(.boundary(isNegated: true))
        case "A": return add(.start)
        case "Z": return add(.end)
        case "D", "W", "S":
            let name = Unicode.Scalar(scalar.value + 0x20) ?? scalar
            return add(.scalars(Self.classes[name] ?? [], isNegated: true))
        default: return add(.scalars(try members(afterBackslash: scalar), isNegated: false))
        }
    }

    private func members(afterBackslash scalar: Unicode.Scalar) throws -> Set<Unicode.Scalar> {
        if let named = Self.classes[scalar] { return named }
        if let control = Self.controls[scalar] { return [control] }
        guard !scalar.properties.isAlphabetic, scalar.properties.numericType == nil else {
            throw unsupported("the escape \\\(scalar)")
        }
        return [scalar]
    }

    // Module paths are ASCII, so the classes are too.
    private static let classes: [Unicode.Scalar: Set<Unicode.Scalar>] = [
        "d": Set("0123456789".unicodeScalars), "s": Set(" \t\n\r\u{B}\u{C}".unicodeScalars),
        "w": Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_".unicodeScalars),
    ]
    private static let controls: [Unicode.Scalar: Unicode.Scalar] = ["n": "\n", "t": "\t", "r": "\r"]

    private mutating func set() throws -> Int {
        let isNegated = take("^")
        var members: Set<Unicode.Scalar> = [], isFirst = true
        while true {
            guard let scalar = next else { throw fault("a set that is not closed") }
            position += 1
            if scalar == "]", !isFirst { break }
            isFirst = false
            var low: Set<Unicode.Scalar> = [scalar]
            if scalar == "\\" {
                guard let escaped = next else { throw fault("a backslash at its end") }
                position += 1
                guard !["D", "W", "S"].contains(escaped) else { throw unsupported("the escape \\\(escaped) in a set") }
                low = try self.members(afterBackslash: escaped)
            }
            guard next == "-", position + 1 < text.count, text[position + 1] != "]" else {
                members.formUnion(low)
                continue
            }
            position += 1
            let high = text[position]
            position += 1
            guard low.count == 1, let first = low.first, high != "\\", first.isASCII, high.isASCII, first <= high else {
                throw unsupported("a range in a set that is not of plain ASCII characters in order")
            }
            members.formUnion((first.value...high.value).compactMap(Unicode.Scalar.init))
        }
        return add(.scalars(members, isNegated: isNegated))
    }
}

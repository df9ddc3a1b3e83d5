/// A string as Python sees it: code points, compared one by one. `Character` would merge what Python counts apart.
struct Text: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
    var scalars: [Unicode.Scalar]

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }
    init(_ scalars: ArraySlice<Unicode.Scalar>) { self.scalars = Array(scalars) }
    init(_ string: String) { scalars = Array(string.unicodeScalars) }
    init(stringLiteral value: String) { self.init(value) }

    var count: Int { scalars.count }
    var isEmpty: Bool { scalars.isEmpty }

    var string: String {
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars)
        return String(result)
    }

    /// Bytes that the code points take in memory.
    var bytes: Int { scalars.count * 4 }

    static func < (left: Text, right: Text) -> Bool {
        left.scalars.lexicographicallyPrecedes(right.scalars) { $0.value < $1.value }
    }

    /// The first position at or after `start` (and ending before `end`) where `needle` stands.
    func firstIndex(of needle: Text, from start: Int = 0, to end: Int? = nil) -> Int? {
        let end = end ?? count
        guard needle.count <= end - start else { return nil }
        guard let first = needle.scalars.first else { return start }
        var position = start
        let last = end - needle.count
        while position <= last {
            if scalars[position] == first, matches(needle, at: position) { return position }
            position += 1
        }
        return nil
    }

    /// The last position where `needle` stands and ends at or before `end`.
    func lastIndex(of needle: Text, from start: Int = 0, to end: Int? = nil) -> Int? {
        var position = (end ?? count) - needle.count
        while position >= start {
            if matches(needle, at: position) { return position }
            position -= 1
        }
        return nil
    }

    /// Whether `needle` stands at `position`.
    func matches(_ needle: Text, at position: Int) -> Bool {
        guard position >= 0, position + needle.count <= count else { return false }
        for (offset, scalar) in needle.scalars.enumerated() where scalars[position + offset] != scalar { return false }
        return true
    }
}

extension Unicode.Scalar {
    /// What Python's `str.isspace` and its `\s` accept.
    var isPythonSpace: Bool {
        switch value {
        case 9...13, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// Where Python's `str.splitlines` ends a line.
    var isPythonLineBreak: Bool {
        switch value {
        case 10...13, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// What Python's `repr` shows as itself.
    var isPythonPrintable: Bool {
        if value == 0x20 { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    var isASCIIDigit: Bool { value >= 48 && value <= 57 }
    var isASCIINameStart: Bool { (value >= 65 && value <= 90) || (value >= 97 && value <= 122) || value == 95 }
}

/// A regular expression over module paths, in the syntax of Python's `re` as adapter_config.json uses it.
///
/// Whether a whole text matches does not depend on greed, so a pattern maps a start to the set of all ends; each part
/// is tried at each start once, which no pattern can blow up. Back-references, look-behind and flags are refused by name.
package struct ModulePattern: Equatable, Sendable {
    package static let maximumLength = 4096

    indirect enum Node: Equatable, Sendable {
        case empty
        case scalars(Set<Unicode.Scalar>, isNegated: Bool)
        case sequence([Int])
        case alternatives([Int])
        case repetition(Int, minimum: Int, maximum: Int?)
        case lookahead(Int, isNegated: Bool)
        case boundary(isNegated: Bool)
        case start, end
    }

    package let text: String
    let nodes: [Node]
    let root: Int
    /// The end of a path that `end(_:)` was made from, when only `.` has a meaning in it.
    private var plainEnd: [UInt8]?

    /// - Parameters:
    ///   - file, key: where the pattern stands, for messages.
    package init(_ text: String, file: String, key: String) throws {
        var parser = ModulePatternParser(text, file: file, key: key)
        root = try parser.parse()
        nodes = parser.nodes
        self.text = text
    }

    /// Whether the pattern matches all of `path`, as `re.fullmatch`.
    package func matches(_ path: String) -> Bool {
        if let plainEnd { return Self.isEnd(plainEnd, of: Array(path.utf8)) }
        var matching = Matching(nodes: nodes, scalars: Array(path.unicodeScalars))
        return matching.ends(root, from: 0).contains(matching.scalars.count)
    }

    /// The pattern of `rank_pattern` and `alpha_pattern`: it matches a path, or what follows a `.` in it to the end.
    static func end(_ text: String, file: String, key: String) throws -> ModulePattern {
        var pattern = try ModulePattern("(.*\\.)?(\(text))$", file: file, key: key)
        // Adapters with a rank of its own for every module list hundreds of whole paths.
        let isPlain = text.unicodeScalars.allSatisfy { $0.isASCII && (isWordPart($0) || $0 == ".") }
        if isPlain { pattern.plainEnd = Array(text.utf8) }
        return pattern
    }

    private static func isEnd(_ end: [UInt8], of path: [UInt8]) -> Bool {
        let dot = UInt8(ascii: "."), start = path.count - end.count
        guard start == 0 || start > 0 && path[start - 1] == dot else { return false }
        return zip(end, path[start...]).allSatisfy { $0 == dot || $0 == $1 }
    }

    /// Where matches of the pattern that begin at `start` may end, as counts of scalars.
    func ends(in scalars: [Unicode.Scalar], from start: Int) -> Set<Int> {
        var matching = Matching(nodes: nodes, scalars: scalars)
        return matching.ends(root, from: start)
    }

    static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}

/// One text being matched: the ends of every node from every start, found once.
private struct Matching {
    let nodes: [ModulePattern.Node]
    let scalars: [Unicode.Scalar]
    var known: [Int: Set<Int>] = [:]

    init(nodes: [ModulePattern.Node], scalars: [Unicode.Scalar]) {
        self.nodes = nodes
        self.scalars = scalars
    }

    mutating func ends(_ node: Int, from start: Int) -> Set<Int> {
        let place = node * (scalars.count + 1) + start
        if let found = known[place] { return found }
        let found = compute(nodes[node], from: start)
        known[place] = found
        return found
    }

    private mutating func compute(_ node: ModulePattern.Node, from start: Int) -> Set<Int> {
        switch node {
        case .empty: return [start]
        case .scalars(let members, let isNegated):
            guard start < scalars.count, members.contains(scalars[start]) != isNegated else { return [] }
            return [start + 1]
        case .sequence(let parts):
            return parts.reduce([start]) { step($1, from: $0) }
        case .alternatives(let parts):
            return parts.reduce(into: []) { $0.formUnion(ends($1, from: start)) }
        case .repetition(let part, let minimum, let maximum):
            return repeated(part, minimum, maximum, from: start)
        case .lookahead(let part, let isNegated):
            return ends(part, from: start).isEmpty == isNegated ? [start] : []
        case .boundary(let isNegated):
            let before = start > 0 && ModulePattern.isWordPart(scalars[start - 1])
            let after = start < scalars.count && ModulePattern.isWordPart(scalars[start])
            return (before != after) != isNegated ? [start] : []
        case .start: return start == 0 ? [start] : []
        case .end: return start == scalars.count ? [start] : []
        }
    }

    private mutating func step(_ part: Int, from starts: Set<Int>) -> Set<Int> {
        var reached: Set<Int> = []
        for start in starts { reached.formUnion(ends(part, from: start)) }
        return reached
    }

    private mutating func repeated(_ part: Int, _ minimum: Int, _ maximum: Int?, from start: Int) -> Set<Int> {
        var current: Set<Int> = [start]
        for _ in 0..<minimum {
            current = step(part, from: current)
            if current.isEmpty { return [] }
        }
        var all = current, rounds = minimum
        // What was reached before need not be tried again: it leads to nothing new.
        while !current.isEmpty, maximum.map({ rounds < $0 }) ?? true {
            current = step(part, from: current).subtracting(all)
            all.formUnion(current)
            rounds += 1
        }
        return all
    }
}

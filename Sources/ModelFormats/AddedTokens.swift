/// A token that is looked for in the text before it is cut into pieces, with the options of the `tokenizers` library.
struct AddedToken: Sendable {
    let id: Int32
    /// What is looked for; never empty.
    let text: [UInt8]
    /// Found only where no letter, mark, digit or underscore touches it.
    var isWholeWord = false
    /// Takes the white space before it, or behind it, along.
    var stripsLeft = false
    var stripsRight = false
}

/// Added tokens in order of their bytes: the tokens that begin alike are neighbours, so that a search narrows a range
/// byte by byte. Finds the leftmost match and of those the longest.
struct AddedTokens: Sendable {
    private let tokens: [AddedToken]
    /// Per first byte the tokens that begin with it are `starts[byte]..<starts[byte + 1]`.
    private let starts: [Int32]

    init(_ tokens: [AddedToken] = []) {
        self.tokens = tokens.sorted { $0.text.lexicographicallyPrecedes($1.text) }
        var counts = [Int32](repeating: 0, count: 257)
        for token in tokens { counts[Int(token.text[0]) + 1] += 1 }
        for byte in 0..<256 { counts[byte + 1] += counts[byte] }
        starts = counts
    }

    /// A token whose text another one has too.
    var firstRepeated: AddedToken? {
        zip(tokens, tokens.dropFirst()).first { $0.text == $1.text }?.1
    }

    /// Cuts a text at its added tokens: `part` gets either text between them (never empty) or the id of a token.
    func split(_ text: ArraySlice<UInt8>, _ part: (ArraySlice<UInt8>, Int32?) -> Void) {
        guard !tokens.isEmpty else { return text.isEmpty ? () : part(text, nil) }
        var start = text.startIndex, index = text.startIndex
        // The last white space that a token took along: tokens may be found in there, and would look for its end again.
        var space = index..<index
        while let (found, token) = firstMatch(in: text, from: index) {
            index = found.upperBound
            if token.isWholeWord, wordEnds(text[..<found.lowerBound]) || wordBegins(text[index...]) { continue }
            var (lower, upper) = (found.lowerBound, found.upperBound)
            if token.stripsLeft, start < lower { lower = spaceAtEnd(text[start..<lower]) }
            if token.stripsRight {
                if !space.contains(upper) { space = upper..<spaceAtStart(text[upper...]) }
                upper = space.upperBound
            }
            if start < lower { part(text[start..<lower], nil) }
            part(text[found], token.id)
            start = upper
        }
        if start < text.endIndex { part(text[start...], nil) }
    }

    private func firstMatch(in text: ArraySlice<UInt8>, from begin: Int) -> (Range<Int>, AddedToken)? {
        let base = text.startIndex
        return text.withUnsafeBufferPointer { bytes in
            for index in (begin - base)..<bytes.count where starts[Int(bytes[index])] < starts[Int(bytes[index]) + 1] {
                if let token = longestMatch(UnsafeBufferPointer(rebasing: bytes[index...])) {
                    return (base + index..<base + index + token.text.count, token)
                }
            }
            return nil
        }
    }

    /// The longest token that `text`, which has a first byte, begins with.
    private func longestMatch(_ text: UnsafeBufferPointer<UInt8>) -> AddedToken? {
        var range = Int(starts[Int(text[0])])..<Int(starts[Int(text[0]) + 1]), depth = 1
        var longest: AddedToken?
        while let first = range.first {
            // The shortest of those that begin alike comes first.
            if tokens[first].text.count == depth {
                longest = tokens[first]
                range = first + 1..<range.upperBound
            }
            guard depth < text.count, !range.isEmpty else { break }
            let byte = text[depth]
            let lower = boundary(range) { tokens[$0].text[depth] >= byte }
            range = lower..<boundary(lower..<range.upperBound) { tokens[$0].text[depth] > byte }
            depth += 1
        }
        return longest
    }

    /// The first index of a range for which the predicate, false and then true, holds.
    private func boundary(_ range: Range<Int>, _ holds: (Int) -> Bool) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

private func wordEnds(_ text: ArraySlice<UInt8>) -> Bool { lastScalar(text).map { isWord($0.properties) } ?? false }

private func wordBegins(_ text: ArraySlice<UInt8>) -> Bool {
    String(decoding: text.prefix(4), as: UTF8.self).unicodeScalars.first.map { isWord($0.properties) } ?? false
}

/// `\w` of Unicode Technical Standard 18, annex C.
private func isWord(_ scalar: Unicode.Scalar.Properties) -> Bool {
    switch scalar.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
    default: scalar.isAlphabetic || scalar.isJoinControl
    }
}

private func lastScalar(_ text: ArraySlice<UInt8>) -> Unicode.Scalar? {
    guard let lead = text.lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return nil }
    return String(decoding: text[lead...], as: UTF8.self).unicodeScalars.first
}

/// Where the white space at the end of a text begins.
private func spaceAtEnd(_ text: ArraySlice<UInt8>) -> Int {
    var rest = text
    while let scalar = lastScalar(rest), scalar.properties.isWhitespace { rest = rest.dropLast(UTF8.width(scalar)) }
    return rest.endIndex
}

/// Where the white space at the start of a text ends.
private func spaceAtStart(_ text: ArraySlice<UInt8>) -> Int {
    var rest = text
    while let scalar = String(decoding: rest.prefix(4), as: UTF8.self).unicodeScalars.first,
        scalar.properties.isWhitespace
    {
        rest = rest.dropFirst(UTF8.width(scalar))
    }
    return rest.startIndex
}

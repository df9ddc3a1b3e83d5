/// The methods of Python's `str` that need no interpreter.
extension Text {
    /// Without white space, or without `characters`, at the named ends.
    func stripped(_ characters: Text? = nil, leading: Bool = true, trailing: Bool = true) -> Text {
        let set = characters.map { Set($0.scalars) }
        func drops(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.isPythonSpace }
        var start = 0
        var end = count
        while leading, start < end, drops(scalars[start]) { start += 1 }
        while trailing, end > start, drops(scalars[end - 1]) { end -= 1 }
        return Text(scalars[start..<end])
    }

    func uppercased() -> Text { Text(scalars.flatMap { Array($0.properties.uppercaseMapping.unicodeScalars) }) }

    /// Lower case, with the final form of the Greek sigma where Unicode asks for it.
    func lowercased() -> Text { Text(scalars.indices.flatMap { lowercase(at: $0) }) }

    private func lowercase(at index: Int) -> [Unicode.Scalar] {
        guard scalars[index] == "\u{3A3}" else {
            return Array(scalars[index].properties.lowercaseMapping.unicodeScalars)
        }
        let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
        return [isFinal ? "\u{3C2}" : "\u{3C3}"]
    }

    /// The first code point in title case, the rest in lower case.
    func capitalized() -> Text {
        guard let first = scalars.first else { return self }
        var result = Array(first.properties.titlecaseMapping.unicodeScalars)
        for index in scalars.indices.dropFirst() { result += lowercase(at: index) }
        return Text(result)
    }

    /// `str.title`: title case after everything that has no case.
    func titlecased() -> Text {
        var result: [Unicode.Scalar] = []
        var isInWord = false
        for index in scalars.indices {
            result += isInWord ? lowercase(at: index) : Array(scalars[index].properties.titlecaseMapping.unicodeScalars)
            isInWord = scalars[index].properties.isCased
        }
        return Text(result)
    }

    /// The filter `title`: upper case after white space and any of `-({[<`.
    func titledWords() -> Text {
        var result: [Unicode.Scalar] = []
        var word: [Unicode.Scalar] = []
        func flush() {
            guard let first = word.first else { return }
            result += Text([first]).uppercased().scalars + Text(word.dropFirst()).lowercased().scalars
            word = []
        }
        for scalar in scalars {
            if scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar) {
                flush()
                result.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        flush()
        return Text(result)
    }

    /// Whether there is a cased code point and all of them are `upper` (or lower) case.
    func isCased(upper: Bool) -> Bool {
        var isAny = false
        for scalar in scalars {
            let properties = scalar.properties
            if properties.generalCategory == .titlecaseLetter { return false }
            if upper ? properties.isLowercase : properties.isUppercase { return false }
            if upper ? properties.isUppercase : properties.isLowercase { isAny = true }
        }
        return isAny
    }

    /// `str.splitlines`.
    func lines(keepingEnds: Bool = false) -> [Text] {
        var result: [Text] = []
        var start = 0
        var position = 0
        while position < count {
            guard scalars[position].isPythonLineBreak else {
                position += 1
                continue
            }
            let end = position
            position += scalars[position] == "\r" && position + 1 < count && scalars[position + 1] == "\n" ? 2 : 1
            result.append(Text(scalars[start..<(keepingEnds ? position : end)]))
            start = position
        }
        if start < count { result.append(Text(scalars[start...])) }
        return result
    }

    /// `str.split` and `str.rsplit` at white space; `limit` below zero is none.
    func words(limit: Int, fromEnd: Bool) -> [Text] {
        if fromEnd {
            let reversed = Text(scalars.reversed()).words(limit: limit, fromEnd: false)
            return reversed.reversed().map { Text($0.scalars.reversed()) }
        }
        var result: [Text] = []
        var position = 0
        while true {
            while position < count, scalars[position].isPythonSpace { position += 1 }
            guard position < count else { return result }
            if limit >= 0, result.count == limit {
                return result + [Text(scalars[position...]).stripped(leading: false)]
            }
            let start = position
            while position < count, !scalars[position].isPythonSpace { position += 1 }
            result.append(Text(scalars[start..<position]))
        }
    }

    /// `str.split` and `str.rsplit` at a separator, which is not empty.
    func parts(separator: Text, limit: Int, fromEnd: Bool) -> [Text] {
        var result: [Text] = []
        var start = 0
        var end = count
        while limit < 0 || result.count < limit {
            if fromEnd {
                guard let found = lastIndex(of: separator, from: 0, to: end) else { break }
                result.append(Text(scalars[(found + separator.count)..<end]))
                end = found
            } else {
                guard let found = firstIndex(of: separator, from: start) else { break }
                result.append(Text(scalars[start..<found]))
                start = found + separator.count
            }
        }
        result.append(Text(scalars[start..<end]))
        return fromEnd ? result.reversed() : result
    }

    /// Python's `repr` of a string.
    var quoted: Text {
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        var result: [Unicode.Scalar] = [quote]
        for scalar in scalars {
            switch scalar {
            case "\\", quote: result += ["\\", scalar]
            case "\n": result += ["\\", "n"]
            case "\r": result += ["\\", "r"]
            case "\t": result += ["\\", "t"]
            default: result += scalar.isPythonPrintable ? [scalar] : Text.escape(scalar)
            }
        }
        return Text(result + [quote])
    }

    /// `\xNN`, `\uNNNN` or `\UNNNNNNNN`.
    static func escape(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        let digits = String(scalar.value, radix: 16)
        let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        return Array(
            ("\\" + letter + String(repeating: "0", count: max(0, width - digits.count)) + digits).unicodeScalars)
    }
}

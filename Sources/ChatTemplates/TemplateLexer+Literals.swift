/// Numbers and strings.
extension TemplateLexer {
    /// `12`, `1_000`, `0x1F`, `1.5`, `1e5`: jinja2's two number rules, the float's first.
    mutating func readNumber() throws(TemplateError) {
        func endOfDigits(_ index: Int, _ accepts: (Unicode.Scalar) -> Bool) -> Int {
            var index = index
            while let scalar = at(index) {
                if accepts(scalar) {
                    index += 1
                } else if scalar == "_", let next = at(index + 1), accepts(next) {
                    index += 2
                } else {
                    break
                }
            }
            return index
        }
        func spelling(_ end: Int) -> String { Text(source[position..<end].filter { $0 != "_" }).string }
        let isAfterDot = position > 0 && source[position - 1] == "."
        var end = endOfDigits(position, \.isASCIIDigit)
        var isFloat = false
        if !isAfterDot {
            if at(end) == ".", let digit = at(end + 1), digit.isASCIIDigit {
                end = endOfDigits(end + 1, \.isASCIIDigit)
                isFloat = true
            }
            if let letter = at(end), letter == "e" || letter == "E" {
                let signed = at(end + 1).map { $0 == "+" || $0 == "-" } == true
                let exponent = end + (signed ? 2 : 1)
                if let digit = at(exponent), digit.isASCIIDigit {
                    end = endOfDigits(exponent, \.isASCIIDigit)
                    isFloat = true
                }
            }
        }
        if isFloat {
            guard let value = Double(spelling(end)), value.isFinite else {
                throw .notEvaluated(construct: "number beyond 64 bits", line: line)
            }
            add(.number(value))
            return advance(to: end)
        }
        var radix = 10
        var digits = position
        if source[position] == "0", let letter = at(position + 1) {
            let (base, accepts): (Int, (Unicode.Scalar) -> Bool) =
                switch letter {
                case "x", "X": (16, { $0.isASCII && $0.properties.isHexDigit })
                case "o", "O": (8, { $0.value >= 48 && $0.value <= 55 })
                case "b", "B": (2, { $0 == "0" || $0 == "1" })
                default: (10, { _ in false })
                }
            let start = at(position + 2) == "_" ? position + 3 : position + 2
            if base != 10, let first = at(start), accepts(first) {
                radix = base
                digits = position + 2
                end = endOfDigits(digits, accepts)
            } else {
                end = endOfDigits(position, { $0 == "0" })
            }
        }
        let text = Text(source[digits..<end].filter { $0 != "_" }).string
        guard let value = Int(text, radix: radix) else {
            throw .notEvaluated(construct: "number beyond 64 bits", line: line)
        }
        add(.integer(value))
        advance(to: end)
    }

    mutating func readString(quote: Unicode.Scalar) throws(TemplateError) {
        var end = position + 1
        while let scalar = at(end), scalar != quote { end += scalar == "\\" ? 2 : 1 }
        guard end < source.count else { throw .malformed("unexpected character '\(quote)'", line: line) }
        let text = try TemplateLexer.unescaped(source[(position + 1)..<end], line: line)
        add(.string(text))
        advance(to: end + 1)
    }

    /// What Python's `unicode-escape` makes of a literal, which jinja2 first writes in ASCII.
    private static func unescaped(
        _ literal: ArraySlice<Unicode.Scalar>, line: Int
    ) throws(TemplateError) -> Text {
        guard literal.contains("\\") else { return Text(literal) }
        var result: [Unicode.Scalar] = []
        var index = literal.startIndex
        func value(_ width: Int, radix: Int) throws(TemplateError) -> Unicode.Scalar {
            let digits = literal[index..<min(index + width, literal.endIndex)]
            let isWhole = digits.count == width && digits.allSatisfy { $0.isASCII && $0.properties.isHexDigit }
            guard isWhole, let code = UInt32(Text(digits).string, radix: radix), code <= 0x10FFFF else {
                throw .malformed("a string escape that cannot be decoded", line: line)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw .notEvaluated(construct: "string escape of a lone surrogate", line: line)
            }
            index += width
            return scalar
        }
        while index < literal.endIndex {
            let scalar = literal[index]
            index += 1
            guard scalar == "\\", index < literal.endIndex else {
                result.append(scalar)
                continue
            }
            let letter = literal[index]
            index += 1
            switch letter {
            case "\n": break
            case "\\", "'", "\"": result.append(letter)
            case "a": result.append("\u{07}")
            case "b": result.append("\u{08}")
            case "f": result.append("\u{0C}")
            case "n": result.append("\n")
            case "r": result.append("\r")
            case "t": result.append("\t")
            case "v": result.append("\u{0B}")
            case "x": result.append(try value(2, radix: 16))
            case "u": result.append(try value(4, radix: 16))
            case "U": result.append(try value(8, radix: 16))
            case "N": throw .notEvaluated(construct: "string escape '\\N'", line: line)
            case "0"..."7":
                var code = letter.value - 48
                var width = 1
                while width < 3, index < literal.endIndex, literal[index].value >= 48, literal[index].value <= 55 {
                    code = code * 8 + literal[index].value - 48
                    index += 1
                    width += 1
                }
                if let octal = Unicode.Scalar(code) { result.append(octal) }
            default:
                // jinja2 writes the non-ASCII letter as an escape of its own, whose backslash the first one takes.
                result += letter.isASCII ? ["\\", letter] : Text.escape(letter)
            }
        }
        return Text(result)
    }
}

/// Cuts a template into tokens as jinja2's lexer does with `trim_blocks` and `lstrip_blocks` on.
struct TemplateLexer {
    let source: [Unicode.Scalar]
    private(set) var position = 0
    private(set) var line = 1
    private var tokens: [TemplateToken] = []
    /// Whether what was read last ended with a line break: a tag at its start may lose its indentation.
    private var isAtLineStart = true

    /// All tokens of `source`, the last of them `end`.
    static func tokens(of source: String) throws(TemplateError) -> [TemplateToken] {
        var lexer = TemplateLexer(source)
        try lexer.readTemplate()
        lexer.add(.end)
        return lexer.tokens
    }

    /// Line breaks become `\n`, and one at the very end is dropped.
    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(text.utf8.count)
        var wasReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\n", wasReturn {
                wasReturn = false
                continue
            }
            wasReturn = scalar == "\r"
            scalars.append(wasReturn ? "\n" : scalar)
        }
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    func at(_ index: Int) -> Unicode.Scalar? { index < source.count ? source[index] : nil }
    mutating func add(_ kind: TemplateToken.Kind) { tokens.append(TemplateToken(kind: kind, line: line)) }

    private func starts(with marker: StaticString, at index: Int) -> Bool {
        marker.withUTF8Buffer { bytes in
            guard index + bytes.count <= source.count else { return false }
            for offset in 0..<bytes.count where source[index + offset].value != UInt32(bytes[offset]) { return false }
            return true
        }
    }

    mutating func advance(to end: Int) {
        while position < end {
            if source[position] == "\n" { line += 1 }
            position += 1
        }
        isAtLineStart = position > 0 && source[position - 1] == "\n"
    }

    private func endOfSpace(from index: Int) -> Int {
        var index = index
        while index < source.count, source[index].isPythonSpace { index += 1 }
        return index
    }

    private mutating func readTemplate() throws(TemplateError) {
        while position < source.count {
            let start = position
            var tag = position
            while tag < source.count, !isTagStart(tag) { tag += 1 }
            guard tag < source.count else {
                add(.data(Text(source[start...])))
                position = source.count
                return
            }
            let sign = at(tag + 2).flatMap { $0 == "-" || $0 == "+" ? $0 : nil }
            let inside = tag + (sign == nil ? 2 : 3)
            addData(from: start, to: tag, sign: sign, stripsIndent: source[tag + 1] != "{")
            if let body = endOfRawBegin(inside, tag: tag) {
                advance(to: body)
                try readRaw()
            } else {
                advance(to: inside)
                switch source[tag + 1] {
                case "#": try readComment()
                case "%":
                    add(.blockBegin)
                    try readTag(isBlock: true)
                default:
                    add(.variableBegin)
                    try readTag(isBlock: false)
                }
            }
        }
    }

    private func isTagStart(_ index: Int) -> Bool {
        guard source[index] == "{", let next = at(index + 1) else { return false }
        return next == "{" || next == "%" || next == "#"
    }

    /// Adds the text before a tag, without the white space that the tag's sign or `lstrip_blocks` takes.
    private mutating func addData(from start: Int, to end: Int, sign: Unicode.Scalar?, stripsIndent: Bool) {
        var kept = end
        if sign == "-" {
            while kept > start, source[kept - 1].isPythonSpace { kept -= 1 }
        } else if sign == nil, stripsIndent {
            var lineStart = end
            while lineStart > start, source[lineStart - 1] != "\n" { lineStart -= 1 }
            let isBlank = lineStart < end && endOfSpace(from: lineStart) >= end
            if isBlank, lineStart > start || isAtLineStart { kept = lineStart }
        }
        if kept > start { add(.data(Text(source[start..<kept]))) }
        advance(to: end)
    }

    /// The position after `{% raw %}`, whose inner part starts at `inside`.
    private func endOfRawBegin(_ inside: Int, tag: Int) -> Int? {
        guard source[tag + 1] == "%" else { return nil }
        let name = endOfSpace(from: inside)
        guard starts(with: "raw", at: name) else { return nil }
        let end = endOfSpace(from: name + 3)
        if starts(with: "-%}", at: end) { return endOfSpace(from: end + 3) }
        return starts(with: "%}", at: end) ? end + 2 : nil
    }

    private mutating func readRaw() throws(TemplateError) {
        let start = position
        guard start < source.count else { return }
        var tag = start
        while tag < source.count {
            if starts(with: "{%", at: tag) {
                let sign = at(tag + 2).flatMap { $0 == "-" || $0 == "+" ? $0 : nil }
                let name = endOfSpace(from: tag + (sign == nil ? 2 : 3))
                if starts(with: "endraw", at: name), let end = endOfTag(endOfSpace(from: name + 6), closing: "%") {
                    addData(from: start, to: tag, sign: sign, stripsIndent: true)
                    advance(to: end)
                    return
                }
            }
            tag += 1
        }
        throw .malformed("missing end of raw directive", line: line)
    }

    private mutating func readComment() throws(TemplateError) {
        guard position < source.count else { return }
        var end = position
        while end < source.count {
            if let after = endOfTag(end, closing: "#") {
                advance(to: after)
                return
            }
            end += 1
        }
        throw .malformed("missing end of comment tag", line: line)
    }

    /// The position after `%}`, `-%}` or `+%}` (or with `#`) at `index`, and what the sign or `trim_blocks` takes.
    private func endOfTag(_ index: Int, closing: Unicode.Scalar) -> Int? {
        guard let first = at(index) else { return nil }
        let signed = first == "-" || first == "+"
        let mark = signed ? index + 1 : index
        guard at(mark) == closing, at(mark + 1) == "}" else { return nil }
        if first == "-" { return endOfSpace(from: mark + 2) }
        if first == "+" { return mark + 2 }
        return at(mark + 2) == "\n" ? mark + 3 : mark + 2
    }

    private mutating func readTag(isBlock: Bool) throws(TemplateError) {
        var open: [Unicode.Scalar] = []
        while position < source.count {
            let scalar = source[position]
            if open.isEmpty, let end = isBlock ? endOfTag(position, closing: "%") : endOfVariable(position) {
                add(isBlock ? .blockEnd : .variableEnd)
                advance(to: end)
                return
            }
            if scalar.isPythonSpace {
                advance(to: endOfSpace(from: position))
            } else if scalar.isASCIIDigit {
                try readNumber()
            } else if scalar.isASCIINameStart {
                try readName()
            } else if scalar == "'" || scalar == "\"" {
                try readString(quote: scalar)
            } else {
                try readOperator(&open)
            }
        }
    }

    private func endOfVariable(_ index: Int) -> Int? {
        if starts(with: "-}}", at: index) { return endOfSpace(from: index + 3) }
        return starts(with: "}}", at: index) ? index + 2 : nil
    }

    private mutating func readName() throws(TemplateError) {
        var end = position
        while let scalar = at(end), scalar.isASCIINameStart || scalar.isASCIIDigit { end += 1 }
        if let next = at(end), !next.isASCII, next.properties.isXIDContinue {
            throw .notEvaluated(construct: "name with '\(next)'", line: line)
        }
        add(.name(Text(source[position..<end]).string))
        advance(to: end)
    }

    private mutating func readOperator(_ open: inout [Unicode.Scalar]) throws(TemplateError) {
        let scalar = source[position]
        if let next = at(position + 1) {
            let pair = String(scalar) + String(next)
            if ["//", "**", "==", "!=", ">=", "<="].contains(pair) {
                add(.symbol(pair))
                advance(to: position + 2)
                return
            }
        }
        switch scalar {
        case "(": open.append(")")
        case "[": open.append("]")
        case "{": open.append("}")
        case ")", "]", "}":
            guard open.popLast() == scalar else { throw .malformed("unexpected '\(scalar)'", line: line) }
        case "+", "-", "/", "*", "%", "~", ">", "<", "=", ".", ":", "|", ",", ";": break
        default:
            if !scalar.isASCII, scalar.properties.isXIDContinue {
                throw .notEvaluated(construct: "name with '\(scalar)'", line: line)
            }
            throw .malformed("unexpected character '\(scalar)'", line: line)
        }
        add(.symbol(String(scalar)))
        advance(to: position + 1)
    }
}

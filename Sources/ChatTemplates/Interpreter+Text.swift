/// Python's `str` and `repr`.
extension Interpreter {
    /// Python's `str`.
    func text(_ value: Value) throws(TemplateError) -> Text {
        switch value {
        case .undefined: return Text([])
        case .text(let text), .markup(let text): return text
        default: return try representation(value)
        }
    }

    /// Python's `repr`.
    func representation(_ value: Value) throws(TemplateError) -> Text {
        var result: [Unicode.Scalar] = []
        try represent(value, in: &result)
        return Text(result)
    }

    private func represent(_ value: Value, in result: inout [Unicode.Scalar]) throws(TemplateError) {
        try step()
        try enter()
        defer { leave() }
        switch value {
        case .undefined: append("Undefined", to: &result)
        case .none: append("None", to: &result)
        case .boolean(let value): append(value ? "True" : "False", to: &result)
        case .integer(let value): append(String(value), to: &result)
        case .number(let value): append(value.pythonText, to: &result)
        case .text(let text): try quote(text, in: &result)
        case .markup(let text):
            append("Markup(", to: &result)
            try quote(text, in: &result)
            append(")", to: &result)
        case .list(let items): try represent(items.values, "[", "]", in: &result)
        case .tuple(let items): try represent(items.values, "(", items.values.count == 1 ? ",)" : ")", in: &result)
        case .mapping(let mapping): try represent(Array(zip(mapping.keys, mapping.values)), in: &result)
        case .range(let range):
            append("range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))", to: &result)
        case .view(let mapping, .items):
            append("dict_items(", to: &result)
            var pairs: [Value] = []
            for (key, value) in zip(mapping.keys, mapping.values) { pairs.append(try tuple([key, value])) }
            try represent(pairs, "[", "]", in: &result)
            append(")", to: &result)
        case .view(let mapping, let view):
            append("dict_\(view.rawValue)(", to: &result)
            try represent(view == .keys ? mapping.keys : mapping.values, "[", "]", in: &result)
            append(")", to: &result)
        case .namespace(let namespace):
            append("<Namespace ", to: &result)
            try represent(namespace.attributes.map { (.text($0.name), $0.value) }, in: &result)
            append(">", to: &result)
        case .macro(let macro):
            append("<Macro " + (macro.definition.name.map { "'\($0)'" } ?? "anonymous") + ">", to: &result)
        case .loop(let loop):
            append("<LoopContext \(loop.index0 + 1)/\(try length(of: loop))>", to: &result)
        case .iterator, .function, .method, .cycler, .joiner:
            throw notEvaluated("text of a \(value.type), which shows an address")
        }
        try spend(bytes: 16)
    }

    private func append(_ string: String, to result: inout [Unicode.Scalar]) { result += string.unicodeScalars }

    private func quote(_ text: Text, in result: inout [Unicode.Scalar]) throws(TemplateError) {
        try spend(bytes: text.bytes)
        result += text.quoted.scalars
    }

    private func represent(
        _ items: [Value], _ open: String, _ close: String, in result: inout [Unicode.Scalar]
    ) throws(TemplateError) {
        append(open, to: &result)
        for (index, item) in items.enumerated() {
            if index > 0 { append(", ", to: &result) }
            try represent(item, in: &result)
        }
        append(close, to: &result)
    }

    private func represent(_ members: [(Value, Value)], in result: inout [Unicode.Scalar]) throws(TemplateError) {
        append("{", to: &result)
        for (index, member) in members.enumerated() {
            if index > 0 { append(", ", to: &result) }
            try represent(member.0, in: &result)
            append(": ", to: &result)
            try represent(member.1, in: &result)
        }
        append("}", to: &result)
    }
}

extension Double {
    /// Python's `repr` of a float: the shortest digits, with an exponent below -4 and from 16 on.
    var pythonText: String {
        if isNaN { return "nan" }
        if isInfinite { return self < 0 ? "-inf" : "inf" }
        var mantissa = magnitude.description
        var exponent = 0
        if let mark = mantissa.firstIndex(of: "e") {
            exponent = Int(mantissa[mantissa.index(after: mark)...]) ?? 0
            mantissa = String(mantissa[..<mark])
        }
        let parts = mantissa.split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(parts[0])
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        var digits = Array((whole + fraction).utf8)
        // The position of the point, counted from the first digit.
        var point = whole.utf8.count + exponent
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            point -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        if digits == [UInt8(ascii: "0")] { point = 1 }
        let sign = self.sign == .minus ? "-" : ""
        let text = String(decoding: digits, as: UTF8.self)
        if point > 16 || point < -3 {
            let rest = text.utf8.count > 1 ? "." + text.dropFirst() : ""
            let power = point - 1
            let size = abs(power) < 10 ? "0\(abs(power))" : "\(abs(power))"
            return sign + String(text.prefix(1)) + rest + "e" + (power < 0 ? "-" : "+") + size
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + text }
        if digits.count <= point { return sign + text + String(repeating: "0", count: point - digits.count) + ".0" }
        return sign + String(text.prefix(point)) + "." + String(text.dropFirst(point))
    }
}

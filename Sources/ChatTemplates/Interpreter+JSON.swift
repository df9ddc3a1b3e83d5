/// The filter `tojson` as transformers defines it: Python's `json.dumps` with `ensure_ascii` off.
extension Interpreter {
    private struct Layout {
        var escapesAll = false
        var indent: Text?
        var itemSeparator: Text = ", "
        var keySeparator: Text = ": "
        var sortsKeys = false
    }

    func json(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(
            to: ["ensure_ascii", "indent", "separators", "sort_keys"], of: "tojson", by: self)
        var layout = Layout()
        layout.escapesAll = try flag(given[0])
        layout.sortsKeys = try flag(given[3])
        if let indent = given[1], !Interpreter.isNone(indent) {
            if let text = indent.string {
                layout.indent = text
            } else {
                guard let count = indent.wholeNumber else { throw failed("indent must be an integer or a string") }
                guard count <= 1024 else { throw exceeded("1024 spaces of indent") }
                layout.indent = Text(Array(repeating: " ", count: max(0, count)))
            }
            layout.itemSeparator = ","
        }
        if let separators = given[2], !Interpreter.isNone(separators) {
            let parts = try elements(separators)
            guard parts.count == 2 else { throw failed("separators must be a pair") }
            layout.itemSeparator = try string(parts[0], "separators")
            layout.keySeparator = try string(parts[1], "separators")
        }
        var result: [Unicode.Scalar] = []
        try write(value, layout, level: 0, to: &result)
        return .text(Text(result))
    }

    private static func isNone(_ value: Value) -> Bool { if case .none = value { true } else { false } }

    private func write(
        _ value: Value, _ layout: Layout, level: Int, to result: inout [Unicode.Scalar]
    ) throws(TemplateError) {
        try step()
        try enter()
        defer { leave() }
        try spend(bytes: 16)
        switch value {
        case .text(let text), .markup(let text): try write(text, layout, to: &result)
        case .list(let items), .tuple(let items):
            guard !items.values.isEmpty else { return result += "[]".unicodeScalars }
            result.append("[")
            for (index, item) in items.values.enumerated() {
                if index > 0 { try append(layout.itemSeparator, to: &result) }
                try breakLine(layout, level + 1, to: &result)
                try write(item, layout, level: level + 1, to: &result)
            }
            try breakLine(layout, level, to: &result)
            result.append("]")
        case .mapping(let mapping): try write(mapping, layout, level: level, to: &result)
        default:
            guard let literal = Interpreter.literal(value) else {
                throw failed("object of type \(value.type) is not JSON serializable")
            }
            result += literal.unicodeScalars
        }
    }

    private func write(
        _ mapping: Mapping, _ layout: Layout, level: Int, to result: inout [Unicode.Scalar]
    ) throws(TemplateError) {
        guard mapping.count > 0 else { return result += "{}".unicodeScalars }
        var order = Array(0..<mapping.count).map { Value.integer($0) }
        if layout.sortsKeys { order = try sorted(order, by: mapping.keys, descending: false) }
        result.append("{")
        for (place, index) in order.compactMap(\.wholeNumber).enumerated() {
            let key = mapping.keys[index]
            guard let name = key.string ?? Interpreter.literal(key).map({ Text($0) }) else {
                throw failed("keys must be str, int, float, bool or None, not \(key.type)")
            }
            if place > 0 { try append(layout.itemSeparator, to: &result) }
            try breakLine(layout, level + 1, to: &result)
            try write(name, layout, to: &result)
            try append(layout.keySeparator, to: &result)
            try write(mapping.values[index], layout, level: level + 1, to: &result)
        }
        try breakLine(layout, level, to: &result)
        result.append("}")
    }

    private static func literal(_ value: Value) -> String? {
        switch value {
        case .none: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value):
            value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : value.pythonText
        default: nil
        }
    }

    private func append(_ text: Text, to result: inout [Unicode.Scalar]) throws(TemplateError) {
        try spend(bytes: text.bytes)
        result += text.scalars
    }

    private func breakLine(_ layout: Layout, _ level: Int, to result: inout [Unicode.Scalar]) throws(TemplateError) {
        guard let indent = layout.indent else { return }
        try spend(bytes: 4 + indent.bytes * level)
        result.append("\n")
        for _ in 0..<level { result += indent.scalars }
    }

    private func write(_ text: Text, _ layout: Layout, to result: inout [Unicode.Scalar]) throws(TemplateError) {
        try spend(bytes: 2 * text.bytes)
        func escape(_ code: UInt32) {
            let digits = String(code, radix: 16)
            result += ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).unicodeScalars
        }
        result.append("\"")
        for scalar in text.scalars {
            switch scalar {
            case "\"": result += "\\\"".unicodeScalars
            case "\\": result += "\\\\".unicodeScalars
            case "\n": result += "\\n".unicodeScalars
            case "\r": result += "\\r".unicodeScalars
            case "\t": result += "\\t".unicodeScalars
            case "\u{08}": result += "\\b".unicodeScalars
            case "\u{0C}": result += "\\f".unicodeScalars
            default:
                if scalar.value < 0x20 || (layout.escapesAll && scalar.value > 0x7E) {
                    for unit in UTF16.encode(scalar) ?? UTF16.EncodedScalar() { escape(UInt32(unit)) }
                } else {
                    result.append(scalar)
                }
            }
        }
        result.append("\"")
    }
}

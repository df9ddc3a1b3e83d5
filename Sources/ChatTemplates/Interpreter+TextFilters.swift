/// Filters that make text.
extension Interpreter {
    func textFilter(_ value: Value, _ name: String, _ given: CallArguments) throws(TemplateError) -> Value {
        switch name {
        case "upper", "lower", "capitalize", "title", "wordcount", "string", "safe", "e", "escape", "forceescape":
            _ = try given.plain(0, 0, of: name, by: self)
            return try plainFilter(value, name)
        case "trim":
            let chars = try given.bound(to: ["chars"], of: name, by: self)[0]
            var set: Text?
            if let chars {
                if case .none = chars {} else { set = try string(chars, "strip()") }
            }
            return try kept(value) { $0.stripped(set) }
        case "center":
            let given = try given.bound(to: ["width"], of: name, by: self)
            let width = given[0] ?? .integer(80)
            guard let number = width.wholeNumber else { throw failed("center() width must be an integer") }
            if case .markup = value { throw notEvaluated("filter 'center' on safe text") }
            return .text(try padded(try text(value), to: number, name, " "))
        case "replace":
            let given = try given.bound(to: ["old", "new", "count"], required: 2, of: name, by: self)
            var limit = -1
            if let count = given[2] {
                if case .none = count {
                } else {
                    guard let number = count.wholeNumber else { throw failed("replace() count must be an integer") }
                    limit = number
                }
            }
            let (old, new) = (try text(given[0] ?? .none), try text(given[1] ?? .none))
            return .text(try replaced(try text(value), old, new, limit))
        case "indent": return try indented(value, given)
        case "truncate": return try truncated(value, given)
        case "join":
            let given = try given.bound(to: ["d", "attribute"], of: name, by: self)
            var items = try elements(value)
            if let path = given[1] {
                var found: [Value] = []
                if case .none = path {
                    found = items
                } else {
                    for item in items { found.append(try self.item(at: path, of: item, default: nil)) }
                }
                items = found
            }
            return .text(try joined(items, by: try text(given[0] ?? .text(Text([]))), converts: true))
        case "format":
            if case .markup = value { throw notEvaluated("filter 'format' on safe text") }
            guard given.keywords.isEmpty else { throw notEvaluated("filter 'format' with keywords") }
            return try formatted(try text(value), try tuple(given.positional))
        default: return try json(value, given)
        }
    }

    /// The text of a value changed, still safe where it was.
    private func kept(_ value: Value, _ change: (Text) -> Text) throws(TemplateError) -> Value {
        let text = try text(value)
        try spend(bytes: 3 * text.bytes)
        if case .markup = value { return .markup(change(text)) }
        return .text(change(text))
    }

    private func plainFilter(_ value: Value, _ name: String) throws(TemplateError) -> Value {
        switch name {
        case "upper": return try kept(value) { $0.uppercased() }
        case "lower": return try kept(value) { $0.lowercased() }
        case "capitalize": return try kept(value) { $0.capitalized() }
        case "title":
            if case .markup = value { return .text(try text(value).titledWords()) }
            return try kept(value) { $0.titledWords() }
        case "string": return try kept(value) { $0 }
        case "safe": return .markup(try text(value))
        case "wordcount":
            var count = 0
            var isInWord = false
            for scalar in try text(value).scalars {
                let isWord = scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                if !scalar.isASCII { throw notEvaluated("filter 'wordcount' beyond ASCII") }
                if isWord, !isInWord { count += 1 }
                isInWord = isWord
            }
            return .integer(count)
        default:
            if case .markup = value, name != "forceescape" { return value }
            var result: [Unicode.Scalar] = []
            for scalar in try text(value).scalars {
                switch scalar {
                case "&": result += "&amp;".unicodeScalars
                case "<": result += "&lt;".unicodeScalars
                case ">": result += "&gt;".unicodeScalars
                case "'": result += "&#39;".unicodeScalars
                case "\"": result += "&#34;".unicodeScalars
                default: result.append(scalar)
                }
            }
            try spend(bytes: result.count * 4)
            return .markup(Text(result))
        }
    }

    private func indented(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["width", "first", "blank"], of: "indent", by: self)
        let text = try string(value, "indent")
        let width = given[0] ?? .integer(4)
        var indent: Text
        if let string = width.string {
            indent = string
        } else {
            guard let count = width.wholeNumber else { throw failed("can't multiply sequence by non-int") }
            guard count <= limits.memoryBytes / 4 else { throw exceeded("\(limits.memoryBytes) bytes of memory") }
            try spend(bytes: max(0, count) * 4)
            indent = Text(Array(repeating: " ", count: max(0, count)))
        }
        let isBlank = try flag(given[2])
        let lines = Text(text.scalars + ["\n"]).lines()
        var result: [Unicode.Scalar] = try flag(given[1]) ? indent.scalars : []
        for (index, line) in lines.enumerated() {
            try spend(bytes: indent.bytes + line.bytes)
            if index > 0 { result.append("\n") }
            if index > 0, isBlank || !line.isEmpty { result += indent.scalars }
            result += line.scalars
        }
        return .text(Text(result))
    }

    private func truncated(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["length", "killwords", "end", "leeway"], of: "truncate", by: self)
        let end = try string(given[2] ?? .text("..."), "truncate")
        var leeway = given[3] ?? .integer(5)
        if case .none = leeway { leeway = .integer(5) }
        guard let length = (given[0] ?? .integer(255)).wholeNumber, let leeway = leeway.wholeNumber else {
            throw failed("truncate takes whole numbers")
        }
        guard length >= end.count, leeway >= 0 else { throw failed("expected length >= \(end.count), got \(length)") }
        let (most, overflow) = length.addingReportingOverflow(leeway)
        // What is short enough comes back as it is, text or not.
        let count = try self.length(value)
        if overflow || count <= most { return value }
        let text = try string(value, "truncate")
        let start = Text(text.scalars[..<min(text.count, length - end.count)])
        if try flag(given[1]) { return try self.text(Text(start.scalars + end.scalars)) }
        let cut = start.lastIndex(of: " ") ?? start.count
        return try self.text(Text(Array(start.scalars[..<cut]) + end.scalars))
    }
}

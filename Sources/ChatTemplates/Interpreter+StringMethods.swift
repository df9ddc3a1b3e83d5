/// Methods of Python's `str`.
extension Interpreter {
    func call(_ name: String, of text: Text, _ arguments: CallArguments) throws(TemplateError) -> Value {
        try spend(bytes: text.bytes)
        let callee = "\(name)()"
        switch name {
        case "upper", "lower", "title", "capitalize", "isdigit", "isdecimal", "isnumeric", "isalpha", "isalnum",
            "isspace", "isupper", "islower", "isascii", "swapcase", "casefold":
            _ = try arguments.plain(0, 0, of: callee, by: self)
            return try plain(name, of: text)
        case "strip", "lstrip", "rstrip":
            let set = try characters(try arguments.plain(0, 1, of: callee, by: self).first, callee)
            return try self.text(text.stripped(set, leading: name != "rstrip", trailing: name != "lstrip"))
        case "split", "rsplit": return try split(text, fromEnd: name == "rsplit", arguments)
        case "splitlines":
            let given = try arguments.bound(to: ["keepends"], of: callee, by: self)
            var keepsEnds = false
            if let value = given[0] { keepsEnds = try isTrue(value) }
            return try texts(text.lines(keepingEnds: keepsEnds))
        case "partition", "rpartition": return try partition(text, fromEnd: name == "rpartition", arguments)
        case "startswith", "endswith": return try matches(text, isStart: name == "startswith", arguments)
        case "find", "rfind", "index", "rindex", "count": return try find(name, in: text, arguments)
        case "replace":
            let given = try arguments.plain(2, 3, of: callee, by: self)
            let old = try string(given[0], callee)
            let new = try string(given[1], callee)
            var limit = -1
            if given.count > 2 {
                guard let number = given[2].wholeNumber else { throw failed("replace() count must be an integer") }
                limit = number
            }
            return .text(try replaced(text, old, new, limit))
        case "join":
            return .text(
                try joined(try elements(try arguments.plain(1, 1, of: callee, by: self)[0]), by: text, converts: false))
        case "removeprefix", "removesuffix":
            let part = try string(try arguments.plain(1, 1, of: callee, by: self)[0], callee)
            let isPrefix = name == "removeprefix"
            guard text.matches(part, at: isPrefix ? 0 : text.count - part.count) else { return .text(text) }
            return try self.text(
                Text(isPrefix ? text.scalars.dropFirst(part.count) : text.scalars.dropLast(part.count)))
        case "center", "ljust", "rjust": return try padded(text, name, arguments)
        case "format": return try format(text, arguments)
        default: throw notEvaluated("method 'str.\(name)'")
        }
    }

    func string(_ value: Value, _ callee: String) throws(TemplateError) -> Text {
        switch value {
        case .text(let text): return text
        case .markup: throw notEvaluated("\(callee) with safe text")
        default: throw failed("\(callee) argument must be str, not \(value.type)")
        }
    }

    private func characters(_ value: Value?, _ callee: String) throws(TemplateError) -> Text? {
        guard let value else { return nil }
        if case .none = value { return nil }
        return try string(value, callee)
    }

    private func plain(_ name: String, of text: Text) throws(TemplateError) -> Value {
        func all(_ holds: (Unicode.Scalar) -> Bool) -> Value {
            .boolean(!text.isEmpty && text.scalars.allSatisfy(holds))
        }
        func isLetter(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
            default: false
            }
        }
        switch name {
        case "upper": return try self.text(text.uppercased())
        case "lower": return try self.text(text.lowercased())
        case "title": return try self.text(text.titlecased())
        case "capitalize": return try self.text(text.capitalized())
        case "isdigit": return all { $0.properties.numericType == .decimal || $0.properties.numericType == .digit }
        case "isdecimal": return all { $0.properties.numericType == .decimal }
        case "isnumeric": return all { $0.properties.numericType != nil }
        case "isalpha": return all(isLetter)
        case "isalnum": return all { isLetter($0) || $0.properties.numericType != nil }
        case "isspace": return all(\.isPythonSpace)
        case "isupper", "islower": return .boolean(text.isCased(upper: name == "isupper"))
        case "isascii": return .boolean(text.scalars.allSatisfy(\.isASCII))
        default: throw notEvaluated("method 'str.\(name)'")
        }
    }

    private func split(_ text: Text, fromEnd: Bool, _ arguments: CallArguments) throws(TemplateError) -> Value {
        let callee = fromEnd ? "rsplit()" : "split()"
        let given = try arguments.bound(to: ["sep", "maxsplit"], of: callee, by: self)
        var limit = -1
        if let value = given[1] {
            guard let number = value.wholeNumber else { throw failed("maxsplit must be an integer") }
            limit = number
        }
        guard let separator = try characters(given[0], callee) else {
            return try texts(text.words(limit: limit, fromEnd: fromEnd))
        }
        guard !separator.isEmpty else { throw failed("empty separator") }
        try spend(bytes: text.count * 32)
        return try texts(text.parts(separator: separator, limit: limit, fromEnd: fromEnd))
    }

    private func partition(_ text: Text, fromEnd: Bool, _ arguments: CallArguments) throws(TemplateError) -> Value {
        let separator = try string(try arguments.plain(1, 1, of: "partition()", by: self)[0], "partition()")
        guard !separator.isEmpty else { throw failed("empty separator") }
        let found = fromEnd ? text.lastIndex(of: separator) : text.firstIndex(of: separator)
        guard let found else {
            let parts: [Text] = fromEnd ? ["", "", text] : [text, "", ""]
            return try tuple(parts.map { .text($0) })
        }
        let rest = Text(text.scalars[(found + separator.count)...])
        return try tuple([.text(Text(text.scalars[..<found])), .text(separator), .text(rest)])
    }

    private func matches(_ text: Text, isStart: Bool, _ arguments: CallArguments) throws(TemplateError) -> Value {
        let callee = isStart ? "startswith()" : "endswith()"
        let given = try arguments.plain(1, 3, of: callee, by: self)
        let range = try bounds(Array(given.dropFirst()), count: text.count)
        var parts: [Text] = []
        if case .tuple(let items) = given[0] {
            for item in items.values { parts.append(try string(item, callee)) }
        } else {
            parts = [try string(given[0], callee)]
        }
        if given.count > 1, let start = given[1].wholeNumber, start > text.count { return .boolean(false) }
        for part in parts where part.count <= range.count {
            if text.matches(part, at: isStart ? range.lowerBound : range.upperBound - part.count) {
                return .boolean(true)
            }
        }
        return .boolean(false)
    }

    private func find(_ name: String, in text: Text, _ arguments: CallArguments) throws(TemplateError) -> Value {
        let given = try arguments.plain(1, 3, of: "\(name)()", by: self)
        let needle = try string(given[0], "\(name)()")
        let range = try bounds(Array(given.dropFirst()), count: text.count)
        let isBeyond = given.count > 1 && (given[1].wholeNumber ?? 0) > range.upperBound
        if name == "count" {
            if isBeyond { return .integer(0) }
            if needle.isEmpty { return .integer(range.count + 1) }
            var count = 0
            var start = range.lowerBound
            while let found = text.firstIndex(of: needle, from: start, to: range.upperBound) {
                count += 1
                start = found + needle.count
            }
            return .integer(count)
        }
        var found: Int?
        if !isBeyond {
            found =
                name.hasPrefix("r")
                ? text.lastIndex(of: needle, from: range.lowerBound, to: range.upperBound)
                : text.firstIndex(of: needle, from: range.lowerBound, to: range.upperBound)
        }
        if let found { return .integer(found) }
        guard name.hasSuffix("find") else { throw failed("substring not found") }
        return .integer(-1)
    }

    private func padded(_ text: Text, _ name: String, _ arguments: CallArguments) throws(TemplateError) -> Value {
        let given = try arguments.plain(1, 2, of: "\(name)()", by: self)
        guard let width = given[0].wholeNumber else { throw failed("\(name)() width must be an integer") }
        let fill: Text = given.count > 1 ? try string(given[1], "\(name)()") : " "
        guard fill.count == 1 else { throw failed("the fill character must be exactly one character long") }
        return .text(try padded(text, to: width, name, fill.scalars[0]))
    }

    func padded(_ text: Text, to width: Int, _ name: String, _ fill: Unicode.Scalar) throws(TemplateError) -> Text {
        guard width > text.count else { return text }
        guard width <= limits.memoryBytes / 4 else { throw exceeded("\(limits.memoryBytes) bytes of memory") }
        try spend(bytes: width * 4)
        let missing = width - text.count
        // CPython puts the odd one to the left where the width is odd.
        let left = name == "ljust" ? 0 : name == "rjust" ? missing : missing / 2 + (missing & width & 1)
        let before = Array(repeating: fill, count: left)
        return Text(before + text.scalars + Array(repeating: fill, count: missing - left))
    }

    // MARK: shared with filters

    func replaced(_ text: Text, _ old: Text, _ new: Text, _ limit: Int) throws(TemplateError) -> Text {
        try spend(bytes: text.bytes)
        var result: [Unicode.Scalar] = []
        var start = 0
        var count = 0
        while limit < 0 || count < limit {
            guard let found = text.firstIndex(of: old, from: start) else { break }
            let isGap = old.isEmpty
            result += text.scalars[start..<found]
            try spend(bytes: new.bytes)
            result += new.scalars
            count += 1
            start = found + old.count
            guard isGap else { continue }
            guard start < text.count else { break }
            result.append(text.scalars[start])
            start += 1
        }
        if start < text.count { result += text.scalars[start...] }
        return Text(result)
    }

    func joined(_ items: [Value], by separator: Text, converts: Bool) throws(TemplateError) -> Text {
        var result: [Unicode.Scalar] = []
        for (index, item) in items.enumerated() {
            let part: Text = converts ? try text(item) : try string(item, "join()")
            try spend(bytes: part.bytes + separator.bytes)
            if index > 0 { result += separator.scalars }
            result += part.scalars
        }
        return Text(result)
    }
}

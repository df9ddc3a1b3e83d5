/// The filters by name.
enum TemplateFilters {
    /// Those that are evaluated; any other is refused when a template is read.
    static let names: Set<String> = [
        "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape", "first",
        "float", "forceescape", "format", "indent", "int", "items", "join", "last", "length", "list", "lower", "map",
        "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "slice",
        "sort", "string", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "wordcount",
    ]

    /// Those that Jinja has beyond them.
    static let others: Set<String> = [
        "filesizeformat", "groupby", "pprint", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr",
    ]
}

extension Interpreter {
    /// Applies a filter by name.
    func filter(_ value: Value, _ name: String, _ given: CallArguments) throws(TemplateError) -> Value {
        try step()
        switch name {
        case "trim", "upper", "lower", "capitalize", "title", "center", "replace", "indent", "truncate", "wordcount",
            "string", "safe", "e", "escape", "forceescape", "format", "join", "tojson":
            return try textFilter(value, name, given)
        case "abs", "float", "int", "round", "sum", "min", "max": return try numberFilter(value, name, given)
        case "map", "select", "reject", "selectattr", "rejectattr", "batch", "slice", "unique":
            return try lazyFilter(value, name, given)
        case "sort", "dictsort", "list", "first", "last", "reverse", "items":
            return try sequenceFilter(value, name, given)
        case "length", "count":
            _ = try given.plain(0, 0, of: name, by: self)
            return .integer(try length(value))
        case "d", "default":
            let given = try given.bound(to: ["default_value", "boolean"], of: name, by: self)
            var isMissing = value.isUndefined
            if !isMissing, let flag = given[1], try isTrue(flag) { isMissing = try !isTrue(value) }
            return isMissing ? given[0] ?? .text(Text([])) : value
        case "attr":
            let given = try given.bound(to: ["name"], required: 1, of: name, by: self)
            guard let attribute = given[0]?.string else { throw failed("attribute name must be string") }
            if case .mapping = value, !PythonAttributes.names(of: value).contains(attribute.string) {
                return .undefined("'dict object' has no attribute '\(attribute.string)'")
            }
            return try self.attribute(attribute.string, of: value)
        default:
            throw TemplateFilters.others.contains(name)
                ? notEvaluated("filter '\(name)'") : failed("no filter named '\(name)'")
        }
    }

    // MARK: filters of sequences

    private func sequenceFilter(_ value: Value, _ name: String, _ given: CallArguments) throws(TemplateError) -> Value {
        switch name {
        case "sort":
            let given = try given.bound(to: ["reverse", "case_sensitive", "attribute"], of: name, by: self)
            let values = try elements(value)
            var keys: [Value] = []
            for item in values { keys.append(try sortKeys(item, given[2], isExact: try flag(given[1]))) }
            return try list(try sorted(values, by: keys, descending: try order(given[0])))
        case "dictsort": return try dictsort(value, given)
        case "list":
            _ = try given.plain(0, 0, of: name, by: self)
            return try list(try elements(value))
        case "first":
            _ = try given.plain(0, 0, of: name, by: self)
            return try iterate(value).next() ?? .undefined("no first item, sequence was empty")
        case "last":
            _ = try given.plain(0, 0, of: name, by: self)
            if case .iterator = value { throw failed("'generator' object is not reversible") }
            return try elements(value).last ?? .undefined("no last item, sequence was empty")
        case "items":
            _ = try given.plain(0, 0, of: name, by: self)
            if case .mapping(let mapping) = value {
                return .iterator(try keep(try iterate(.view(mapping, .items))))
            }
            let isMissing = value.isUndefined
            return try generator { [unowned self] () throws(TemplateError) -> Value? in
                guard isMissing else { throw self.failed("can only get item pairs from a mapping") }
                return nil
            }
        default:
            _ = try given.plain(0, 0, of: name, by: self)
            if case .text(let text) = value { return try self.text(Text(text.scalars.reversed())) }
            if case .markup(let text) = value { return .markup(Text(text.scalars.reversed())) }
            let values: [Value] = try elements(value).reversed()
            // A generator becomes a list; what has a length becomes an iterator.
            if case .iterator = value { return try list(values) }
            return .iterator(try keep(try iterate(try list(values))))
        }
    }

    func flag(_ value: Value?) throws(TemplateError) -> Bool {
        guard let value else { return false }
        return try isTrue(value)
    }

    /// The `reverse` of Python's `sorted`, which takes whole numbers only.
    private func order(_ value: Value?) throws(TemplateError) -> Bool {
        guard let value else { return false }
        guard let number = value.wholeNumber else {
            throw failed("'\(value.type)' object cannot be interpreted as an integer")
        }
        return number != 0
    }

    private func dictsort(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["case_sensitive", "by", "reverse"], of: "dictsort", by: self)
        let by = given[1]?.string ?? "key"
        guard by == "key" || by == "value", given[1] == nil || given[1]?.string != nil else {
            throw failed("you can only sort by either \"key\" or \"value\"")
        }
        guard case .mapping(let mapping) = value else {
            throw failed("'\(value.type) object' has no attribute 'items'")
        }
        var pairs: [Value] = []
        var keys: [Value] = []
        let isExact = try flag(given[0])
        for (key, member) in zip(mapping.keys, mapping.values) {
            pairs.append(try tuple([key, member]))
            let part = by == "key" ? key : member
            keys.append(isExact ? part : try ignoringCase(part))
        }
        return try list(try sorted(pairs, by: keys, descending: try order(given[2])))
    }

    func ignoringCase(_ value: Value) throws(TemplateError) -> Value {
        guard let text = value.string else { return value }
        return try self.text(text.lowercased())
    }

    /// The key of `sort`: a list, as its attribute may name several separated by commas.
    private func sortKeys(_ item: Value, _ attribute: Value?, isExact: Bool) throws(TemplateError) -> Value {
        var paths: [Value?] = [attribute]
        if let names = attribute?.string {
            paths = names.parts(separator: ",", limit: -1, fromEnd: false).map { .text($0) }
        }
        var keys: [Value] = []
        for path in paths {
            let key = try self.item(at: path, of: item, default: nil)
            keys.append(isExact ? key : try ignoringCase(key))
        }
        return try list(keys)
    }

    /// What filters call an attribute: names and numbers separated by dots, looked up as items.
    func item(at path: Value?, of value: Value, default standard: Value?) throws(TemplateError) -> Value {
        guard let path else { return value }
        if case .none = path { return value }
        guard let names = path.string else {
            let found = try item(path, of: value)
            return found.isUndefined ? standard ?? found : found
        }
        var result = value
        for part in names.parts(separator: ".", limit: -1, fromEnd: false) {
            let isNumber = !part.isEmpty && part.scalars.allSatisfy(\.isASCIIDigit)
            let key: Value = isNumber ? Int(part.string).map { .integer($0) } ?? .text(part) : .text(part)
            result = try item(key, of: result)
            if let standard, result.isUndefined { result = standard }
        }
        return result
    }
}

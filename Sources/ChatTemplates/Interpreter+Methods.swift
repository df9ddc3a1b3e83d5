/// Methods of Python's types. What Python has and this has not is named, not guessed.
extension Interpreter {
    func call(_ name: String, of value: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
        switch value {
        case .text(let text): return try call(name, of: text, arguments)
        case .mapping(let mapping): return try call(name, of: mapping, arguments)
        case .list(let items): return try call(name, of: items, value, arguments)
        case .tuple(let items): return try call(name, of: items, value, arguments)
        case .loop(let loop): return try call(name, of: loop, arguments)
        case .cycler(let cycler):
            _ = try arguments.plain(0, 0, of: "\(name)()", by: self)
            if name == "next" {
                defer { cycler.position = (cycler.position + 1) % cycler.items.count }
                return cycler.items[cycler.position]
            }
            if name == "reset" {
                cycler.position = 0
                return .none
            }
        case .number(let number) where name == "is_integer":
            _ = try arguments.plain(0, 0, of: "is_integer()", by: self)
            return .boolean(number.isFinite && number == number.rounded())
        default: break
        }
        throw notEvaluated("method '\(value.type).\(name)'")
    }

    private func call(
        _ name: String, of mapping: Mapping, _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        switch name {
        case "get":
            let given = try arguments.plain(1, 2, of: "get()", by: self)
            return mapping[try key(given[0])] ?? (given.count > 1 ? given[1] : .none)
        case "items", "keys", "values", "copy":
            _ = try arguments.plain(0, 0, of: "\(name)()", by: self)
            guard let view = Value.View(rawValue: name) else { return .mapping(mapping) }
            return .view(mapping, view)
        default: throw notEvaluated("method 'dict.\(name)'")
        }
    }

    private func call(
        _ name: String, of items: Items, _ value: Value, _ arguments: CallArguments
    ) throws(TemplateError) -> Value {
        switch name {
        case "count":
            let wanted = try arguments.plain(1, 1, of: "count()", by: self)[0]
            var count = 0
            for item in items.values where try isEqual(item, wanted) { count += 1 }
            return .integer(count)
        case "index":
            let given = try arguments.plain(1, 3, of: "index()", by: self)
            let bounds = try self.bounds(Array(given.dropFirst()), count: items.values.count)
            for index in bounds where try isEqual(items.values[index], given[0]) { return .integer(index) }
            throw failed("the value is not in the \(value.type)")
        case "copy":
            _ = try arguments.plain(0, 0, of: "copy()", by: self)
            return value
        default: throw notEvaluated("method '\(value.type).\(name)'")
        }
    }

    private func call(_ name: String, of loop: LoopState, _ arguments: CallArguments) throws(TemplateError) -> Value {
        guard arguments.keywords.isEmpty else { throw failed("\(name)() takes no keyword arguments") }
        let values = arguments.positional
        if name == "cycle" {
            guard !values.isEmpty else { throw failed("no items for cycling given") }
            return values[loop.index0 % values.count]
        }
        let current = try tuple(values)
        if let last = loop.lastChanged, try isEqual(.tuple(last), current) { return .boolean(false) }
        guard case .tuple(let items) = current else { return .boolean(true) }
        loop.lastChanged = items
        return .boolean(true)
    }

    /// A start and an end as `str.find` and `list.index` take them.
    func bounds(_ given: [Value], count: Int) throws(TemplateError) -> Range<Int> {
        func bound(_ index: Int, _ standard: Int) throws(TemplateError) -> Int {
            guard index < given.count else { return standard }
            if case .none = given[index] { return standard }
            guard let number = given[index].wholeNumber else { throw failed("slice indices must be integers or None") }
            return number < 0 ? max(0, number < -count ? 0 : number + count) : number
        }
        let start = try bound(0, 0)
        let end = min(try bound(1, count), count)
        return start <= end ? start..<end : end..<end
    }
}

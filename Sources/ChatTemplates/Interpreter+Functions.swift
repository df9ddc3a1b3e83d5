/// The functions that every template finds.
extension Interpreter {
    func call(_ function: Value.Function, _ arguments: CallArguments) throws(TemplateError) -> Value {
        switch function {
        case .range: return try range(arguments)
        case .dict: return .mapping(try dict(arguments))
        case .namespace: return try namespace(arguments)
        case .cycler:
            guard arguments.keywords.isEmpty else { throw failed("cycler() takes no keyword arguments") }
            guard !arguments.positional.isEmpty else { throw failed("at least one item has to be provided") }
            return .cycler(try keep(Cycler(arguments.positional)))
        case .joiner:
            let given = try arguments.bound(to: ["sep"], of: "joiner()", by: self)
            return .joiner(Joiner(given[0] ?? .text(", ")))
        case .raiseException:
            let given = try arguments.bound(to: ["message"], required: 1, of: "raise_exception()", by: self)
            throw .raised(message: try text(given[0] ?? .none).string, line: line)
        case .strftimeNow:
            let given = try arguments.bound(to: ["format"], required: 1, of: "strftime_now()", by: self)
            guard let format = given[0]?.string else { throw failed("strftime() argument 1 must be str") }
            return try moment(format)
        case .lipsum: throw notEvaluated("global 'lipsum'")
        }
    }

    private func range(_ arguments: CallArguments) throws(TemplateError) -> Value {
        let given = try arguments.plain(1, 3, of: "range", by: self)
        var numbers: [Int] = []
        for value in given {
            if case .undefined(let hint) = value { throw failed(hint) }
            guard let number = value.wholeNumber else {
                throw failed("'\(value.type)' object cannot be interpreted as an integer")
            }
            numbers.append(number)
        }
        let step = numbers.count > 2 ? numbers[2] : 1
        guard step != 0 else { throw failed("range() arg 3 must not be zero") }
        let start = numbers.count > 1 ? numbers[0] : 0
        let stop = numbers.count > 1 ? numbers[1] : numbers[0]
        guard let range = PythonRange(start: start, stop: stop, step: step), range.count <= 100_000 else {
            throw failed("Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).")
        }
        return .range(range)
    }

    /// Python's `dict(...)`: a mapping or pairs, then keywords.
    private func dict(_ arguments: CallArguments) throws(TemplateError) -> Mapping {
        guard arguments.positional.count <= 1 else {
            throw failed("dict expected at most 1 argument, got \(arguments.positional.count)")
        }
        var members: [(Value, Value)] = []
        if let source = arguments.positional.first {
            if case .undefined(let hint) = source { throw failed(hint) }
            if case .mapping(let mapping) = source {
                members = Array(zip(mapping.keys, mapping.values))
            } else {
                for pair in try elements(source) {
                    let parts = try elements(pair)
                    guard parts.count == 2 else { throw failed("dictionary update sequence element has not length 2") }
                    members.append((parts[0], parts[1]))
                }
            }
        }
        for keyword in arguments.keywords { members.append((.text(Text(keyword.name)), keyword.value)) }
        return try mapping(members)
    }

    private func namespace(_ arguments: CallArguments) throws(TemplateError) -> Value {
        let members = try dict(arguments)
        let namespace = try keep(Namespace())
        for (key, value) in zip(members.keys, members.values) {
            guard let name = key.string else { throw notEvaluated("namespace attribute that is no string") }
            try set(name, to: value, of: namespace)
        }
        return .namespace(namespace)
    }
}

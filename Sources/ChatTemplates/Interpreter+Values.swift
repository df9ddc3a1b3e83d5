/// Makes values, counting what they take.
extension Interpreter {
    /// What was given to `render`.
    func value(_ given: TemplateValue, depth: Int) throws(TemplateError) -> Value {
        try step()
        guard depth < limits.depth / 2 else { throw exceeded("\(limits.depth / 2) levels of given values") }
        switch given {
        case .undefined: return .undefined("the value is undefined")
        case .none: return .none
        case .boolean(let value): return .boolean(value)
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .string(let string):
            try spend(bytes: string.utf8.count * 4)
            return .text(Text(string))
        case .list(let items):
            var values: [Value] = []
            for item in items { values.append(try value(item, depth: depth + 1)) }
            return try list(values)
        case .mapping(let members):
            var result: [(Value, Value)] = []
            for member in members {
                result.append((.text(Text(member.key)), try value(member.value, depth: depth + 1)))
            }
            return .mapping(try mapping(result))
        }
    }

    private func items(_ values: [Value]) throws(TemplateError) -> Items {
        try spend(bytes: 32 + values.count * 24)
        var depth = 1
        for value in values { depth = max(depth, 1 + value.depth) }
        guard depth <= limits.depth / 2 else { throw exceeded("\(limits.depth / 2) containers inside one another") }
        return Items(values: values, depth: depth)
    }

    func list(_ values: [Value]) throws(TemplateError) -> Value { .list(try items(values)) }
    func tuple(_ values: [Value]) throws(TemplateError) -> Value { .tuple(try items(values)) }

    func text(_ text: Text) throws(TemplateError) -> Value {
        try spend(bytes: 32 + text.bytes)
        return .text(text)
    }

    func texts(_ parts: [Text]) throws(TemplateError) -> Value {
        var values: [Value] = []
        for part in parts { values.append(try text(part)) }
        return try list(values)
    }

    /// What tells keys apart; lists and dicts are no keys.
    func key(_ value: Value) throws(TemplateError) -> MappingKey {
        if let string = value.string { try spend(bytes: string.count) }
        if let key = MappingKey(value) { return key }
        switch value {
        case .list, .mapping, .view, .tuple: throw failed("unhashable type: '\(value.type)'")
        default: throw notEvaluated("\(value.type) as a key")
        }
    }

    func mapping(_ members: [(Value, Value)]) throws(TemplateError) -> Mapping {
        try spend(bytes: 64 + members.count * 96)
        var hashed: [(key: Value, hash: MappingKey, value: Value)] = []
        for (name, value) in members { hashed.append((name, try key(name), value)) }
        let mapping = Mapping(hashed)
        guard mapping.depth <= limits.depth / 2 else {
            throw exceeded("\(limits.depth / 2) containers inside one another")
        }
        return mapping
    }

    // MARK: questions to values

    func isTrue(_ value: Value) throws(TemplateError) -> Bool {
        switch value {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .text(let text), .markup(let text): !text.isEmpty
        case .list(let items), .tuple(let items): !items.values.isEmpty
        case .mapping(let mapping), .view(let mapping, _): mapping.count > 0
        case .range(let range): range.count > 0
        case .loop(let loop): try length(of: loop) > 0
        case .iterator, .namespace, .macro, .function, .method, .cycler, .joiner: true
        }
    }

    func length(of loop: LoopState) throws(TemplateError) -> Int {
        try loop.count { () throws(TemplateError) in try self.spend(bytes: 24) }
    }

    /// Python's `len`.
    func length(_ value: Value) throws(TemplateError) -> Int {
        guard let count = try knownLength(value) else { throw failed("object of type '\(value.type)' has no len()") }
        return count
    }

    func knownLength(_ value: Value) throws(TemplateError) -> Int? {
        switch value {
        case .undefined: 0
        case .text(let text), .markup(let text): text.count
        case .list(let items), .tuple(let items): items.values.count
        case .mapping(let mapping), .view(let mapping, _): mapping.count
        case .range(let range): range.count
        case .loop(let loop): try length(of: loop)
        default: nil
        }
    }

    /// Python's `iter`; nil for what cannot be iterated over.
    func iteration(_ value: Value) throws(TemplateError) -> Iteration? {
        var index = 0
        func over(_ count: Int, _ item: @escaping (Int) throws(TemplateError) -> Value) -> Iteration {
            Iteration { [unowned self] () throws(TemplateError) -> Value? in
                guard index < count else { return nil }
                try self.step()
                defer { index += 1 }
                return try item(index)
            }
        }
        switch value {
        case .undefined: return over(0) { _ in .none }
        case .text(let text), .markup(let text): return over(text.count) { .text(Text([text.scalars[$0]])) }
        case .list(let items), .tuple(let items): return over(items.values.count) { items.values[$0] }
        case .mapping(let mapping), .view(let mapping, .keys): return over(mapping.count) { mapping.keys[$0] }
        case .view(let mapping, .values): return over(mapping.count) { mapping.values[$0] }
        case .view(let mapping, .items):
            return over(mapping.count) { [unowned self] (index: Int) throws(TemplateError) -> Value in
                try self.tuple([mapping.keys[index], mapping.values[index]])
            }
        case .range(let range): return over(range.count) { .integer(range[$0]) }
        case .iterator(let iteration): return iteration
        case .loop: throw notEvaluated("iteration over 'loop'")
        default: return nil
        }
    }

    func iterate(_ value: Value) throws(TemplateError) -> Iteration {
        guard let iteration = try iteration(value) else { throw failed("'\(value.type)' object is not iterable") }
        return iteration
    }

    /// All items of what can be iterated over.
    func elements(_ value: Value) throws(TemplateError) -> [Value] {
        if case .list(let items) = value { return items.values }
        if case .tuple(let items) = value { return items.values }
        let iteration = try iterate(value)
        var result: [Value] = []
        try enter()
        defer { leave() }
        while let item = try iteration.next() {
            try spend(bytes: 24)
            result.append(item)
        }
        return result
    }

    /// A generator of the template.
    func generator(_ produce: @escaping () throws(TemplateError) -> Value?) throws(TemplateError) -> Value {
        .iterator(
            try keep(
                Iteration { [unowned self] () throws(TemplateError) -> Value? in
                    try self.step()
                    try self.enter()
                    defer { self.leave() }
                    return try produce()
                }))
    }
}

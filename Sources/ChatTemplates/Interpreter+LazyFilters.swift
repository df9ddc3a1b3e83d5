/// Filters that are Python generators: they work while something asks for their items.
extension Interpreter {
    func lazyFilter(_ value: Value, _ name: String, _ given: CallArguments) throws(TemplateError) -> Value {
        switch name {
        case "map": return try map(value, given)
        case "select", "reject", "selectattr", "rejectattr":
            return try select(
                value, given, keeps: name.hasPrefix("select"), byAttribute: name.hasSuffix("attr"))
        case "unique": return try unique(value, given)
        case "slice": return try slices(value, given)
        default: return try batch(value, given)
        }
    }

    /// A generator whose start runs when its first item is asked for.
    private func started(
        _ start: @escaping () throws(TemplateError) -> () throws(TemplateError) -> Value?
    ) throws(TemplateError) -> Value {
        var next: (() throws(TemplateError) -> Value?)?
        return try generator { () throws(TemplateError) -> Value? in
            let produce: () throws(TemplateError) -> Value?
            if let next { produce = next } else { produce = try start() }
            next = produce
            return try produce()
        }
    }

    private func map(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        try started { [unowned self] () throws(TemplateError) -> () throws(TemplateError) -> Value? in
            guard try self.isTrue(value) else { return { () throws(TemplateError) -> Value? in nil } }
            let change = try self.mapping(given)
            let items = try self.iterate(value)
            return { () throws(TemplateError) -> Value? in
                guard let item = try items.next() else { return nil }
                return try change(item)
            }
        }
    }

    private func mapping(
        _ given: CallArguments
    ) throws(TemplateError) -> (Value) throws(TemplateError) -> Value {
        if given.positional.isEmpty, let path = given.keywords.first(where: { $0.name == "attribute" })?.value {
            var standard = given.keywords.first { $0.name == "default" }?.value
            if case .some(.none) = standard { standard = nil }
            if let extra = given.keywords.first(where: { $0.name != "attribute" && $0.name != "default" }) {
                throw failed("unexpected keyword argument '\(extra.name)'")
            }
            return { [unowned self] (item: Value) throws(TemplateError) -> Value in
                try self.item(at: path, of: item, default: standard)
            }
        }
        guard let first = given.positional.first else { throw failed("map requires a filter argument") }
        guard let name = first.string?.string else {
            throw failed("no filter named \(try representation(first).string)")
        }
        let rest = CallArguments(positional: Array(given.positional.dropFirst()), keywords: given.keywords)
        return { [unowned self] (item: Value) throws(TemplateError) -> Value in try self.filter(item, name, rest) }
    }

    private func select(
        _ value: Value, _ given: CallArguments, keeps: Bool, byAttribute: Bool
    ) throws(TemplateError) -> Value {
        try started { [unowned self] () throws(TemplateError) -> () throws(TemplateError) -> Value? in
            guard try self.isTrue(value) else { return { () throws(TemplateError) -> Value? in nil } }
            var rest = given
            var path: Value?
            if byAttribute {
                guard !rest.positional.isEmpty else { throw self.failed("missing parameter for attribute name") }
                path = rest.positional.removeFirst()
            }
            var name: String?
            if !rest.positional.isEmpty {
                let first = rest.positional.removeFirst()
                guard let text = first.string else {
                    throw self.failed("no test named \(try self.representation(first).string)")
                }
                name = text.string
            }
            let items = try self.iterate(value)
            return { () throws(TemplateError) -> Value? in
                while let item = try items.next() {
                    let subject = try self.item(at: path, of: item, default: nil)
                    let holds = try name == nil ? self.isTrue(subject) : self.test(subject, name ?? "", rest)
                    if holds == keeps { return item }
                }
                return nil
            }
        }
    }

    private func unique(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["case_sensitive", "attribute"], of: "unique", by: self)
        return try started { [unowned self] () throws(TemplateError) -> () throws(TemplateError) -> Value? in
            let isExact = try self.flag(given[0])
            let items = try self.iterate(value)
            var seen: Set<MappingKey> = []
            return { () throws(TemplateError) -> Value? in
                while let item = try items.next() {
                    let found = try self.item(at: given[1], of: item, default: nil)
                    try self.spend(bytes: 64)
                    if seen.insert(try self.key(isExact ? found : try self.ignoringCase(found))).inserted {
                        return item
                    }
                }
                return nil
            }
        }
    }

    private func batch(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["linecount", "fill_with"], required: 1, of: "batch", by: self)
        return try started { [unowned self] () throws(TemplateError) -> () throws(TemplateError) -> Value? in
            let items = try self.iterate(value)
            guard let size = given[0]?.wholeNumber, size > 0 else {
                throw self.notEvaluated("batch without a positive size")
            }
            return { () throws(TemplateError) -> Value? in
                var row: [Value] = []
                while row.count < size, let item = try items.next() {
                    try self.spend(bytes: 24)
                    row.append(item)
                }
                guard !row.isEmpty else { return nil }
                if let fill = given[1], row.count < size {
                    if case .none = fill { return try self.list(row) }
                    guard size <= self.limits.memoryBytes / 24 else {
                        throw self.exceeded("\(self.limits.memoryBytes) bytes of memory")
                    }
                    try self.spend(bytes: size * 24)
                    row += Array(repeating: fill, count: size - row.count)
                }
                return try self.list(row)
            }
        }
    }

    private func slices(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["slices", "fill_with"], required: 1, of: "slice", by: self)
        return try started { [unowned self] () throws(TemplateError) -> () throws(TemplateError) -> Value? in
            let items = try self.elements(value)
            guard let count = given[0]?.wholeNumber, count > 0 else {
                throw self.notEvaluated("slice without a positive number")
            }
            let (size, extra) = (items.count / count, items.count % count)
            var index = 0
            var start = 0
            return { () throws(TemplateError) -> Value? in
                guard index < count else { return nil }
                let end = start + size + (index < extra ? 1 : 0)
                var row = Array(items[start..<end])
                if let fill = given[1], index >= extra {
                    if case .none = fill {} else { row.append(fill) }
                }
                start = end
                index += 1
                return try self.list(row)
            }
        }
    }
}

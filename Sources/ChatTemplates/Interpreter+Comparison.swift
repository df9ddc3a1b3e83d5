extension Interpreter {
    /// One comparison of a chain.
    func holds(_ left: Value, _ operation: String, _ right: Value) throws(TemplateError) -> Bool {
        switch operation {
        case "==": return try isEqual(left, right)
        case "!=": return try !isEqual(left, right)
        case "in": return try contains(right, left)
        case "not in": return try !contains(right, left)
        case "<": return try isOrdered(left, right, operation) { $0 < 0 }
        case "<=": return try isOrdered(left, right, operation) { $0 <= 0 }
        case ">": return try isOrdered(left, right, operation) { $0 > 0 }
        default: return try isOrdered(left, right, operation) { $0 >= 0 }
        }
    }

    /// Python's `==`.
    func isEqual(_ left: Value, _ right: Value) throws(TemplateError) -> Bool {
        try step()
        if let a = left.wholeNumber, let b = right.wholeNumber { return a == b }
        if decimal(left) != nil, decimal(right) != nil { return order(left, right) == 0 }
        if let a = left.string, let b = right.string {
            try spend(bytes: min(a.count, b.count))
            return a == b
        }
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): return try isEqual(a.values, b.values)
        case (.mapping(let a), .mapping(let b)):
            guard a !== b else { return true }
            guard a.count == b.count else { return false }
            try enter()
            defer { leave() }
            for (key, value) in zip(a.keys, a.values) {
                guard let other = b[try self.key(key)], try isEqual(value, other) else { return false }
            }
            return true
        case (.range(let a), .range(let b)):
            return a.count == b.count && (a.count == 0 || a.start == b.start && (a.count == 1 || a.step == b.step))
        case (.namespace(let a), .namespace(let b)): return a === b
        case (.macro(let a), .macro(let b)): return a === b
        case (.cycler(let a), .cycler(let b)): return a === b
        case (.joiner(let a), .joiner(let b)): return a === b
        case (.iterator(let a), .iterator(let b)): return a === b
        case (.loop(let a), .loop(let b)): return a === b
        case (.function(let a), .function(let b)): return a == b
        case (.view, .view): throw notEvaluated("comparison of dict views")
        case (.method, .method): throw notEvaluated("comparison of methods")
        default: return false
        }
    }

    private func isEqual(_ a: [Value], _ b: [Value]) throws(TemplateError) -> Bool {
        guard a.count == b.count else { return false }
        try enter()
        defer { leave() }
        for (one, other) in zip(a, b) where try !isEqual(one, other) { return false }
        return true
    }

    /// Python's `in`.
    func contains(_ container: Value, _ value: Value) throws(TemplateError) -> Bool {
        switch container {
        case .text(let text), .markup(let text):
            guard let needle = value.string else {
                throw failed("'in <string>' requires string as left operand, not \(value.type)")
            }
            try spend(bytes: text.bytes)
            return text.firstIndex(of: needle) != nil
        case .mapping(let mapping), .view(let mapping, .keys): return mapping[try key(value)] != nil
        case .undefined: return false
        case .namespace, .macro, .function, .method, .none, .boolean, .integer, .number, .cycler, .joiner:
            throw failed("argument of type '\(container.type)' is not iterable")
        default:
            let iteration = try iterate(container)
            try enter()
            defer { leave() }
            while let item = try iteration.next() { if try isEqual(item, value) { return true } }
            return false
        }
    }

    /// Whether two values compare as `accepts` says; never where one is not a number.
    private func isOrdered(
        _ left: Value, _ right: Value, _ operation: String, _ accepts: (Int) -> Bool
    ) throws(TemplateError) -> Bool {
        for value in [left, right] { if case .undefined(let hint) = value { throw failed(hint) } }
        if decimal(left) != nil, decimal(right) != nil {
            guard let order = order(left, right) else { return false }
            return accepts(order)
        }
        if let a = left.string, let b = right.string {
            try spend(bytes: min(a.count, b.count))
            return accepts(a == b ? 0 : a < b ? -1 : 1)
        }
        switch (left, right) {
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            try enter()
            defer { leave() }
            for (one, other) in zip(a.values, b.values) where try !isEqual(one, other) {
                return try isOrdered(one, other, operation, accepts)
            }
            let (m, n) = (a.values.count, b.values.count)
            return accepts(m == n ? 0 : m < n ? -1 : 1)
        case (.view, .view): throw notEvaluated("comparison of dict views")
        default:
            throw failed("'\(operation)' not supported between instances of '\(left.type)' and '\(right.type)'")
        }
    }

    /// The order of two numbers, exact where one is whole and the other is not.
    private func order(_ left: Value, _ right: Value) -> Int? {
        if let a = left.wholeNumber, let b = right.wholeNumber { return a == b ? 0 : a < b ? -1 : 1 }
        if let a = left.wholeNumber, case .number(let b) = right { return order(a, b) }
        if case .number(let a) = left, let b = right.wholeNumber { return order(b, a).map { -$0 } }
        guard case .number(let a) = left, case .number(let b) = right, !a.isNaN, !b.isNaN else { return nil }
        return a == b ? 0 : a < b ? -1 : 1
    }

    private func order(_ a: Int, _ b: Double) -> Int? {
        guard !b.isNaN else { return nil }
        if b >= 0x1p63 { return -1 }
        if b < -0x1p63 { return 1 }
        let whole = Int(b.rounded(.down))
        if a != whole { return a < whole ? -1 : 1 }
        return b == b.rounded(.down) ? 0 : -1
    }

    /// Python's `sorted`: stable, by `<` alone.
    func sorted(_ values: [Value], by keys: [Value], descending: Bool) throws(TemplateError) -> [Value] {
        var order = Array(values.indices)
        var width = 1
        while width < order.count {
            var merged: [Int] = []
            merged.reserveCapacity(order.count)
            try spend(bytes: order.count * 8)
            var start = 0
            while start < order.count {
                let middle = min(start + width, order.count)
                let end = min(start + 2 * width, order.count)
                var (left, right) = (start, middle)
                while left < middle, right < end {
                    try step()
                    let (a, b) = (keys[order[left]], keys[order[right]])
                    // Equal items keep their order, which in a reversed sort means the same.
                    let takesRight = descending ? try holds(a, "<", b) : try holds(b, "<", a)
                    merged.append(order[takesRight ? right : left])
                    if takesRight { right += 1 } else { left += 1 }
                }
                merged += order[left..<middle]
                merged += order[right..<end]
                start = end
            }
            order = merged
            width *= 2
        }
        return order.map { values[$0] }
    }
}

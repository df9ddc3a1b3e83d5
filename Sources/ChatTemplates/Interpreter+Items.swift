/// `value.name`, `value[item]` and slices, as jinja2's sandbox answers them.
extension Interpreter {
    func attribute(_ name: String, of value: Value) throws(TemplateError) -> Value {
        if let found = try pythonAttribute(name, of: value) { return found }
        if case .mapping(let mapping) = value, let found = mapping[name] { return found }
        return missing(name, of: value)
    }

    func item(_ key: Value, of value: Value) throws(TemplateError) -> Value {
        switch value {
        case .undefined(let hint): throw failed(hint)
        case .mapping(let mapping):
            if let hash = MappingKey(key), let found = mapping[hash] { return found }
        case .list(let items), .tuple(let items):
            if let index = key.wholeNumber, let position = wrapped(index, items.values.count) {
                return items.values[position]
            }
        case .text(let text), .markup(let text):
            if let index = key.wholeNumber, let position = wrapped(index, text.count) {
                let letter = Text([text.scalars[position]])
                if case .markup = value { return .markup(letter) }
                return .text(letter)
            }
        case .range(let range):
            if let index = key.wholeNumber, let position = wrapped(index, range.count) {
                return .integer(range[position])
            }
        default: break
        }
        guard let name = key.string else {
            return .undefined("\(value.type) object has no element \(try representation(key).string)")
        }
        return try pythonAttribute(name.string, of: value) ?? missing(name.string, of: value)
    }

    private func missing(_ name: String, of value: Value) -> Value {
        .undefined("'\(value.type) object' has no attribute '\(name)'")
    }

    private func wrapped(_ index: Int, _ count: Int) -> Int? {
        let position = index < 0 ? index + count : index
        return position >= 0 && position < count ? position : nil
    }

    /// What Python's `getattr` finds, nil where there is no such attribute.
    private func pythonAttribute(_ name: String, of value: Value) throws(TemplateError) -> Value? {
        if case .undefined(let hint) = value {
            guard name.hasPrefix("__"), name.hasSuffix("__"), name.utf8.count >= 4 else { throw failed(hint) }
            if PythonAttributes.isDunder(name, of: value) { return .undefined("access to '\(name)' is unsafe") }
            throw failed(hint)
        }
        switch value {
        case .namespace(let namespace): return namespace[Text(name)]
        case .loop(let loop): return try attribute(name, of: loop)
        case .cycler(let cycler) where name == "current": return cycler.items[cycler.position]
        case .range(let range):
            switch name {
            case "start": return .integer(range.start)
            case "stop": return .integer(range.stop)
            case "step": return .integer(range.step)
            default: break
            }
        case .macro(let macro) where name == "name":
            return macro.definition.name.map { .text(Text($0)) } ?? Value.none
        default: break
        }
        if name.hasPrefix("_") {
            return PythonAttributes.isDunder(name, of: value) ? .undefined("access to '\(name)' is unsafe") : nil
        }
        guard PythonAttributes.names(of: value).contains(name) else { return nil }
        if PythonAttributes.isMutation(name, of: value) { return .undefined("access to attribute '\(name)' is unsafe") }
        return .method(value, name)
    }

    private func attribute(_ name: String, of loop: LoopState) throws(TemplateError) -> Value? {
        switch name {
        case "index": return .integer(loop.index0 + 1)
        case "index0": return .integer(loop.index0)
        case "revindex": return .integer(try length(of: loop) - loop.index0)
        case "revindex0": return .integer(try length(of: loop) - loop.index0 - 1)
        case "first": return .boolean(loop.index0 == 0)
        case "last": return .boolean(try loop.peek() == nil)
        case "length": return .integer(try length(of: loop))
        case "previtem": return loop.index0 == 0 ? .undefined("there is no previous item") : loop.before
        case "nextitem": return try loop.peek() ?? .undefined("there is no next item")
        case "depth": return .integer(loop.depth0 + 1)
        case "depth0": return .integer(loop.depth0)
        case "cycle", "changed": return .method(.loop(loop), name)
        default: return nil
        }
    }

    // MARK: slices

    /// Python's slice; bounds that were not written are nil.
    func slice(_ value: Value, _ bounds: [Value?]) throws(TemplateError) -> Value {
        let count: Int
        switch value {
        case .text(let text), .markup(let text): count = text.count
        case .list(let items), .tuple(let items): count = items.values.count
        case .range(let range): count = range.count
        case .undefined(let hint): throw failed(hint)
        case .mapping: throw failed("unhashable type: 'slice'")
        default: throw failed("'\(value.type)' object is not subscriptable")
        }
        var numbers: [Int?] = []
        for bound in bounds {
            switch bound {
            case nil, .some(.none): numbers.append(nil)
            case .some(let bound):
                guard let number = bound.wholeNumber else {
                    throw failed("slice indices must be integers or None or have an __index__ method")
                }
                numbers.append(number)
            }
        }
        let step = numbers[2] ?? 1
        guard step != 0 else { throw failed("slice step cannot be zero") }
        // A step past the length takes one item, whatever its size.
        let positions = Interpreter.positions(
            count: count, start: numbers[0], stop: numbers[1], step: max(-count - 1, min(count + 1, step)))
        guard case .range(let range) = value else { return try taken(positions, of: value) }
        return .range(try part(of: range, positions, step: step))
    }

    private func part(of range: PythonRange, _ positions: Positions, step: Int) throws(TemplateError) -> PythonRange {
        func number(_ index: Int) -> (partialValue: Int, overflow: Bool) {
            let (offset, overflow) = index.multipliedReportingOverflow(by: range.step)
            let sum = range.start.addingReportingOverflow(offset)
            return (sum.partialValue, overflow || sum.overflow)
        }
        let (start, stop) = (number(positions.start), number(positions.stop))
        let (newStep, overflow) = range.step.multipliedReportingOverflow(by: step)
        guard !overflow, !start.overflow, !stop.overflow,
            let result = PythonRange(start: start.partialValue, stop: stop.partialValue, step: newStep)
        else { throw exceeded("64 bits of a whole number") }
        return result
    }

    /// What a slice takes, after Python's `slice.indices`.
    private struct Positions {
        let start: Int
        let stop: Int
        let step: Int
        var all: StrideTo<Int> { stride(from: start, to: stop, by: step) }
    }

    private func taken(_ positions: Positions, of value: Value) throws(TemplateError) -> Value {
        switch value {
        case .text(let text), .markup(let text):
            var scalars: [Unicode.Scalar] = []
            for position in positions.all { scalars.append(text.scalars[position]) }
            if case .markup = value { return .markup(Text(scalars)) }
            return try self.text(Text(scalars))
        case .list(let items), .tuple(let items):
            var values: [Value] = []
            for position in positions.all { values.append(items.values[position]) }
            if case .tuple = value { return try tuple(values) }
            return try list(values)
        default: throw failed("'\(value.type)' object is not subscriptable")
        }
    }

    private static func positions(count: Int, start: Int?, stop: Int?, step: Int) -> Positions {
        let low = step > 0 ? 0 : -1
        let high = step > 0 ? count : count - 1
        func clamped(_ bound: Int) -> Int {
            let wrapped = bound < 0 ? (bound < -count ? low : bound + count) : bound
            return max(low, min(high, wrapped))
        }
        let first = start.map(clamped) ?? (step > 0 ? low : high)
        let end = stop.map(clamped) ?? (step > 0 ? high : low)
        return Positions(start: first, stop: end, step: step)
    }
}

/// The tests of `is` by name.
enum TemplateTests {
    static let names: Set<String> = [
        "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "escaped", "even", "false", "filter", "float",
        "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne",
        "none",
        "number", "odd", "sameas", "sequence", "string", "test", "true", "undefined", "upper",
    ]
    /// Comparisons by other names, those that `select` takes included.
    static let comparisons: [String: String] = [
        "==": "==", "eq": "==", "equalto": "==", "!=": "!=", "ne": "!=", ">": ">", "gt": ">", "greaterthan": ">",
        ">=": ">=", "ge": ">=", "<": "<", "lt": "<", "lessthan": "<", "<=": "<=", "le": "<=",
    ]
}

extension Interpreter {
    /// `value is name(arguments)`.
    func test(_ value: Value, _ name: String, _ given: CallArguments) throws(TemplateError) -> Bool {
        try step()
        if let operation = TemplateTests.comparisons[name] {
            return try holds(value, operation, try given.plain(1, 1, of: name, by: self)[0])
        }
        switch name {
        case "divisibleby":
            let divisor = try given.bound(to: ["num"], required: 1, of: name, by: self)[0] ?? .none
            return try isEqual(try binary("%", value, divisor), .integer(0))
        case "in":
            return try contains(try given.bound(to: ["seq"], required: 1, of: name, by: self)[0] ?? .none, value)
        case "sameas":
            return try isSame(value, try given.bound(to: ["other"], required: 1, of: name, by: self)[0] ?? .none)
        default: break
        }
        guard TemplateTests.names.contains(name) else { throw failed("no test named '\(name)'") }
        _ = try given.plain(0, 0, of: name, by: self)
        return try plainTest(value, name)
    }

    private func plainTest(_ value: Value, _ name: String) throws(TemplateError) -> Bool {
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "none": if case .none = value { return true } else { return false }
        case "boolean": if case .boolean = value { return true } else { return false }
        case "true": if case .boolean(true) = value { return true } else { return false }
        case "false": if case .boolean(false) = value { return true } else { return false }
        case "integer": if case .integer = value { return true } else { return false }
        case "float": if case .number = value { return true } else { return false }
        case "number": return decimal(value) != nil
        case "string": return value.string != nil
        case "mapping": if case .mapping = value { return true } else { return false }
        case "escaped": if case .markup = value { return true } else { return false }
        case "odd": return try isEqual(try binary("%", value, .integer(2)), .integer(1))
        case "even": return try isEqual(try binary("%", value, .integer(2)), .integer(0))
        case "upper", "lower": return try text(value).isCased(upper: name == "upper")
        case "filter", "test":
            guard MappingKey(value) != nil else { throw failed("unhashable type: '\(value.type)'") }
            guard let wanted = value.string?.string else { return false }
            if name == "test" {
                return TemplateTests.names.contains(wanted) || TemplateTests.comparisons[wanted] != nil
            }
            return TemplateFilters.names.contains(wanted) || TemplateFilters.others.contains(wanted)
        case "callable":
            switch value {
            case .undefined, .macro, .function, .method, .joiner, .loop: return true
            default: return false
            }
        case "sequence":
            switch value {
            case .undefined, .text, .markup, .list, .tuple, .mapping, .range: return true
            default: return false
            }
        default:
            switch value {
            case .undefined, .text, .markup, .list, .tuple, .mapping, .range, .view, .iterator, .loop: return true
            default: return false
            }
        }
    }

    /// Python's `is`, where the answer does not hang on how Python keeps its objects.
    private func isSame(_ a: Value, _ b: Value) throws(TemplateError) -> Bool {
        switch (a, b) {
        case (.none, .none): return true
        case (.boolean(let a), .boolean(let b)): return a == b
        case (.integer(let a), .integer(let b)):
            guard a == b, a < -5 || a > 256 else { return a == b }
        case (.mapping(let a), .mapping(let b)) where a === b: return true
        case (.namespace(let a), .namespace(let b)): return a === b
        case (.macro(let a), .macro(let b)): return a === b
        default: if a.type != b.type { return false }
        }
        throw notEvaluated("test 'sameas' on \(a.type)")
    }
}

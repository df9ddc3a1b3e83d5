extension Interpreter {
    func evaluate(_ expression: Expression, in scope: Scope) throws(TemplateError) -> Value {
        try step()
        try enter()
        defer { leave() }
        line = expression.line
        switch expression.kind {
        case .constant(let constant): return value(constant)
        case .name(let name): return lookup(name, in: scope)
        case .tuple(let items): return try tuple(try values(items, in: scope))
        case .list(let items): return try list(try values(items, in: scope))
        case .dictionary(let members): return try dictionary(members, in: scope)
        case .not(let operand): return .boolean(!(try isTrue(try evaluate(operand, in: scope))))
        case .sign(let isNegative, let operand):
            return try signed(try evaluate(operand, in: scope), isNegative: isNegative)
        case .binary(let operation, let left, let right):
            return try binary(operation, try evaluate(left, in: scope), try evaluate(right, in: scope))
        case .concatenation(let parts): return try concatenated(parts, in: scope)
        case .comparison(let first, let rest): return try comparison(first, rest, in: scope)
        case .and(let left, let right):
            let value = try evaluate(left, in: scope)
            return try isTrue(value) ? try evaluate(right, in: scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, in: scope)
            return try isTrue(value) ? value : try evaluate(right, in: scope)
        case .conditional(let test, let then, let otherwise):
            if try isTrue(try evaluate(test, in: scope)) { return try evaluate(then, in: scope) }
            guard let otherwise else {
                return .undefined("the inline if-expression on line \(expression.line) has no else")
            }
            return try evaluate(otherwise, in: scope)
        case .attribute(let base, let name): return try attribute(name, of: try evaluate(base, in: scope))
        case .item(let base, let item):
            return try self.item(try evaluate(item, in: scope), of: try evaluate(base, in: scope))
        case .slice(let base, let start, let stop, let step): return try slice(base, start, stop, step, in: scope)
        case .call(let callee, let arguments): return try call(callee, arguments, in: scope)
        case .filter: return try filter(expression, over: nil, in: scope)
        case .test(let subject, let name, let arguments): return try test(subject, name, arguments, in: scope)
        case .namespaceReference: throw failed("a namespace reference has no value")
        }
    }

    private func value(_ constant: Constant) -> Value {
        switch constant {
        case .none: .none
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .string(let text): .text(text)
        }
    }

    private func values(_ expressions: [Expression], in scope: Scope) throws(TemplateError) -> [Value] {
        var result: [Value] = []
        for expression in expressions { result.append(try evaluate(expression, in: scope)) }
        return result
    }

    private func dictionary(
        _ members: [(key: Expression, value: Expression)], in scope: Scope
    ) throws(TemplateError) -> Value {
        var result: [(Value, Value)] = []
        for member in members {
            result.append((try evaluate(member.key, in: scope), try evaluate(member.value, in: scope)))
        }
        return .mapping(try mapping(result))
    }

    private func concatenated(_ parts: [Expression], in scope: Scope) throws(TemplateError) -> Value {
        var values: [Value] = []
        for part in parts { values.append(try evaluate(part, in: scope)) }
        var result: [Unicode.Scalar] = []
        for value in values {
            let part = try text(value)
            try spend(bytes: part.bytes)
            result += part.scalars
        }
        return .text(Text(result))
    }

    private func comparison(
        _ first: Expression, _ rest: [(operation: String, operand: Expression)], in scope: Scope
    ) throws(TemplateError) -> Value {
        var left = try evaluate(first, in: scope)
        for part in rest {
            let right = try evaluate(part.operand, in: scope)
            guard try holds(left, part.operation, right) else { return .boolean(false) }
            left = right
        }
        return .boolean(true)
    }

    private func slice(
        _ base: Expression, _ start: Expression?, _ stop: Expression?, _ step: Expression?, in scope: Scope
    ) throws(TemplateError) -> Value {
        let value = try evaluate(base, in: scope)
        var bounds: [Value?] = []
        for part in [start, stop, step] {
            if let part { bounds.append(try evaluate(part, in: scope)) } else { bounds.append(nil) }
        }
        if !isSliceable(value) {
            // jinja2 folds what has no names before it renders, and such a slice is undefined then.
            var hasNames = false
            TemplateNames.each(in: base) { _ in hasNames = true }
            guard hasNames else { throw notEvaluated("slice of a constant that is no sequence") }
        }
        return try slice(value, bounds)
    }

    private func isSliceable(_ value: Value) -> Bool {
        switch value {
        case .text, .markup, .list, .tuple, .range: true
        default: false
        }
    }

    private func test(
        _ subject: Expression, _ name: String, _ arguments: Arguments, in scope: Scope
    ) throws(TemplateError) -> Value {
        let value = try evaluate(subject, in: scope)
        return .boolean(try test(value, name, try self.arguments(arguments, in: scope)))
    }

    /// A filter, or a chain of them down to the text of a block.
    func filter(_ expression: Expression, over block: Value?, in scope: Scope) throws(TemplateError) -> Value {
        guard case .filter(let input, let name, let arguments) = expression.kind else {
            return try evaluate(expression, in: scope)
        }
        try enter()
        defer { leave() }
        var value = block ?? .none
        if let input {
            value = block == nil ? try evaluate(input, in: scope) : try filter(input, over: block, in: scope)
        }
        let given = try self.arguments(arguments, in: scope)
        line = expression.line
        return try filter(value, name, given)
    }
}

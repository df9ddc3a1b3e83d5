extension Interpreter {
    func arguments(_ given: Arguments, in scope: Scope) throws(TemplateError) -> CallArguments {
        var result = CallArguments()
        for value in given.positional { result.positional.append(try evaluate(value, in: scope)) }
        if let spread = given.spread {
            result.positional += try elements(try evaluate(spread, in: scope))
        }
        for keyword in given.keywords {
            result.keywords.append((keyword.name, try evaluate(keyword.value, in: scope)))
        }
        guard let spread = given.keywordSpread else { return result }
        let value = try evaluate(spread, in: scope)
        guard case .mapping(let mapping) = value else {
            throw failed("argument after ** must be a mapping, not \(value.type)")
        }
        for (key, value) in zip(mapping.keys, mapping.values) {
            try step()
            guard let name = key.string?.string else { throw failed("keywords must be strings") }
            guard result.keywords.count < 256 else { throw exceeded("256 keyword arguments") }
            guard !result.keywords.contains(where: { $0.name == name }) else {
                throw failed("got multiple values for keyword argument '\(name)'")
            }
            result.keywords.append((name, value))
        }
        return result
    }

    func call(_ callee: Expression, _ given: Arguments, in scope: Scope) throws(TemplateError) -> Value {
        let function = try evaluate(callee, in: scope)
        let arguments = try arguments(given, in: scope)
        line = callee.line
        return try call(function, arguments)
    }

    /// `{% call %}`: the block becomes the macro `caller` of what is called.
    func call(
        _ expression: Expression, with definition: Statement.Macro, in scope: Scope
    ) throws(TemplateError) {
        guard case .call(let callee, let given) = expression.kind else { throw failed("expected a call") }
        let caller = try macro(definition, in: scope)
        let function = try evaluate(callee, in: scope)
        var arguments = try arguments(given, in: scope)
        guard !arguments.keywords.contains(where: { $0.name == "caller" }) else {
            throw failed("got multiple values for keyword argument 'caller'")
        }
        arguments.keywords.append(("caller", caller))
        line = expression.line
        try write(try written(try call(function, arguments)).scalars)
    }

    func call(_ function: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
        try enter()
        defer { leave() }
        switch function {
        case .undefined(let hint): throw failed(hint)
        case .macro(let macro): return try invoke(macro, arguments)
        case .function(let function): return try call(function, arguments)
        case .method(let value, let name): return try call(name, of: value, arguments)
        case .joiner(let joiner):
            _ = try arguments.plain(0, 0, of: "joiner", by: self)
            defer { joiner.isUsed = true }
            return joiner.isUsed ? joiner.separator : .text(Text([]))
        case .loop(let loop):
            let items = try arguments.bound(to: ["iterable"], required: 1, of: "loop", by: self)
            guard let recurse = loop.recurse, let first = items[0] else {
                throw failed("the loop must have the 'recursive' marker to be called recursively")
            }
            return try recurse(first)
        default: throw failed("'\(function.type)' object is not callable")
        }
    }

    // MARK: macros

    func macro(_ definition: Statement.Macro, in scope: Scope) throws(TemplateError) -> Value {
        _ = try keep(scope)
        return .macro(try keep(MacroValue(definition, in: scope)))
    }

    /// Runs a macro; its arguments bind as jinja2's `Macro.__call__` binds them.
    func invoke(_ macro: MacroValue, _ given: CallArguments) throws(TemplateError) -> Value {
        let definition = macro.definition
        let plan = scopes.plans[definition.scope]
        let scope = Scope(parent: macro.scope)
        let parameters = definition.parameters
        var keywords = given.keywords
        var foundCaller = given.positional.count >= parameters.count && parameters.contains("caller")
        for (index, name) in parameters.enumerated() {
            var value: Value?
            if index < given.positional.count {
                value = given.positional[index]
            } else {
                if let position = keywords.firstIndex(where: { $0.name == name }) {
                    value = keywords.remove(at: position).value
                }
                if name == "caller" { foundCaller = true }
            }
            scope.slots[name] = Scope.Slot(value: value)
        }
        if plan.takesCaller, !foundCaller {
            let position = keywords.firstIndex { $0.name == "caller" }
            var caller = position.map { keywords.remove(at: $0).value }
            if case .some(.none) = caller { caller = nil }
            scope.slots["caller"] = Scope.Slot(value: caller ?? .undefined("No caller defined"))
        }
        let shown = definition.name.map { "macro '\($0)'" } ?? "macro"
        if plan.takesKeywords {
            var members: [(Value, Value)] = []
            for keyword in keywords { members.append((.text(Text(keyword.name)), keyword.value)) }
            scope.slots["kwargs"] = Scope.Slot(value: .mapping(try mapping(members)))
        } else if let extra = keywords.first {
            throw failed("\(shown) takes no keyword argument '\(extra.name)'")
        }
        if plan.takesPositional {
            scope.slots["varargs"] = Scope.Slot(value: try tuple(Array(given.positional.dropFirst(parameters.count))))
        } else if given.positional.count > parameters.count {
            throw failed("\(shown) takes not more than \(parameters.count) argument(s)")
        }
        try enter(scope, plan: definition.scope)
        try setDefaults(definition, in: scope)
        let start = line
        let text = try capture { () throws(TemplateError) in _ = try self.execute(definition.body, in: scope) }
        line = start
        return try self.text(text)
    }

    private func setDefaults(_ definition: Statement.Macro, in scope: Scope) throws(TemplateError) {
        let first = definition.parameters.count - definition.defaults.count
        for (index, name) in definition.parameters.enumerated() where scope.slots[name]?.value == nil {
            let value: Value =
                index < first
                ? .undefined("parameter '\(name)' was not provided")
                : try evaluate(definition.defaults[index - first], in: scope)
            scope.slots[name] = Scope.Slot(value: value)
        }
    }
}

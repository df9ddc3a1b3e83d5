extension Interpreter {
    /// How a list of statements ended.
    enum Flow { case normal, breakLoop, continueLoop }

    func execute(_ statements: [Statement], in scope: Scope) throws(TemplateError) -> Flow {
        try enter()
        defer { leave() }
        for statement in statements {
            line = statement.line
            try step()
            let flow = try execute(statement, in: scope)
            guard case .normal = flow else { return flow }
        }
        return .normal
    }

    private func execute(_ statement: Statement, in scope: Scope) throws(TemplateError) -> Flow {
        switch statement.kind {
        case .text(let text): try write(text.scalars)
        case .output(let value): try print(value, in: scope)
        case .condition(let branches, let otherwise): return try choose(branches, otherwise, in: scope)
        case .loop(let loop): try run(loop, in: scope)
        case .assignment(let target, let value): try assign(target, value, in: scope)
        case .blockAssignment(let target, let filter, let body, let plan):
            return try assign(target, filter, body, plan: plan, in: scope)
        case .macro(let definition):
            guard let name = definition.name else { return .normal }
            scope.slots[name] = Scope.Slot(value: try macro(definition, in: scope))
        case .callBlock(let call, let definition): try self.call(call, with: definition, in: scope)
        case .generation(let definition):
            let body = MacroValue(definition, in: scope)
            try write(try text(try invoke(body, CallArguments())).scalars)
        case .filterBlock(let filter, let body, let plan):
            return try apply(filter, body, plan: plan, in: scope)
        case .with(let values, let body, let plan): return try with(values, body, plan: plan, in: scope)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .normal
    }

    private func print(_ expression: Expression, in scope: Scope) throws(TemplateError) {
        let value = try evaluate(expression, in: scope)
        try write(try text(value).scalars)
    }

    private func choose(
        _ branches: [(test: Expression, body: [Statement])], _ otherwise: [Statement], in scope: Scope
    ) throws(TemplateError) -> Flow {
        for branch in branches where try isTrue(try evaluate(branch.test, in: scope)) {
            return try execute(branch.body, in: scope)
        }
        return try execute(otherwise, in: scope)
    }

    // MARK: assignments

    private func assign(_ target: Target, _ expression: Expression, in scope: Scope) throws(TemplateError) {
        try requireNamespaces(target, in: scope)
        try store(try evaluate(expression, in: scope), in: target, of: scope)
    }

    private func requireNamespaces(_ target: Target, in scope: Scope) throws(TemplateError) {
        switch target {
        case .name: break
        case .attribute(let name, _):
            guard case .namespace = lookup(name, in: scope) else {
                throw failed("cannot assign attribute on non-namespace object")
            }
        case .tuple(let items): for item in items { try requireNamespaces(item, in: scope) }
        }
    }

    /// Stores a value, taking it apart where the target is a tuple.
    func store(_ value: Value, in target: Target, of scope: Scope) throws(TemplateError) {
        switch target {
        case .name(let name): scope.slots[name] = Scope.Slot(value: value)
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace) = lookup(name, in: scope) else {
                throw failed("'\(name)' does not support item assignment")
            }
            try set(Text(attribute), to: value, of: namespace)
        case .tuple(let targets):
            guard let iteration = try iteration(value) else {
                throw failed("cannot unpack non-iterable \(value.type) object")
            }
            var items: [Value] = []
            while let item = try iteration.next() {
                guard items.count < targets.count else {
                    throw failed("too many values to unpack (expected \(targets.count))")
                }
                items.append(item)
            }
            guard items.count == targets.count else {
                throw failed("not enough values to unpack (expected \(targets.count), got \(items.count))")
            }
            for (target, item) in zip(targets, items) { try store(item, in: target, of: scope) }
        }
    }

    func set(_ name: Text, to value: Value, of namespace: Namespace) throws(TemplateError) {
        guard name.scalars.first != "_" else {
            throw failed("namespaces take no attributes that start with an underscore")
        }
        try spend(bytes: 64 + namespace.attributes.count)
        namespace[name] = value
    }

    private func assign(
        _ target: Target, _ filter: Expression?, _ body: [Statement], plan: Int, in scope: Scope
    ) throws(TemplateError) -> Flow {
        let inner = Scope(parent: scope)
        try enter(inner, plan: plan)
        var flow = Flow.normal
        let text = try capture { () throws(TemplateError) in flow = try self.execute(body, in: inner) }
        guard case .normal = flow else { return flow }
        var value = try self.text(text)
        if let filter { value = try self.filter(filter, over: value, in: inner) }
        try requireNamespaces(target, in: scope)
        try store(value, in: target, of: scope)
        return .normal
    }

    private func apply(
        _ filter: Expression, _ body: [Statement], plan: Int, in scope: Scope
    ) throws(TemplateError) -> Flow {
        let inner = Scope(parent: scope)
        try enter(inner, plan: plan)
        var flow = Flow.normal
        let text = try capture { () throws(TemplateError) in flow = try self.execute(body, in: inner) }
        guard case .normal = flow else { return flow }
        let value = try self.filter(filter, over: try self.text(text), in: inner)
        try write(try written(value).scalars)
        return .normal
    }

    /// What jinja2 joins to the output without making it a string first.
    func written(_ value: Value) throws(TemplateError) -> Text {
        guard let text = value.string else { throw failed("expected str instance, \(value.type) found") }
        return text
    }

    private func with(
        _ values: [(target: Target, value: Expression)], _ body: [Statement], plan: Int, in scope: Scope
    ) throws(TemplateError) -> Flow {
        let inner = Scope(parent: scope)
        try enter(inner, plan: plan)
        for value in values { try store(try evaluate(value.value, in: scope), in: value.target, of: inner) }
        return try execute(body, in: inner)
    }

    // MARK: loops

    private func run(_ loop: Statement.Loop, in scope: Scope) throws(TemplateError) {
        let sequence = try evaluate(loop.sequence, in: scope)
        guard loop.isRecursive else { return try run(loop, over: sequence, depth0: 0, in: scope) }
        try write(try recursive(loop, over: sequence, depth0: 0, in: scope).scalars)
    }

    private func recursive(
        _ loop: Statement.Loop, over sequence: Value, depth0: Int, in scope: Scope
    ) throws(TemplateError) -> Text {
        try capture { () throws(TemplateError) in try self.run(loop, over: sequence, depth0: depth0, in: scope) }
    }

    private func run(
        _ loop: Statement.Loop, over sequence: Value, depth0: Int, in scope: Scope
    ) throws(TemplateError) {
        var source = try iterate(sequence)
        var count = try isTrueSequence(sequence) ? knownLength(sequence) : nil
        if let test = loop.test {
            source = try selected(source, loop.target, test, plan: loop.testScope, in: scope)
            count = nil
        }
        var recurse: ((Value) throws(TemplateError) -> Value)?
        if loop.isRecursive {
            recurse = { [unowned self] (items: Value) throws(TemplateError) -> Value in
                try self.enter()
                defer { self.leave() }
                return try self.text(try self.recursive(loop, over: items, depth0: depth0 + 1, in: scope))
            }
        }
        let state = try keep(LoopState(source, count: count, depth0: depth0, recurse: recurse))
        let inner = try keep(Scope(parent: scope))
        let plan = scopes.plans[loop.scope]
        var isEmpty = true
        let start = line
        while let item = try state.next() {
            try step()
            line = start
            // Set before the plan's loads, which may not touch parameters.
            if plan.offersLoop { inner.slots["loop"] = Scope.Slot(value: .loop(state)) }
            try store(item, in: loop.target, of: inner)
            try enter(inner, plan: loop.scope)
            let flow = try execute(loop.body, in: inner)
            // A round that `break` or `continue` ends does not reach the mark that the loop had a round.
            if case .normal = flow { isEmpty = false }
            if case .breakLoop = flow { break }
        }
        inner.discard()
        guard isEmpty, !loop.otherwise.isEmpty else { return }
        let last = Scope(parent: scope)
        try enter(last, plan: loop.otherwiseScope)
        _ = try execute(loop.otherwise, in: last)
    }

    private func isTrueSequence(_ value: Value) -> Bool {
        if case .iterator = value { return false }
        return true
    }

    /// The items for which a loop's `if` holds, asked for one by one while the loop runs.
    private func selected(
        _ source: Iteration, _ target: Target, _ test: Expression, plan: Int, in scope: Scope
    ) throws(TemplateError) -> Iteration {
        let inner = try keep(Scope(parent: scope))
        try enter(inner, plan: plan)
        return try keep(
            Iteration { [unowned self] () throws(TemplateError) -> Value? in
                while let item = try source.next() {
                    try self.step()
                    try self.store(item, in: target, of: inner)
                    if try self.isTrue(try self.evaluate(test, in: inner)) { return try self.stored(target, in: inner) }
                }
                return nil
            })
    }

    /// What a target holds: a tuple where it took the item apart.
    private func stored(_ target: Target, in scope: Scope) throws(TemplateError) -> Value {
        switch target {
        case .name(let name), .attribute(let name, _): return lookup(name, in: scope)
        case .tuple(let items):
            var values: [Value] = []
            for item in items { values.append(try stored(item, in: scope)) }
            return try tuple(values)
        }
    }
}

/// Where each scope of a template finds its names: jinja2 settles this before rendering (its `idtracking`), and what
/// a `set` in a loop or a macro can see depends on it.
struct TemplateScopes: Sendable {
    /// How a name of a scope starts out each time the scope is entered.
    enum Load: Sendable {
        /// From what `render` was given and the globals.
        case resolved
        /// With the value that the name has in the scope around.
        case alias
        /// Without a value.
        case missing
        /// Given by a loop or a call.
        case parameter
    }

    struct Plan: Sendable {
        var loads: [(name: String, load: Load)] = []
        /// Whether a loop offers `loop`.
        var offersLoop = false
        /// Which of `caller`, `kwargs` and `varargs` a macro takes beyond its parameters.
        var takesCaller = false
        var takesKeywords = false
        var takesPositional = false
    }

    private(set) var plans: [Plan]
    private var work = 0
    private let limits: TemplateLimits

    init(_ body: [Statement], count: Int, limits: TemplateLimits) throws(TemplateError) {
        plans = Array(repeating: Plan(), count: count)
        self.limits = limits
        var symbols = Symbols(parent: nil)
        try visit(body, &symbols)
        try finish(0, symbols)
        try descend(body, Box(symbols))
    }

    /// The names of one scope while it is read.
    private struct Symbols {
        let parent: Box?
        var loads: [String: Load] = [:]
        var stores: Set<String> = []

        func isKnownOutside(_ name: String) -> Bool {
            var next = parent
            while let box = next {
                if box.symbols.loads[name] != nil { return true }
                next = box.symbols.parent
            }
            return false
        }

        mutating func load(_ name: String) {
            if loads[name] == nil, !isKnownOutside(name) { loads[name] = .resolved }
        }

        mutating func store(_ name: String) {
            stores.insert(name)
            if loads[name] == nil { loads[name] = isKnownOutside(name) ? .alias : .missing }
        }

        mutating func declare(_ name: String) {
            stores.insert(name)
            loads[name] = .parameter
        }

        mutating func declare(_ target: Target) {
            switch target {
            case .name(let name): declare(name)
            case .attribute(let namespace, _): load(namespace)
            case .tuple(let items): for item in items { declare(item) }
            }
        }

        mutating func store(_ target: Target) {
            switch target {
            case .name(let name): store(name)
            case .attribute(let namespace, _): load(namespace)
            case .tuple(let items): for item in items { store(item) }
            }
        }

        /// Takes over what the branches of a condition made of the names.
        mutating func merge(_ branches: [Symbols]) {
            var fresh: Set<String> = []
            for branch in branches { fresh.formUnion(branch.stores) }
            fresh.subtract(stores)
            for branch in branches {
                loads.merge(branch.loads) { $1 }
                stores.formUnion(branch.stores)
            }
            for name in fresh { loads[name] = isKnownOutside(name) ? .alias : .resolved }
        }
    }

    /// A scope that is read to its end, for those inside it.
    private final class Box {
        let symbols: Symbols
        init(_ symbols: Symbols) { self.symbols = symbols }
    }

    private mutating func finish(_ scope: Int, _ symbols: Symbols) throws(TemplateError) {
        plans[scope].loads = symbols.loads.map { (name: $0.key, load: $0.value) }
    }

    private mutating func spend(_ amount: Int, line: Int) throws(TemplateError) {
        work += amount
        guard work <= limits.steps else { throw .exceeded(limit: "\(limits.steps) steps", line: line) }
    }

    // MARK: names of one scope

    private mutating func visit(_ statements: [Statement], _ symbols: inout Symbols) throws(TemplateError) {
        for statement in statements {
            try spend(1, line: statement.line)
            switch statement.kind {
            case .text, .breakLoop, .continueLoop, .generation: break
            case .output(let value): TemplateNames.each(in: value) { symbols.load($0) }
            case .loop(let loop): TemplateNames.each(in: loop.sequence) { symbols.load($0) }
            case .macro(let macro): if let name = macro.name { symbols.store(name) }
            case .callBlock(let call, _): TemplateNames.each(in: call) { symbols.load($0) }
            case .filterBlock(let filter, _, _): TemplateNames.each(in: filter) { symbols.load($0) }
            case .with(let values, _, _):
                for value in values { TemplateNames.each(in: value.value) { symbols.load($0) } }
            case .assignment(let target, let value):
                TemplateNames.each(in: value) { symbols.load($0) }
                symbols.store(target)
            case .blockAssignment(let target, _, _, _): symbols.store(target)
            case .condition(let branches, let otherwise): try visit(branches, otherwise, &symbols, line: statement.line)
            }
        }
    }

    private mutating func visit(
        _ branches: [(test: Expression, body: [Statement])], _ otherwise: [Statement], _ symbols: inout Symbols,
        line: Int
    ) throws(TemplateError) {
        guard let first = branches.first else { return }
        TemplateNames.each(in: first.test) { symbols.load($0) }
        try spend(3 * symbols.loads.count, line: line)
        var body = symbols
        try visit(first.body, &body)
        var rest = symbols
        // jinja2 keeps each elif as a condition of its own, one after another.
        for branch in branches.dropFirst() {
            try visit([branch], [], &rest, line: line)
        }
        var last = symbols
        try visit(otherwise, &last)
        symbols.merge([body, rest, last])
    }

    // MARK: the scopes inside

    private mutating func descend(_ statements: [Statement], _ outer: Box) throws(TemplateError) {
        for statement in statements {
            try spend(1, line: statement.line)
            switch statement.kind {
            case .text, .output, .assignment, .breakLoop, .continueLoop: break
            case .condition(let branches, let otherwise):
                for branch in branches { try descend(branch.body, outer) }
                try descend(otherwise, outer)
            case .loop(let loop): try plan(loop, outer, line: statement.line)
            case .macro(let macro), .callBlock(_, let macro), .generation(let macro):
                try plan(macro, outer, line: statement.line)
            case .blockAssignment(_, _, let body, let scope):
                try plan(scope, body, Symbols(parent: outer))
            case .filterBlock(let filter, let body, let scope):
                var symbols = Symbols(parent: outer)
                try visit(body, &symbols)
                TemplateNames.each(in: filter) { symbols.load($0) }
                try finish(scope, symbols)
                try descend(body, Box(symbols))
            case .with(let values, let body, let scope):
                var symbols = Symbols(parent: outer)
                for value in values { symbols.declare(value.target) }
                try plan(scope, body, symbols)
            }
        }
    }

    private mutating func plan(_ scope: Int, _ body: [Statement], _ start: Symbols) throws(TemplateError) {
        var symbols = start
        try visit(body, &symbols)
        try finish(scope, symbols)
        try descend(body, Box(symbols))
    }

    private mutating func plan(_ loop: Statement.Loop, _ outer: Box, line: Int) throws(TemplateError) {
        var names = TemplateNames(tracking: ["loop"])
        names.visit(loop.body)
        let offersLoop = loop.isRecursive || names.undeclared.contains("loop")
        plans[loop.scope].offersLoop = offersLoop
        try spend(names.count, line: line)
        guard !TemplateNames.stores("loop", in: loop) else {
            throw .malformed("can't assign to special loop variable in for-loop target", line: line)
        }
        var symbols = Symbols(parent: outer)
        if offersLoop { symbols.declare("loop") }
        symbols.declare(loop.target)
        if let test = loop.test {
            var symbols = Symbols(parent: outer)
            symbols.declare(loop.target)
            TemplateNames.each(in: test) { symbols.load($0) }
            try finish(loop.testScope, symbols)
        }
        try plan(loop.scope, loop.body, symbols)
        try plan(loop.otherwiseScope, loop.otherwise, Symbols(parent: outer))
    }

    private mutating func plan(_ macro: Statement.Macro, _ outer: Box, line: Int) throws(TemplateError) {
        var names = TemplateNames(tracking: ["caller", "kwargs", "varargs"])
        names.visit(macro.body)
        try spend(names.count, line: line)
        let takesCaller = names.undeclared.contains("caller")
        if takesCaller, let index = macro.parameters.firstIndex(of: "caller") {
            guard index >= macro.parameters.count - macro.defaults.count else {
                throw .malformed("the parameter 'caller' needs a default", line: line)
            }
        }
        plans[macro.scope].takesCaller = takesCaller
        plans[macro.scope].takesKeywords = names.undeclared.contains("kwargs") && !macro.parameters.contains("kwargs")
        plans[macro.scope].takesPositional =
            names.undeclared.contains("varargs") && !macro.parameters.contains("varargs")
        var symbols = Symbols(parent: outer)
        for name in macro.parameters { symbols.declare(name) }
        for value in macro.defaults { TemplateNames.each(in: value) { symbols.load($0) } }
        try visit(macro.body, &symbols)
        if takesCaller, !macro.parameters.contains("caller") { symbols.declare("caller") }
        if plans[macro.scope].takesKeywords { symbols.declare("kwargs") }
        if plans[macro.scope].takesPositional { symbols.declare("varargs") }
        try finish(macro.scope, symbols)
        try descend(macro.body, Box(symbols))
    }
}

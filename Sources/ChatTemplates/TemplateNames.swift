/// Finds the names that statements use, as jinja2's `find_undeclared` does: a name that was stored before no longer
/// counts.
struct TemplateNames {
    private var tracked: Set<String>
    private(set) var undeclared: Set<String> = []
    /// Names seen, which is the work done.
    private(set) var count = 0

    init(tracking names: Set<String>) { tracked = names }

    private mutating func load(_ name: String) {
        count += 1
        if tracked.contains(name) { undeclared.insert(name) } else { tracked.remove(name) }
    }

    private mutating func store(_ target: Target) {
        switch target {
        case .name(let name): tracked.remove(name)
        case .attribute: break
        case .tuple(let items): for item in items { store(item) }
        }
    }

    private mutating func visit(_ expression: Expression?) {
        guard let expression else { return }
        TemplateNames.each(in: expression) { load($0) }
    }

    mutating func visit(_ statements: [Statement]) {
        for statement in statements {
            count += 1
            switch statement.kind {
            case .text, .breakLoop, .continueLoop: break
            case .output(let value): visit(value)
            case .condition(let branches, let otherwise):
                for branch in branches {
                    visit(branch.test)
                    visit(branch.body)
                }
                visit(otherwise)
            case .loop(let loop):
                store(loop.target)
                visit(loop.sequence)
                visit(loop.body)
                visit(loop.otherwise)
                visit(loop.test)
            case .assignment(let target, let value):
                store(target)
                visit(value)
            case .blockAssignment(let target, let filter, let body, _):
                store(target)
                visit(filter)
                visit(body)
            case .macro(let macro), .generation(let macro): visit(macro)
            case .callBlock(let call, let macro):
                visit(call)
                visit(macro)
            case .filterBlock(let filter, let body, _):
                visit(body)
                visit(filter)
            case .with(let values, let body, _):
                for value in values { store(value.target) }
                for value in values { visit(value.value) }
                visit(body)
            }
        }
    }

    private mutating func visit(_ macro: Statement.Macro) {
        for name in macro.parameters { tracked.remove(name) }
        for value in macro.defaults { visit(value) }
        visit(macro.body)
    }

    /// Calls `found` for every name that an expression reads.
    static func each(in expression: Expression, _ found: (String) -> Void) {
        func each(_ arguments: Arguments) { for value in arguments.expressions { self.each(in: value, found) } }
        switch expression.kind {
        case .constant, .namespaceReference: break
        case .name(let name): found(name)
        case .tuple(let items), .list(let items), .concatenation(let items):
            for item in items { self.each(in: item, found) }
        case .dictionary(let items):
            for item in items {
                self.each(in: item.key, found)
                self.each(in: item.value, found)
            }
        case .not(let operand), .sign(_, let operand), .attribute(let operand, _): self.each(in: operand, found)
        case .binary(_, let left, let right), .and(let left, let right), .or(let left, let right),
            .item(let left, let right):
            self.each(in: left, found)
            self.each(in: right, found)
        case .comparison(let first, let rest):
            self.each(in: first, found)
            for part in rest { self.each(in: part.operand, found) }
        case .conditional(let test, let then, let otherwise):
            self.each(in: test, found)
            self.each(in: then, found)
            if let otherwise { self.each(in: otherwise, found) }
        case .slice(let base, let start, let stop, let step):
            for part in [base, start, stop, step] { if let part { self.each(in: part, found) } }
        case .call(let callee, let arguments):
            self.each(in: callee, found)
            each(arguments)
        case .filter(let input, _, let arguments):
            if let input { self.each(in: input, found) }
            each(arguments)
        case .test(let subject, _, let arguments):
            self.each(in: subject, found)
            each(arguments)
        }
    }

    /// Whether `name` is stored anywhere in a loop, its own targets included.
    static func stores(_ name: String, in loop: Statement.Loop) -> Bool {
        stores(name, in: loop.target) || stores(name, in: loop.body) || stores(name, in: loop.otherwise)
    }

    private static func stores(_ name: String, in target: Target) -> Bool {
        switch target {
        case .name(let stored): stored == name
        case .attribute: false
        case .tuple(let items): items.contains { stores(name, in: $0) }
        }
    }

    private static func stores(_ name: String, in statements: [Statement]) -> Bool {
        statements.contains { statement in
            switch statement.kind {
            case .text, .output, .breakLoop, .continueLoop: false
            case .condition(let branches, let otherwise):
                branches.contains { stores(name, in: $0.body) } || stores(name, in: otherwise)
            case .loop(let loop): stores(name, in: loop)
            case .assignment(let target, _): stores(name, in: target)
            case .blockAssignment(let target, _, let body, _): stores(name, in: target) || stores(name, in: body)
            // Parameters and the targets of `with` are not stores but parameters, and a macro's name is no name node.
            case .macro(let macro), .callBlock(_, let macro), .generation(let macro): stores(name, in: macro.body)
            case .filterBlock(_, let body, _), .with(_, let body, _): stores(name, in: body)
            }
        }
    }
}

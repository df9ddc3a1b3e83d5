/// Renders one template once. A class, because macros and generators reach it while it is at work.
final class Interpreter {
    let limits: TemplateLimits
    let scopes: TemplateScopes
    /// What `render` was given.
    private let variables: [String: Value]
    /// What was written since the last capture began.
    var output: [Unicode.Scalar] = []
    /// Line of the statement or expression at work, for errors.
    var line = 1
    private var steps = 0
    private var memory = 0
    private var depth = 0
    private var outputBytes = 0
    private var objects: [any Discardable] = []

    init(scopes: TemplateScopes, variables: [(key: String, value: TemplateValue)], limits: TemplateLimits)
        throws(TemplateError)
    {
        self.scopes = scopes
        self.limits = limits
        var given: [String: Value] = [:]
        let made = Interpreter(limits: limits, scopes: scopes)
        for (name, value) in variables { given[name] = try made.value(value, depth: 0) }
        self.variables = given
        steps = made.steps
        memory = made.memory
    }

    /// Without variables, to make them.
    private init(limits: TemplateLimits, scopes: TemplateScopes) {
        self.limits = limits
        self.scopes = scopes
        variables = [:]
    }

    func render(_ body: [Statement]) throws(TemplateError) -> String {
        defer { for object in objects { object.discard() } }
        let root = Scope(parent: nil)
        try enter(root, plan: 0)
        defer { root.discard() }
        _ = try execute(body, in: root)
        return Text(output).string
    }

    // MARK: bounds

    /// Counts one step.
    func step() throws(TemplateError) {
        steps += 1
        guard steps <= limits.steps else { throw exceeded("\(limits.steps) steps") }
    }

    /// Counts bytes that are about to be made.
    func spend(bytes: Int) throws(TemplateError) {
        let (total, overflow) = memory.addingReportingOverflow(bytes)
        guard !overflow, total <= limits.memoryBytes else { throw exceeded("\(limits.memoryBytes) bytes of memory") }
        memory = total
        steps += bytes / 64
    }

    /// Goes one level deeper; whoever calls this calls `leave`.
    func enter() throws(TemplateError) {
        guard depth < limits.depth else { throw exceeded("\(limits.depth) levels of nesting") }
        depth += 1
    }

    func leave() { depth -= 1 }

    /// Remembers an object, to take it apart at the end.
    func keep<Object: Discardable>(_ object: Object) throws(TemplateError) -> Object {
        try spend(bytes: 128)
        objects.append(object)
        return object
    }

    // MARK: errors

    func failed(_ reason: String) -> TemplateError { .failed(reason, line: line) }
    func exceeded(_ limit: String) -> TemplateError { .exceeded(limit: limit, line: line) }
    func notEvaluated(_ construct: String) -> TemplateError { .notEvaluated(construct: construct, line: line) }

    // MARK: output

    func write(_ text: [Unicode.Scalar]) throws(TemplateError) {
        try spend(bytes: text.count * 4)
        var bytes = 0
        for scalar in text { bytes += UTF8.width(scalar) }
        outputBytes += bytes
        guard outputBytes <= limits.outputBytes else { throw exceeded("\(limits.outputBytes) bytes of output") }
        output += text
    }

    /// What `body` writes, kept out of the output.
    func capture(_ body: () throws(TemplateError) -> Void) throws(TemplateError) -> Text {
        let outer = output
        let outerBytes = outputBytes
        output = []
        defer {
            output = outer
            outputBytes = outerBytes
        }
        try body()
        return Text(output)
    }

    // MARK: names

    func lookup(_ name: String, in scope: Scope) -> Value {
        var next: Scope? = scope
        while let current = next {
            if let slot = current.slots[name] { return slot.value ?? .undefined("'\(name)' is undefined") }
            next = current.parent
        }
        return resolve(name) ?? .undefined("'\(name)' is undefined")
    }

    private func resolve(_ name: String) -> Value? {
        if let value = variables[name] { return value }
        return Value.Function(rawValue: name).map { .function($0) }
    }

    /// Gives the names of a scope what they start out with. A loop does this again in every round.
    func enter(_ scope: Scope, plan: Int) throws(TemplateError) {
        for (name, load) in scopes.plans[plan].loads {
            try step()
            switch load {
            case .parameter: if scope.slots[name] == nil { scope.slots[name] = Scope.Slot() }
            case .resolved: scope.slots[name] = Scope.Slot(value: resolve(name))
            case .missing: scope.slots[name] = Scope.Slot()
            case .alias:
                var next = scope.parent
                while let current = next, current.slots[name] == nil { next = current.parent }
                scope.slots[name] = next?.slots[name] ?? Scope.Slot()
            }
        }
    }
}

extension UTF8 {
    fileprivate static func width(_ scalar: Unicode.Scalar) -> Int {
        scalar.value < 0x80 ? 1 : scalar.value < 0x800 ? 2 : scalar.value < 0x10000 ? 3 : 4
    }
}

/// A value while a template runs: what Python would hold.
enum Value {
    /// With what Jinja says when something is asked of it.
    case undefined(String)
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(Text)
    /// Text marked as safe, markupsafe's `Markup`.
    case markup(Text)
    case list(Items)
    case tuple(Items)
    case mapping(Mapping)
    indirect case range(PythonRange)
    case view(Mapping, View)
    case iterator(Iteration)
    case namespace(Namespace)
    case macro(MacroValue)
    case function(Function)
    indirect case method(Value, String)
    case loop(LoopState)
    case cycler(Cycler)
    case joiner(Joiner)

    /// `dict.keys()`, `dict.values()`, `dict.items()`.
    enum View: String { case keys, values, items }

    /// The functions that a template finds without being given them.
    enum Function: String, CaseIterable {
        case range, dict, namespace, cycler, joiner, lipsum
        case raiseException = "raise_exception"
        case strftimeNow = "strftime_now"
    }

    /// Containers inside one another, this value included.
    var depth: Int {
        switch self {
        case .list(let items), .tuple(let items): items.depth
        case .mapping(let mapping), .view(let mapping, _): mapping.depth
        case .method(let value, _): 1 + value.depth
        default: 0
        }
    }

    /// Python's name of the type.
    var type: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .boolean: "bool"
        case .integer: "int"
        case .number: "float"
        case .text: "str"
        case .markup: "Markup"
        case .list: "list"
        case .tuple: "tuple"
        case .mapping: "dict"
        case .range: "range"
        case .view(_, let view): "dict_\(view.rawValue)"
        case .iterator: "generator"
        case .namespace: "Namespace"
        case .macro: "Macro"
        case .function, .method: "function"
        case .loop: "LoopContext"
        case .cycler: "Cycler"
        case .joiner: "Joiner"
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// A Boolean counts as a whole number, as in Python.
    var wholeNumber: Int? {
        switch self {
        case .integer(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The text of a string, safe or not.
    var string: Text? {
        switch self {
        case .text(let text), .markup(let text): text
        default: nil
        }
    }
}

/// The items of a list or a tuple.
struct Items {
    let values: [Value]
    let depth: Int
}

/// A Python dict: members in the order in which they were made.
final class Mapping {
    private(set) var keys: [Value] = []
    private(set) var values: [Value] = []
    private(set) var depth = 1
    private var positions: [MappingKey: Int] = [:]

    init(_ members: [(key: Value, hash: MappingKey, value: Value)]) {
        for member in members {
            depth = max(depth, 1 + max(member.key.depth, member.value.depth))
            if let position = positions[member.hash] {
                values[position] = member.value
            } else {
                positions[member.hash] = keys.count
                keys.append(member.key)
                values.append(member.value)
            }
        }
    }

    var count: Int { keys.count }
    subscript(key: MappingKey) -> Value? { positions[key].map { values[$0] } }
    subscript(key: String) -> Value? { self[.text(Text(key))] }
}

/// What Python's hashing tells apart: `1`, `1.0` and `True` are one key.
indirect enum MappingKey: Hashable {
    case undefined
    case none
    case integer(Int)
    case number(Double)
    case text(Text)
    case tuple([MappingKey])
    case range(PythonRange)

    init?(_ value: Value) {
        switch value {
        case .undefined: self = .undefined
        case .none: self = .none
        case .boolean(let value): self = .integer(value ? 1 : 0)
        case .integer(let value): self = .integer(value)
        case .number(let value):
            if let whole = Int(exactly: value) { self = .integer(whole) } else { self = .number(value) }
        case .text(let text), .markup(let text): self = .text(text)
        case .tuple(let items):
            var keys: [MappingKey] = []
            for item in items.values {
                guard let key = MappingKey(item) else { return nil }
                keys.append(key)
            }
            self = .tuple(keys)
        case .range(let range): self = .range(range)
        default: return nil
        }
    }
}

/// Python's `range`, whose numbers are never written out.
struct PythonRange: Hashable {
    let start: Int
    let stop: Int
    let step: Int
    /// How many numbers; the interpreter allows 100 000.
    let count: Int

    /// Nil where the numbers do not fit.
    init?(start: Int, stop: Int, step: Int) {
        self.start = start
        self.stop = stop
        self.step = step
        let (span, overflow) =
            step > 0 ? stop.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(stop)
        guard !overflow, step != .min, step != 0 else { return nil }
        let size = abs(step)
        count = span <= 0 ? 0 : (span - 1) / size + 1
    }

    subscript(index: Int) -> Int { start + index * step }
}

/// Something that the interpreter takes apart at its end, so that no chain of objects is released recursively.
protocol Discardable: AnyObject { func discard() }

/// A Python generator: its values are made when asked for, once.
final class Iteration: Discardable {
    private var produce: (() throws(TemplateError) -> Value?)?
    init(_ produce: @escaping () throws(TemplateError) -> Value?) { self.produce = produce }

    func next() throws(TemplateError) -> Value? {
        guard let value = try produce?() else {
            produce = nil
            return nil
        }
        return value
    }

    func discard() { produce = nil }
}

/// Jinja's `namespace()`.
final class Namespace: Discardable {
    var attributes: [(name: Text, value: Value)] = []

    subscript(name: Text) -> Value? {
        get { attributes.first { $0.name == name }?.value }
        set {
            guard let newValue else { return }
            if let index = attributes.firstIndex(where: { $0.name == name }) {
                attributes[index].value = newValue
            } else {
                attributes.append((name, newValue))
            }
        }
    }

    func discard() { attributes = [] }
}

/// A macro with the scope in which it was defined.
final class MacroValue: Discardable {
    let definition: Statement.Macro
    private(set) var scope: Scope?

    init(_ definition: Statement.Macro, in scope: Scope) {
        self.definition = definition
        self.scope = scope
    }

    func discard() { scope = nil }
}

/// The names of one run of a scope. A macro refers to it, so it has identity.
final class Scope: Discardable {
    /// Each name that the scope's plan knows; a slot may be without a value.
    var slots: [String: Slot] = [:]
    let parent: Scope?
    struct Slot { var value: Value? }

    init(parent: Scope?) { self.parent = parent }
    func discard() { slots = [:] }
}

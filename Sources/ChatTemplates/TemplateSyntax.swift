/// An expression of a template.
struct Expression: Sendable {
    indirect enum Kind: Sendable {
        case constant(Constant)
        case name(String)
        case tuple([Expression])
        case list([Expression])
        case dictionary([(key: Expression, value: Expression)])
        case not(Expression)
        case sign(negative: Bool, Expression)
        case binary(String, Expression, Expression)
        case concatenation([Expression])
        case comparison(Expression, [(operation: String, operand: Expression)])
        case and(Expression, Expression)
        case or(Expression, Expression)
        case conditional(test: Expression, then: Expression, otherwise: Expression?)
        case attribute(Expression, String)
        case item(Expression, Expression)
        case slice(Expression, start: Expression?, stop: Expression?, step: Expression?)
        case call(Expression, Arguments)
        /// A filter; without an input it takes the text of the block around it.
        case filter(Expression?, name: String, Arguments)
        case test(Expression, name: String, Arguments)
        /// `name.attribute` where something is assigned.
        case namespaceReference(String, String)
    }
    let kind: Kind
    let line: Int
    /// How many expressions stand inside one another, this one included.
    let depth: Int
}

/// A literal.
enum Constant: Sendable {
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(Text)
}

/// The arguments of a call, a filter or a test, in the order in which Python evaluates them.
struct Arguments: Sendable {
    var positional: [Expression] = []
    var keywords: [(name: String, value: Expression)] = []
    var spread: Expression?
    var keywordSpread: Expression?

    var expressions: [Expression] {
        positional + (spread.map { [$0] } ?? []) + keywords.map(\.value) + (keywordSpread.map { [$0] } ?? [])
    }
}

/// What an assignment or a loop stores into.
indirect enum Target: Sendable {
    case name(String)
    case attribute(namespace: String, name: String)
    case tuple([Target])
}

/// A statement of a template.
struct Statement: Sendable {
    indirect enum Kind: Sendable {
        case text(Text)
        case output(Expression)
        case condition([(test: Expression, body: [Statement])], otherwise: [Statement])
        case loop(Loop)
        case assignment(Target, Expression)
        case blockAssignment(Target, filter: Expression?, body: [Statement], scope: Int)
        case macro(Macro)
        case callBlock(Expression, Macro)
        /// `{% generation %}`: the body, rendered as a macro of its own.
        case generation(Macro)
        case filterBlock(Expression, body: [Statement], scope: Int)
        case with([(target: Target, value: Expression)], body: [Statement], scope: Int)
        case breakLoop
        case continueLoop
    }
    let kind: Kind
    let line: Int

    /// `{% for %}`. Every scope number names one plan of `TemplateScopes`.
    struct Loop: Sendable {
        let target: Target
        let sequence: Expression
        let test: Expression?
        let isRecursive: Bool
        let body: [Statement]
        let otherwise: [Statement]
        let scope: Int
        var testScope: Int { scope + 1 }
        var otherwiseScope: Int { scope + 2 }
    }

    /// The definition of a macro or of the block that a macro is called with (which has no name).
    struct Macro: Sendable {
        let name: String?
        let parameters: [String]
        /// Defaults of the last parameters.
        let defaults: [Expression]
        let body: [Statement]
        let scope: Int
    }
}

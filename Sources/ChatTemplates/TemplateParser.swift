/// Parses tokens as jinja2's parser does, with the extensions that transformers loads.
struct TemplateParser {
    let tokens: [TemplateToken]
    let limits: TemplateLimits
    var position = 0
    /// Blocks and expressions open around the current token.
    var depth = 0
    /// Loops open in the innermost macro.
    var loops = 0
    /// Scopes numbered so far; number 0 is the template's own.
    var scopes = 1

    /// The statements of a whole template and the number of its scopes.
    static func parse(
        _ source: String, limits: TemplateLimits
    ) throws(TemplateError) -> (body: [Statement], scopes: Int) {
        var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source), limits: limits)
        return (try parser.statements(until: []), parser.scopes)
    }

    init(tokens: [TemplateToken], limits: TemplateLimits) {
        self.tokens = tokens
        self.limits = limits
    }

    var current: TemplateToken { tokens[position] }
    var line: Int { current.line }
    var following: TemplateToken { tokens[min(position + 1, tokens.count - 1)] }

    mutating func advance() { if position < tokens.count - 1 { position += 1 } }
    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }
    func isName(_ name: String) -> Bool { current.kind == .name(name) }

    mutating func skip(symbol: String) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard isName(name) else { return false }
        advance()
        return true
    }

    mutating func expect(_ kind: TemplateToken.Kind) throws(TemplateError) {
        guard current.kind == kind else {
            let wanted = TemplateToken(kind: kind, line: line).shown
            throw .malformed("expected \(wanted), got \(current.shown)", line: line)
        }
        advance()
    }

    mutating func expectName() throws(TemplateError) -> String {
        guard case .name(let name) = current.kind else {
            throw .malformed("expected a name, got \(current.shown)", line: line)
        }
        advance()
        return name
    }

    /// Counts one more level of nesting; whoever calls this takes it back.
    mutating func enter() throws(TemplateError) {
        // A level of parentheses takes some fourteen calls of the parser.
        let limit = limits.depth / 4
        guard depth < limit else { throw .exceeded(limit: "\(limit) levels of nesting", line: line) }
        depth += 1
    }

    /// An expression node, no deeper than the limit allows.
    func node(
        _ kind: Expression.Kind, line: Int, over children: [Expression] = []
    ) throws(TemplateError) -> Expression {
        let depth = 1 + (children.map(\.depth).max() ?? 0)
        guard depth <= limits.depth else {
            throw .exceeded(limit: "\(limits.depth) levels of nesting", line: line)
        }
        return Expression(kind: kind, line: line, depth: depth)
    }

    /// Numbers `count` scopes that belong together.
    mutating func newScope(_ count: Int = 1) -> Int {
        defer { scopes += count }
        return scopes
    }
}

extension TemplateParser {
    /// What a tuple of targets may hold.
    enum TargetKind { case name, nameOrNamespace }

    mutating func expression(allowsCondition: Bool = true) throws(TemplateError) -> Expression {
        try enter()
        defer { depth -= 1 }
        return allowsCondition ? try conditional() : try disjunction()
    }

    private mutating func conditional() throws(TemplateError) -> Expression {
        let start = line
        var result = try disjunction()
        while skip(name: "if") {
            let test = try disjunction()
            var otherwise: Expression?
            if skip(name: "else") { otherwise = try expression() }
            let parts = [test, result] + (otherwise.map { [$0] } ?? [])
            result = try node(.conditional(test: test, then: result, otherwise: otherwise), line: start, over: parts)
        }
        return result
    }

    private mutating func disjunction() throws(TemplateError) -> Expression {
        let start = line
        var left = try conjunction()
        while skip(name: "or") {
            let right = try conjunction()
            left = try node(.or(left, right), line: start, over: [left, right])
        }
        return left
    }

    private mutating func conjunction() throws(TemplateError) -> Expression {
        let start = line
        var left = try negation()
        while skip(name: "and") {
            let right = try negation()
            left = try node(.and(left, right), line: start, over: [left, right])
        }
        return left
    }

    private mutating func negation() throws(TemplateError) -> Expression {
        guard isName("not") else { return try comparison() }
        let start = line
        advance()
        try enter()
        defer { depth -= 1 }
        let operand = try negation()
        return try node(.not(operand), line: start, over: [operand])
    }

    private mutating func comparison() throws(TemplateError) -> Expression {
        let start = line
        let first = try sum()
        var rest: [(operation: String, operand: Expression)] = []
        while true {
            if case .symbol(let symbol) = current.kind, ["==", "!=", "<", "<=", ">", ">="].contains(symbol) {
                advance()
                rest.append((symbol, try sum()))
            } else if skip(name: "in") {
                rest.append(("in", try sum()))
            } else if isName("not"), following.kind == .name("in") {
                advance()
                advance()
                rest.append(("not in", try sum()))
            } else {
                break
            }
        }
        guard !rest.isEmpty else { return first }
        return try node(.comparison(first, rest), line: start, over: [first] + rest.map(\.operand))
    }

    private mutating func sum() throws(TemplateError) -> Expression {
        let start = line
        var left = try concatenation()
        while case .symbol(let symbol) = current.kind, symbol == "+" || symbol == "-" {
            advance()
            let right = try concatenation()
            left = try node(.binary(symbol, left, right), line: start, over: [left, right])
        }
        return left
    }

    private mutating func concatenation() throws(TemplateError) -> Expression {
        let start = line
        var parts = [try product()]
        while skip(symbol: "~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try node(.concatenation(parts), line: start, over: parts)
    }

    private mutating func product() throws(TemplateError) -> Expression {
        let start = line
        var left = try power()
        while case .symbol(let symbol) = current.kind, ["*", "/", "//", "%"].contains(symbol) {
            advance()
            let right = try power()
            left = try node(.binary(symbol, left, right), line: start, over: [left, right])
        }
        return left
    }

    private mutating func power() throws(TemplateError) -> Expression {
        let start = line
        var left = try unary()
        while skip(symbol: "**") {
            let right = try unary()
            left = try node(.binary("**", left, right), line: start, over: [left, right])
        }
        return left
    }

    private mutating func unary(takesFilters: Bool = true) throws(TemplateError) -> Expression {
        let start = line
        var result: Expression
        if isSymbol("-") || isSymbol("+") {
            let isNegative = isSymbol("-")
            advance()
            try enter()
            defer { depth -= 1 }
            let operand = try unary(takesFilters: false)
            result = try node(.sign(negative: isNegative, operand), line: start, over: [operand])
        } else {
            result = try primary()
        }
        result = try postfix(result)
        return takesFilters ? try filtersAndTests(result) : result
    }

    /// A name or a literal, or `namespace.attribute` where that is assigned to.
    mutating func primary(allowsNamespace: Bool = false) throws(TemplateError) -> Expression {
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return try node(.constant(.boolean(true)), line: token.line)
            case "false", "False": return try node(.constant(.boolean(false)), line: token.line)
            case "none", "None": return try node(.constant(.none), line: token.line)
            default: break
            }
            guard allowsNamespace, skip(symbol: ".") else { return try node(.name(name), line: token.line) }
            return try node(.namespaceReference(name, try expectName()), line: token.line)
        case .string:
            var text: [Unicode.Scalar] = []
            while case .string(let part) = current.kind {
                text += part.scalars
                advance()
            }
            return try node(.constant(.string(Text(text))), line: token.line)
        case .integer(let value):
            advance()
            return try node(.constant(.integer(value)), line: token.line)
        case .number(let value):
            advance()
            return try node(.constant(.number(value)), line: token.line)
        case .symbol("("):
            advance()
            let result = try tuple(isInParentheses: true)
            try expect(.symbol(")"))
            return result
        case .symbol("["): return try list()
        case .symbol("{"): return try dictionary()
        default: throw .malformed("unexpected \(token.shown)", line: token.line)
        }
    }

    /// One expression, or a tuple where a comma follows. `end` is a name that also ends it.
    mutating func tuple(
        allowsCondition: Bool = true, target: TargetKind? = nil, isInParentheses: Bool = false, end: String? = nil
    ) throws(TemplateError) -> Expression {
        let start = line
        var items: [Expression] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(.symbol(",")) }
            let isEnd = current.kind == .variableEnd || current.kind == .blockEnd || isSymbol(")")
            if isEnd || end.map({ isName($0) }) == true { break }
            if let target {
                items.append(try primary(allowsNamespace: target == .nameOrNamespace))
            } else {
                items.append(try expression(allowsCondition: allowsCondition))
            }
            guard isSymbol(",") else { break }
            isTuple = true
        }
        if !isTuple {
            if let only = items.first { return only }
            guard isInParentheses else {
                throw .malformed("expected an expression, got \(current.shown)", line: line)
            }
        }
        return try node(.tuple(items), line: start, over: items)
    }

    private mutating func list() throws(TemplateError) -> Expression {
        let start = line
        advance()
        var items: [Expression] = []
        while !isSymbol("]") {
            if !items.isEmpty { try expect(.symbol(",")) }
            if isSymbol("]") { break }
            items.append(try expression())
        }
        advance()
        return try node(.list(items), line: start, over: items)
    }

    private mutating func dictionary() throws(TemplateError) -> Expression {
        let start = line
        advance()
        var items: [(key: Expression, value: Expression)] = []
        while !isSymbol("}") {
            if !items.isEmpty { try expect(.symbol(",")) }
            if isSymbol("}") { break }
            let key = try expression()
            try expect(.symbol(":"))
            items.append((key, try expression()))
        }
        advance()
        return try node(.dictionary(items), line: start, over: items.flatMap { [$0.key, $0.value] })
    }
}

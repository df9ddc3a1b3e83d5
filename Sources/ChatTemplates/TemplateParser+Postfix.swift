extension TemplateParser {
    /// `.name`, `[item]` and `(arguments)` after an expression.
    mutating func postfix(_ start: Expression) throws(TemplateError) -> Expression {
        var result = start
        while case .symbol(let symbol) = current.kind {
            switch symbol {
            case ".", "[": result = try subscripted(result)
            case "(": result = try called(result)
            default: return result
            }
        }
        return result
    }

    /// `|filter`, `is test` and `(arguments)` after an expression.
    mutating func filtersAndTests(_ start: Expression) throws(TemplateError) -> Expression {
        var result = start
        while true {
            if isSymbol("|") {
                result = try filters(over: result) ?? result
            } else if isName("is") {
                result = try test(result)
            } else if isSymbol("(") {
                result = try called(result)
            } else {
                return result
            }
        }
    }

    private mutating func subscripted(_ base: Expression) throws(TemplateError) -> Expression {
        let start = line
        if skip(symbol: ".") {
            let token = current
            advance()
            switch token.kind {
            case .name(let name): return try node(.attribute(base, name), line: start, over: [base])
            case .integer(let index):
                let item = try node(.constant(.integer(index)), line: token.line)
                return try node(.item(base, item), line: start, over: [base])
            default: throw .malformed("expected name or number, got \(token.shown)", line: token.line)
            }
        }
        advance()
        var items: [Expression] = []
        var slices = 0
        while !isSymbol("]") {
            if !items.isEmpty { try expect(.symbol(",")) }
            let (item, isSlice) = try element(of: base)
            if isSlice { slices += 1 }
            items.append(item)
        }
        advance()
        if items.count == 1, slices == 1 { return items[0] }
        guard slices == 0 else { throw .malformed("a slice beside other subscripts", line: start) }
        let item = items.count == 1 ? items[0] : try node(.tuple(items), line: start, over: items)
        return try node(.item(base, item), line: start, over: [base, item])
    }

    /// One subscript: an expression, or the slice of `base` that it names.
    private mutating func element(of base: Expression) throws(TemplateError) -> (Expression, isSlice: Bool) {
        let start = line
        var bounds: [Expression?] = []
        func isBoundary() -> Bool { isSymbol(":") || isSymbol("]") || isSymbol(",") }
        if isSymbol(":") {
            bounds.append(nil)
        } else {
            let first = try expression()
            guard isSymbol(":") else { return (first, false) }
            bounds.append(first)
        }
        advance()
        bounds.append(isBoundary() ? nil : try expression())
        if skip(symbol: ":") {
            bounds.append(isSymbol("]") || isSymbol(",") ? nil : try expression())
        } else {
            bounds.append(nil)
        }
        let slice = Expression.Kind.slice(base, start: bounds[0], stop: bounds[1], step: bounds[2])
        return (try node(slice, line: start, over: [base] + bounds.compactMap { $0 }), true)
    }

    private mutating func called(_ callee: Expression) throws(TemplateError) -> Expression {
        let start = line
        let arguments = try arguments()
        return try node(.call(callee, arguments), line: start, over: [callee] + arguments.expressions)
    }

    private mutating func arguments() throws(TemplateError) -> Arguments {
        let start = line
        var result = Arguments()
        func require(_ holds: Bool) throws(TemplateError) {
            guard holds else { throw .malformed("invalid syntax for function call expression", line: start) }
        }
        try expect(.symbol("("))
        var needsComma = false
        while !isSymbol(")") {
            if needsComma {
                try expect(.symbol(","))
                if isSymbol(")") { break }
            }
            if skip(symbol: "*") {
                try require(result.spread == nil && result.keywordSpread == nil)
                result.spread = try expression()
            } else if skip(symbol: "**") {
                try require(result.keywordSpread == nil)
                result.keywordSpread = try expression()
            } else if case .name(let name) = current.kind, following.kind == .symbol("=") {
                try require(result.keywordSpread == nil)
                advance()
                advance()
                guard !result.keywords.contains(where: { $0.name == name }) else {
                    throw .malformed("keyword argument repeated: \(name)", line: line)
                }
                guard result.keywords.count < 256 else { throw .exceeded(limit: "256 keyword arguments", line: line) }
                result.keywords.append((name, try expression()))
            } else {
                try require(result.spread == nil && result.keywordSpread == nil && result.keywords.isEmpty)
                result.positional.append(try expression())
            }
            needsComma = true
        }
        advance()
        return result
    }

    /// The filters after `|`; with `startsInline` the first needs none. Over nil they take a block's text.
    mutating func filters(
        over input: Expression?, startsInline: Bool = false
    ) throws(TemplateError) -> Expression? {
        var result = input
        var isFirstInline = startsInline
        while isFirstInline || isSymbol("|") {
            if !isFirstInline { advance() }
            isFirstInline = false
            let start = line
            let name = try dottedName()
            guard TemplateFilters.names.contains(name) else {
                throw .notEvaluated(construct: "filter '\(name)'", line: start)
            }
            let arguments = isSymbol("(") ? try arguments() : Arguments()
            let parts = (result.map { [$0] } ?? []) + arguments.expressions
            result = try node(.filter(result, name: name, arguments), line: start, over: parts)
        }
        return result
    }

    private mutating func dottedName() throws(TemplateError) -> String {
        var name = try expectName()
        while skip(symbol: ".") { name += "." + (try expectName()) }
        return name
    }

    private mutating func test(_ subject: Expression) throws(TemplateError) -> Expression {
        let start = line
        advance()
        let isNegated = skip(name: "not")
        let name = try dottedName()
        guard TemplateTests.names.contains(name) else {
            throw .notEvaluated(construct: "test '\(name)'", line: start)
        }
        var given = Arguments()
        if isSymbol("(") {
            given = try arguments()
        } else if startsTestArgument {
            guard !isName("is") else { throw .malformed("tests cannot be chained with is", line: line) }
            try enter()
            defer { depth -= 1 }
            given.positional = [try postfix(try primary())]
        }
        let result = try node(.test(subject, name: name, given), line: start, over: [subject] + given.expressions)
        return isNegated ? try node(.not(result), line: start, over: [result]) : result
    }

    private var startsTestArgument: Bool {
        switch current.kind {
        case .name(let name): !["else", "or", "and"].contains(name)
        case .string, .integer, .number, .symbol("["), .symbol("{"): true
        default: false
        }
    }
}

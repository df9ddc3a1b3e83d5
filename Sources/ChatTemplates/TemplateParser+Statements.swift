extension TemplateParser {
    /// Statements up to a tag named in `ends`, which stays the current token; without any, up to the template's end.
    mutating func statements(until ends: [String]) throws(TemplateError) -> [Statement] {
        try enter()
        defer { depth -= 1 }
        var result: [Statement] = []
        while true {
            let start = line
            switch current.kind {
            case .end:
                guard ends.isEmpty else {
                    throw .malformed(
                        "unexpected end of template, expected '\(ends.joined(separator: "' or '"))'", line: line)
                }
                return result
            case .data(let text):
                advance()
                result.append(Statement(kind: .text(text), line: start))
            case .variableBegin:
                advance()
                let value = try tuple()
                try expect(.variableEnd)
                result.append(Statement(kind: .output(value), line: start))
            case .blockBegin:
                advance()
                if case .name(let name) = current.kind, ends.contains(name) { return result }
                result += try statement()
                try expect(.blockEnd)
            default: throw .malformed("unexpected \(current.shown)", line: line)
            }
        }
    }

    /// The body of a tag after its own words, up to one of `ends`.
    private mutating func body(until ends: [String]) throws(TemplateError) -> [Statement] {
        _ = skip(symbol: ":")
        try expect(.blockEnd)
        return try statements(until: ends)
    }

    /// The body of a tag up to `end`, which is read too.
    private mutating func body(closedBy end: String) throws(TemplateError) -> [Statement] {
        let result = try body(until: [end])
        advance()
        return result
    }

    private mutating func statement() throws(TemplateError) -> [Statement] {
        let start = line
        let name = try expectName()
        let kind: Statement.Kind
        switch name {
        case "for": kind = try loop()
        case "if": kind = try condition()
        case "set": kind = try assignment()
        case "macro":
            let name = try expectName()
            kind = .macro(try macro(named: name, parameters: try signature(), end: "endmacro"))
        case "call":
            let parameters = isSymbol("(") ? try signature() : ([], [])
            let call = try expression()
            guard case .call = call.kind else { throw .malformed("expected call", line: start) }
            kind = .callBlock(call, try macro(named: nil, parameters: parameters, end: "endcall"))
        case "generation": kind = .generation(try macro(named: nil, parameters: ([], []), end: "endgeneration"))
        case "filter":
            guard let filter = try filters(over: nil, startsInline: true) else { return [] }
            let scope = newScope()
            kind = .filterBlock(filter, body: try body(closedBy: "endfilter"), scope: scope)
        case "with": kind = try with()
        case "print": return try prints(line: start)
        case "break", "continue":
            guard loops > 0 else { throw .malformed("'\(name)' outside loop", line: start) }
            kind = name == "break" ? .breakLoop : .continueLoop
        case let name where name.hasPrefix("end") || name == "else" || name == "elif":
            throw .malformed("unexpected tag '\(name)'", line: start)
        default: throw .notEvaluated(construct: "tag '\(name)'", line: start)
        }
        return [Statement(kind: kind, line: start)]
    }

    private mutating func prints(line start: Int) throws(TemplateError) -> [Statement] {
        var result: [Statement] = []
        while current.kind != .blockEnd {
            if !result.isEmpty { try expect(.symbol(",")) }
            result.append(Statement(kind: .output(try expression()), line: start))
        }
        return result
    }

    private mutating func loop() throws(TemplateError) -> Statement.Kind {
        let target = try target(.name, end: "in")
        try expect(.name("in"))
        let sequence = try tuple(allowsCondition: false, end: "recursive")
        let test = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        let scope = newScope(3)
        let outer = loops
        loops = isRecursive ? 1 : outer + 1
        let inner = try body(until: ["endfor", "else"])
        loops = isRecursive ? 0 : outer
        var otherwise: [Statement] = []
        if isName("else") {
            advance()
            otherwise = try body(until: ["endfor"])
        }
        advance()
        loops = outer
        return .loop(
            Statement.Loop(
                target: target, sequence: sequence, test: test, isRecursive: isRecursive, body: inner,
                otherwise: otherwise, scope: scope))
    }

    private mutating func condition() throws(TemplateError) -> Statement.Kind {
        var branches: [(test: Expression, body: [Statement])] = []
        while true {
            let test = try tuple(allowsCondition: false)
            branches.append((test, try body(until: ["elif", "else", "endif"])))
            if skip(name: "elif") { continue }
            var otherwise: [Statement] = []
            if skip(name: "else") {
                otherwise = try body(closedBy: "endif")
            } else {
                advance()
            }
            return .condition(branches, otherwise: otherwise)
        }
    }

    private mutating func assignment() throws(TemplateError) -> Statement.Kind {
        let target = try target(.nameOrNamespace)
        if skip(symbol: "=") { return .assignment(target, try tuple()) }
        let filter = try filters(over: nil)
        let scope = newScope()
        return .blockAssignment(target, filter: filter, body: try body(closedBy: "endset"), scope: scope)
    }

    private mutating func with() throws(TemplateError) -> Statement.Kind {
        var values: [(target: Target, value: Expression)] = []
        while current.kind != .blockEnd {
            if !values.isEmpty { try expect(.symbol(",")) }
            let target = try target(.name)
            try expect(.symbol("="))
            values.append((target, try expression()))
        }
        let scope = newScope()
        return .with(values, body: try body(closedBy: "endwith"), scope: scope)
    }

    private mutating func signature() throws(TemplateError) -> (names: [String], defaults: [Expression]) {
        var names: [String] = []
        var defaults: [Expression] = []
        try expect(.symbol("("))
        while !isSymbol(")") {
            if !names.isEmpty { try expect(.symbol(",")) }
            let name = try targetName()
            if skip(symbol: "=") {
                defaults.append(try expression())
            } else if !defaults.isEmpty {
                throw .malformed("non-default argument follows default argument", line: line)
            }
            guard names.count < 256 else { throw .exceeded(limit: "256 parameters", line: line) }
            guard !names.contains(name) else { throw .malformed("duplicate argument '\(name)'", line: line) }
            names.append(name)
        }
        advance()
        return (names, defaults)
    }

    private mutating func macro(
        named name: String?, parameters: (names: [String], defaults: [Expression]), end: String
    ) throws(TemplateError) -> Statement.Macro {
        if let name { try check(targetName: name) }
        let scope = newScope()
        let outer = loops
        loops = 0
        defer { loops = outer }
        let inner = try body(closedBy: end)
        return Statement.Macro(
            name: name, parameters: parameters.names, defaults: parameters.defaults, body: inner, scope: scope)
    }

    private mutating func targetName() throws(TemplateError) -> String {
        let name = try expectName()
        try check(targetName: name)
        return name
    }

    private func check(targetName name: String) throws(TemplateError) {
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw .malformed("can't assign to '\(name)'", line: line)
        }
    }

    private mutating func target(_ kind: TargetKind, end: String? = nil) throws(TemplateError) -> Target {
        try target(from: try tuple(target: kind, end: end))
    }

    private func target(from expression: Expression) throws(TemplateError) -> Target {
        switch expression.kind {
        case .name(let name): return .name(name)
        case .namespaceReference(let name, let attribute): return .attribute(namespace: name, name: attribute)
        case .tuple(let items):
            var targets: [Target] = []
            for item in items { targets.append(try target(from: item)) }
            return .tuple(targets)
        default: throw .malformed("can't assign to this expression", line: expression.line)
        }
    }
}

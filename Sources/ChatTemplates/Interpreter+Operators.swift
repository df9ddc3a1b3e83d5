#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Python's arithmetic. Whole numbers have 64 bits here: what would need more exceeds a limit.
extension Interpreter {
    func signed(_ value: Value, isNegative: Bool) throws(TemplateError) -> Value {
        if let whole = value.wholeNumber {
            guard isNegative else { return .integer(whole) }
            return .integer(try checked(Int(0).subtractingReportingOverflow(whole)))
        }
        if case .number(let number) = value { return .number(isNegative ? -number : number) }
        if case .undefined(let hint) = value { throw failed(hint) }
        throw failed("bad operand type for unary \(isNegative ? "-" : "+"): '\(value.type)'")
    }

    func binary(_ operation: String, _ left: Value, _ right: Value) throws(TemplateError) -> Value {
        if operation == "%", case .text(let format) = left { return try formatted(format, right) }
        for value in [left, right] { if case .undefined(let hint) = value { throw failed(hint) } }
        if let a = left.wholeNumber, let b = right.wholeNumber { return try whole(operation, a, b) }
        if let a = decimal(left), let b = decimal(right) { return .number(try float(operation, a, b)) }
        switch (operation, left, right) {
        case ("+", .text(let a), .text(let b)):
            try spend(bytes: 32 + a.bytes + b.bytes)
            return .text(Text(a.scalars + b.scalars))
        case ("+", .list(let a), .list(let b)):
            try spend(bytes: (a.values.count + b.values.count) * 24)
            return try list(a.values + b.values)
        case ("+", .tuple(let a), .tuple(let b)):
            try spend(bytes: (a.values.count + b.values.count) * 24)
            return try tuple(a.values + b.values)
        case ("*", let sequence, let count) where count.wholeNumber != nil:
            if let result = try repeated(sequence, count.wholeNumber ?? 0) { return result }
        case ("*", let count, let sequence) where count.wholeNumber != nil:
            if let result = try repeated(sequence, count.wholeNumber ?? 0) { return result }
        default: break
        }
        for value in [left, right] {
            if case .markup = value { throw notEvaluated("operator '\(operation)' on safe text") }
            if case .view = value { throw notEvaluated("operator '\(operation)' on \(value.type)") }
            if case .mapping = left, case .mapping = right, operation == "|" { break }
        }
        throw failed("unsupported operand type(s) for \(operation): '\(left.type)' and '\(right.type)'")
    }

    /// The value as a float, where Python would take it for one.
    func decimal(_ value: Value) -> Double? {
        if case .number(let number) = value { return number }
        return value.wholeNumber.map { Double($0) }
    }

    private func checked(_ result: (partialValue: Int, overflow: Bool)) throws(TemplateError) -> Int {
        guard !result.overflow else { throw exceeded("64 bits of a whole number") }
        return result.partialValue
    }

    private func whole(_ operation: String, _ a: Int, _ b: Int) throws(TemplateError) -> Value {
        switch operation {
        case "+": return .integer(try checked(a.addingReportingOverflow(b)))
        case "-": return .integer(try checked(a.subtractingReportingOverflow(b)))
        case "*": return .integer(try checked(a.multipliedReportingOverflow(by: b)))
        case "/":
            guard b != 0 else { throw failed("division by zero") }
            guard max(a.magnitude, b.magnitude) <= 1 << 53 else { throw exceeded("53 bits of a quotient") }
            return .number(Double(a) / Double(b))
        case "//":
            guard b != 0 else { throw failed("integer division or modulo by zero") }
            let quotient = try checked(a.dividedReportingOverflow(by: b))
            return .integer(a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient)
        case "%":
            guard b != 0 else { throw failed("integer modulo by zero") }
            guard b != -1 else { return .integer(0) }
            let rest = a % b
            return .integer(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
        default: return try power(a, b)
        }
    }

    private func power(_ base: Int, _ exponent: Int) throws(TemplateError) -> Value {
        guard exponent >= 0 else {
            guard base != 0 else { throw failed("0.0 cannot be raised to a negative power") }
            return .number(pow(Double(base), Double(exponent)))
        }
        if base == 0 || base == 1 { return .integer(exponent == 0 ? 1 : base) }
        if base == -1 { return .integer(exponent % 2 == 0 ? 1 : -1) }
        guard exponent < 64 else { throw exceeded("64 bits of a whole number") }
        var result = 1
        for _ in 0..<exponent { result = try checked(result.multipliedReportingOverflow(by: base)) }
        return .integer(result)
    }

    private func float(_ operation: String, _ a: Double, _ b: Double) throws(TemplateError) -> Double {
        switch operation {
        case "+": return a + b
        case "-": return a - b
        case "*": return a * b
        case "/":
            guard b != 0 else { throw failed("float division by zero") }
            return a / b
        case "//", "%":
            guard b != 0 else { throw failed("float floor division or modulo by zero") }
            let (quotient, rest) = divided(a, b)
            return operation == "%" ? rest : quotient
        default:
            if a == 0, b < 0 { throw failed("0.0 cannot be raised to a negative power") }
            if a < 0, a.isFinite, b.isFinite, b != b.rounded() { throw notEvaluated("complex number") }
            let result = pow(a, b)
            if result.isInfinite, a.isFinite, b.isFinite { throw failed("(34, 'Numerical result out of range')") }
            return result
        }
    }

    /// Quotient and rest of two floats as CPython's `float_divmod` has them.
    private func divided(_ a: Double, _ b: Double) -> (quotient: Double, rest: Double) {
        var rest = fmod(a, b)
        var quotient = (a - rest) / b
        if rest != 0 {
            if (b < 0) != (rest < 0) {
                rest += b
                quotient -= 1
            }
        } else {
            rest = copysign(0, b)
        }
        guard quotient != 0 else { return (copysign(0, a / b), rest) }
        let floor = quotient.rounded(.down)
        return (quotient - floor > 0.5 ? floor + 1 : floor, rest)
    }

    private func repeated(_ value: Value, _ count: Int) throws(TemplateError) -> Value? {
        let count = max(0, count)
        func room(_ size: Int, _ bytes: Int) throws(TemplateError) {
            let (total, overflow) = size.multipliedReportingOverflow(by: count)
            guard !overflow, total <= limits.memoryBytes / bytes else {
                throw exceeded("\(limits.memoryBytes) bytes of memory")
            }
            try spend(bytes: total * bytes)
        }
        switch value {
        case .text(let text):
            try room(text.count, 4)
            var result: [Unicode.Scalar] = []
            if !text.isEmpty { for _ in 0..<count { result += text.scalars } }
            return .text(Text(result))
        case .list(let items), .tuple(let items):
            try room(items.values.count, 24)
            var result: [Value] = []
            if !items.values.isEmpty { for _ in 0..<count { result += items.values } }
            if case .tuple = value { return try tuple(result) }
            return try list(result)
        default: return nil
        }
    }
}

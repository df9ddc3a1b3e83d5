#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Filters that make numbers.
extension Interpreter {
    func numberFilter(_ value: Value, _ name: String, _ given: CallArguments) throws(TemplateError) -> Value {
        switch name {
        case "abs":
            _ = try given.plain(0, 0, of: name, by: self)
            if let whole = value.wholeNumber {
                guard whole != .min else { throw exceeded("64 bits of a whole number") }
                return .integer(abs(whole))
            }
            guard case .number(let number) = value else { throw failed("bad operand type for abs(): '\(value.type)'") }
            return .number(number.magnitude)
        case "int": return try int(value, given)
        case "float":
            let standard = try given.bound(to: ["default"], of: name, by: self)[0] ?? .number(0)
            return try float(value).map { .number($0) } ?? standard
        case "round": return try round(value, given)
        case "sum": return try sum(value, given)
        default: return try extreme(value, name, given)
        }
    }

    /// Python's `float`; nil where it raises a type or value error.
    func float(_ value: Value) throws(TemplateError) -> Double? {
        if case .undefined(let hint) = value { throw failed(hint) }
        if let number = decimal(value) { return number }
        guard let text = value.string?.stripped() else { return nil }
        guard text.scalars.allSatisfy(\.isASCII) else { throw notEvaluated("number in other digits") }
        guard let digits = Interpreter.withoutUnderscores(text) else { return nil }
        let bare = digits.hasPrefix("+") || digits.hasPrefix("-") ? String(digits.dropFirst()) : digits
        let lowered = bare.lowercased()
        if lowered == "inf" || lowered == "infinity" { return digits.hasPrefix("-") ? -.infinity : .infinity }
        if lowered == "nan" { return .nan }
        let allowed = Set("0123456789.eE+-".utf8)
        guard let first = bare.utf8.first, first == UInt8(ascii: ".") || (48...57).contains(first),
            bare.utf8.allSatisfy(allowed.contains)
        else { return nil }
        if let number = Double(digits) { return number }
        // `Double` refuses "1." and ".5", which Python reads.
        guard let point = bare.firstIndex(of: ".") else { return nil }
        var padded = bare
        padded.insert("0", at: padded.index(after: point))
        guard bare.utf8.contains(where: { (48...57).contains($0) }), let number = Double("0" + padded) else {
            return nil
        }
        return digits.hasPrefix("-") ? -number : number
    }

    /// The digits without underscores that stand between two of them; nil where one stands elsewhere.
    private static func withoutUnderscores(_ text: Text) -> String? {
        for (index, scalar) in text.scalars.enumerated() where scalar == "_" {
            guard index > 0, index + 1 < text.count, text.scalars[index - 1].properties.isASCIIHexDigit,
                text.scalars[index + 1].properties.isASCIIHexDigit
            else { return nil }
        }
        return Text(text.scalars.filter { $0 != "_" }).string
    }

    private func int(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["default", "base"], of: "int", by: self)
        let standard = given[0] ?? .integer(0)
        if case .undefined(let hint) = value { throw failed(hint) }
        if let whole = value.wholeNumber { return .integer(whole) }
        if case .number(let number) = value {
            guard !number.isInfinite else { throw failed("cannot convert float infinity to integer") }
            return number.isNaN ? standard : .integer(try whole(number))
        }
        guard let text = value.string?.stripped() else { return standard }
        guard text.scalars.allSatisfy(\.isASCII) else { throw notEvaluated("number in other digits") }
        if let base = given[1] {
            guard base.wholeNumber == 10 else { throw notEvaluated("filter 'int' with a base") }
        }
        let isSigned = text.scalars.first == "+" || text.scalars.first == "-"
        let digits = Text(text.scalars.dropFirst(isSigned ? 1 : 0))
        if let bare = Interpreter.withoutUnderscores(digits), !bare.isEmpty,
            bare.utf8.allSatisfy({ (48...57).contains($0) })
        {
            guard let whole = Int((text.scalars.first == "-" ? "-" : "") + bare) else {
                throw exceeded("64 bits of a whole number")
            }
            return .integer(whole)
        }
        guard let number = try float(value), number.isFinite else { return standard }
        return .integer(try whole(number))
    }

    private func whole(_ number: Double) throws(TemplateError) -> Int {
        guard let whole = Int(exactly: number.rounded(.towardZero)) else { throw exceeded("64 bits of a whole number") }
        return whole
    }

    private func round(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["precision", "method"], of: "round", by: self)
        let method = given[1]?.string ?? "common"
        guard ["common", "ceil", "floor"].contains(method), given[1] == nil || given[1]?.string != nil else {
            throw failed("method must be common, ceil or floor")
        }
        if case .undefined(let hint) = value { throw failed(hint) }
        guard let precision = (given[0] ?? .integer(0)).wholeNumber else {
            throw failed("precision must be an integer")
        }
        guard (0...15).contains(precision) else { throw notEvaluated("round to \(precision) digits") }
        guard let number = decimal(value) else { throw failed("type \(value.type) doesn't define __round__ method") }
        if method == "common" {
            if let whole = value.wholeNumber { return .integer(whole) }
            guard number.isFinite else { return value }
            return .number(Double(Interpreter.decimals(number, precision)) ?? number)
        }
        let power = pow(10, Double(precision))
        let scaled = number * power
        guard scaled.isFinite else { throw failed("cannot convert float to integer") }
        guard scaled.magnitude < 0x1p53 else { throw exceeded("53 bits of a rounded number") }
        return .number(scaled.rounded(method == "ceil" ? .up : .down) / power)
    }

    /// The number with so many decimals, correctly rounded as C's `printf` does.
    static func decimals(_ number: Double, _ precision: Int) -> String {
        withVaList([Int32(clamping: precision), number]) { list in
            var bytes = [CChar](repeating: 0, count: 400 + max(0, precision))
            let count = vsnprintf(&bytes, bytes.count, "%.*f", list)
            return String(decoding: bytes.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private func sum(_ value: Value, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["attribute", "start"], of: "sum", by: self)
        var result = given[1] ?? .integer(0)
        if result.string != nil { throw failed("sum() can't sum strings [use ''.join(seq) instead]") }
        for item in try elements(value) {
            result = try binary("+", result, try self.item(at: given[0], of: item, default: nil))
        }
        return result
    }

    private func extreme(_ value: Value, _ name: String, _ given: CallArguments) throws(TemplateError) -> Value {
        let given = try given.bound(to: ["case_sensitive", "attribute"], of: name, by: self)
        let isExact = try flag(given[0])
        var best: (value: Value, key: Value)?
        for item in try elements(value) {
            let found = try self.item(at: given[1], of: item, default: nil)
            let key = isExact ? found : try ignoringCase(found)
            if let best, !(try holds(key, name == "min" ? "<" : ">", best.key)) { continue }
            best = (item, key)
        }
        return best?.value ?? .undefined("no aggregated item, sequence was empty")
    }
}

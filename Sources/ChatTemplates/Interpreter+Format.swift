/// `'...' % values` and `'...'.format(...)`, as far as templates use them.
extension Interpreter {
    /// `%s`, `%r`, `%d`, `%i`, `%x`, `%f` and `%%`, with `-`, `0`, a width and a precision.
    func formatted(_ format: Text, _ right: Value) throws(TemplateError) -> Value {
        var values = [right]
        if case .tuple(let items) = right { values = items.values }
        var used = 0
        var result: [Unicode.Scalar] = []
        var index = 0
        while index < format.count {
            let scalar = format.scalars[index]
            index += 1
            guard scalar == "%" else {
                result.append(scalar)
                continue
            }
            var flags: Set<Unicode.Scalar> = []
            while index < format.count, "-0+ #".unicodeScalars.contains(format.scalars[index]) {
                flags.insert(format.scalars[index])
                index += 1
            }
            func number() throws(TemplateError) -> Int? {
                var value: Int?
                while index < format.count, format.scalars[index].isASCIIDigit {
                    value = (value ?? 0) * 10 + Int(format.scalars[index].value - 48)
                    guard let value, value <= 100_000 else { throw exceeded("100000 characters of padding") }
                    index += 1
                }
                return value
            }
            let width = try number() ?? 0
            var precision: Int?
            if index < format.count, format.scalars[index] == "." {
                index += 1
                precision = try number() ?? 0
            }
            guard index < format.count else { throw failed("incomplete format") }
            let code = format.scalars[index]
            index += 1
            if code == "%" {
                result.append("%")
                continue
            }
            guard "srdifx".unicodeScalars.contains(code), flags.isSubset(of: ["-", "0"]) else {
                throw notEvaluated("format '%\(code)'")
            }
            guard used < values.count else { throw failed("not enough arguments for format string") }
            let value = values[used]
            used += 1
            var text = try converted(value, code, precision)
            let isNumber = code != "s" && code != "r"
            let missing = width - text.count
            if missing > 0 {
                try spend(bytes: width * 4)
                if flags.contains("-") {
                    text.scalars += Array(repeating: " ", count: missing)
                } else if flags.contains("0"), isNumber {
                    let sign = text.scalars.first == "-" ? 1 : 0
                    text.scalars.insert(contentsOf: Array(repeating: "0", count: missing), at: sign)
                } else {
                    text.scalars.insert(contentsOf: Array(repeating: " ", count: missing), at: 0)
                }
            }
            try spend(bytes: text.bytes)
            result += text.scalars
        }
        // What can be subscripted may hold more than the format asks for.
        let takesAny: Bool
        switch right {
        case .mapping, .list, .range, .undefined: takesAny = true
        default: takesAny = false
        }
        guard used == values.count || takesAny else {
            throw failed("not all arguments converted during string formatting")
        }
        return .text(Text(result))
    }

    private func converted(_ value: Value, _ code: Unicode.Scalar, _ precision: Int?) throws(TemplateError) -> Text {
        switch code {
        case "s", "r":
            if case .markup = value { throw notEvaluated("format of safe text") }
            let text = code == "s" ? try text(value) : try representation(value)
            return precision.map { Text(text.scalars.prefix($0)) } ?? text
        case "f":
            guard let number = try decimalOrFailure(value), number.isFinite else { throw notEvaluated("format '%f'") }
            return Text(Interpreter.decimals(number, precision ?? 6))
        default:
            guard precision == nil else { throw notEvaluated("format '%\(code)' with a precision") }
            if let whole = value.wholeNumber { return Text(String(whole, radix: code == "x" ? 16 : 10)) }
            guard code != "x", let number = try decimalOrFailure(value), number.magnitude < 0x1p63 else {
                throw failed("%\(code) format: an integer is required, not \(value.type)")
            }
            return Text(String(Int(number)))
        }
    }

    private func decimalOrFailure(_ value: Value) throws(TemplateError) -> Double? {
        guard let number = decimal(value) else { throw failed("a real number is required, not \(value.type)") }
        return number
    }

    /// `{}`, `{0}`, `{name}`, `{{` and `}}`.
    func format(_ text: Text, _ given: CallArguments) throws(TemplateError) -> Value {
        var result: [Unicode.Scalar] = []
        var automatic = 0
        var usesNumbers = false
        var index = 0
        while index < text.count {
            let scalar = text.scalars[index]
            index += 1
            guard scalar == "{" || scalar == "}" else {
                result.append(scalar)
                continue
            }
            if index < text.count, text.scalars[index] == scalar {
                result.append(scalar)
                index += 1
                continue
            }
            guard scalar == "{", let end = text.firstIndex(of: "}", from: index) else {
                throw failed("single '\(scalar)' encountered in format string")
            }
            let field = Text(text.scalars[index..<end]).string
            index = end + 1
            guard
                field.utf8.allSatisfy({
                    ($0 >= 48 && $0 <= 57) || ($0 >= 65 && $0 <= 90) || $0 >= 97 && $0 <= 122 || $0 == 95
                })
            else { throw notEvaluated("format field '{\(field)}'") }
            let value: Value?
            if field.isEmpty || field.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) {
                guard field.isEmpty ? !usesNumbers : automatic == 0 else {
                    throw failed("cannot switch between manual field specification and automatic field numbering")
                }
                usesNumbers = !field.isEmpty
                let position = field.isEmpty ? automatic : Int(field) ?? .max
                if field.isEmpty { automatic += 1 }
                value = position < given.positional.count ? given.positional[position] : nil
            } else {
                value = given.keywords.first { $0.name == field }?.value
            }
            guard let value else { throw failed("replacement field '\(field)' is out of range for the arguments") }
            let part = try self.text(value)
            try spend(bytes: part.bytes)
            result += part.scalars
        }
        return .text(Text(result))
    }
}

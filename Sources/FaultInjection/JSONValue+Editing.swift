package import ModelFormats

extension JSONValue {
    /// The value as JSON text, members in order.
    package var text: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.quoted(value)
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let object):
            "{" + object.members.map { Self.quoted($0.key) + ":" + $0.value.text }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    package var integer: Int? { if case .integer(let value) = self { value } else { nil } }

    package var real: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    package var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The member under a key path such as `model.vocab`; setting nil takes it away, and what is no object stays.
    package subscript(path path: String) -> JSONValue? {
        get {
            path.split(separator: ".").reduce(Optional(self)) { $0?.object?[String($1)] }
        }
        set {
            guard case .object(var object) = self, let cut = path.split(separator: ".").first.map(String.init) else {
                return
            }
            let rest = String(path.dropFirst(cut.count + 1))
            let index = object.members.firstIndex { $0.key.utf8.elementsEqual(cut.utf8) }
            if rest.isEmpty {
                switch (index, newValue) {
                case (let index?, let value?): object.members[index].value = value
                case (let index?, nil): object.members.remove(at: index)
                case (nil, let value?): object.members.append((cut, value))
                case (nil, nil): break
                }
            } else if let index {
                object.members[index].value[path: rest] = newValue
            }
            self = .object(object)
        }
    }
}

/// A JSON value with the members of objects in the order of the text. Keys are unique as bytes.
package indirect enum JSONValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Parses a whole text; see `JSONScanner` for what is refused.
    package init(parsing bytes: [UInt8], file: String) throws {
        self = try JSONScanner.scan(bytes, file: file) { scanner in try scanner.value() }
    }

    /// The value as short text for messages.
    package var summary: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): quoted(value)
        case .array(let elements): "a list of \(elements.count)"
        case .object(let object): "an object of \(object.members.count) keys"
        }
    }

    package var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    package var string: String? { if case .string(let string) = self { string } else { nil } }
    package var isNull: Bool { self == .null }
}

/// The members of a JSON object. Look-up compares bytes, not Unicode equivalence.
package struct JSONObject: Equatable, Sendable {
    package var members: [(key: String, value: JSONValue)]

    package init(_ members: [(key: String, value: JSONValue)] = []) { self.members = members }

    package subscript(_ key: String) -> JSONValue? {
        members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value }
    }
}

extension JSONScanner {
    /// Reads any value as a tree. For files of known small size; large files are pulled.
    package mutating func value() throws -> JSONValue {
        switch try peek() {
        case .object:
            var members: [(key: String, value: JSONValue)] = []
            try object { scanner, key in
                members.append((String(decoding: key, as: UTF8.self), try scanner.value()))
            }
            return .object(JSONObject(members))
        case .array:
            var elements: [JSONValue] = []
            try array { scanner, _ in elements.append(try scanner.value()) }
            return .array(elements)
        case .string: return .string(String(decoding: try string(), as: UTF8.self))
        case .number: return try number()
        case .boolean: return .boolean(try boolean())
        case .null:
            try null()
            return .null
        }
    }
}

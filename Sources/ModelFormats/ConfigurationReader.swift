/// Reads typed values from a configuration object and remembers which keys were looked at.
///
/// A key that is absent answers nil, so that the caller states the default of its class; a key that is present with
/// the wrong type or outside its bounds is an error that names it. `null` counts as absent only where the class of
/// transformers declares the field optional.
struct ConfigurationReader {
    let file: String
    let object: JSONObject
    /// Printed before keys, e.g. `text_config.`.
    let path: String
    private(set) var keysRead = Set<String>()

    init(_ object: JSONObject, file: String, path: String = "") {
        self.object = object
        self.file = file
        self.path = path
    }

    func fault(_ key: String, expected: String, got: String) -> ModelFormatError {
        .configuration(file: file, key: path + key, expected: expected, got: got)
    }

    /// The value as it stands, null included.
    mutating func raw(_ key: String) -> JSONValue? {
        keysRead.insert(key)
        return object[key]
    }

    /// The value; absent and (when `nullable`) null answer nil.
    mutating func value(_ key: String, nullable: Bool = false) throws -> JSONValue? {
        guard let value = raw(key) else { return nil }
        guard !value.isNull else {
            guard nullable else { throw fault(key, expected: "a value", got: "null") }
            return nil
        }
        return value
    }

    mutating func integer(_ key: String, in bounds: ClosedRange<Int>, nullable: Bool = false) throws -> Int? {
        guard let value = try value(key, nullable: nullable) else { return nil }
        guard case .integer(let number) = value, bounds.contains(number) else {
            throw fault(
                key, expected: "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)", got: value.summary)
        }
        return number
    }

    /// A number that is greater than 0 and finite, written with or without a fraction.
    mutating func positiveNumber(_ key: String, nullable: Bool = false) throws -> Double? {
        guard let value = try value(key, nullable: nullable) else { return nil }
        let number: Double? =
            switch value {
            case .integer(let integer): Double(integer)
            case .number(let number): number
            default: nil
            }
        // As a Float, because that is what the arithmetic uses: 1e-60 would be 0 and 1e60 infinite.
        guard let number, number > 0, Float(number).isNormal else {
            throw fault(key, expected: "a number above 0", got: value.summary)
        }
        return number
    }

    mutating func boolean(_ key: String, nullable: Bool = false) throws -> Bool? {
        guard let value = try value(key, nullable: nullable) else { return nil }
        guard case .boolean(let flag) = value else { throw fault(key, expected: "true or false", got: value.summary) }
        return flag
    }

    mutating func string(_ key: String, nullable: Bool = false) throws -> String? {
        guard let value = try value(key, nullable: nullable) else { return nil }
        guard case .string(let text) = value else { throw fault(key, expected: "a string", got: value.summary) }
        return text
    }

    mutating func strings(_ key: String, nullable: Bool = false) throws -> [String]? {
        guard let value = try value(key, nullable: nullable) else { return nil }
        guard case .array(let elements) = value else {
            throw fault(key, expected: "a list of strings", got: value.summary)
        }
        return try elements.map { element in
            guard case .string(let text) = element else {
                throw fault(key, expected: "a list of strings", got: "a list with \(element.summary)")
            }
            return text
        }
    }

    mutating func object(_ key: String, nullable: Bool = false) throws -> JSONObject? {
        guard let value = try value(key, nullable: nullable) else { return nil }
        guard case .object(let object) = value else { throw fault(key, expected: "an object", got: value.summary) }
        return object
    }

    /// One token id or a list of them.
    mutating func tokens(_ key: String) throws -> [Int]? {
        guard let value = try value(key, nullable: true) else { return nil }
        let elements = if case .array(let elements) = value { elements } else { [value] }
        return try elements.map { element in
            guard case .integer(let token) = element, (0...Int(Int32.max)).contains(token) else {
                throw fault(key, expected: "a token id or a list of them", got: value.summary)
            }
            return token
        }
    }

    /// Keys that nobody asked for, in the order of the text.
    func keysLeft(besides known: Set<String>) -> [String] {
        object.members.map(\.key).filter { !keysRead.contains($0) && !known.contains($0) }
    }
}

/// How a value of the metadata is stored; the raw value is the id in the file.
enum GGUFType: UInt32, Sendable {
    case u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64

    /// Bytes of one value, the least for a string or an array (its length or count).
    var size: Int {
        switch self {
        case .u8, .i8, .boolean: 1
        case .u16, .i16: 2
        case .u32, .i32, .f32: 4
        case .u64, .i64, .f64, .string: 8
        case .array: 12
        }
    }
}

/// A value of the metadata. Lists and strings stay where they are, in the head of the file.
enum GGUFValue: Sendable {
    case integer(Int)
    /// Also a u64 beyond Int.
    case number(Double)
    case boolean(Bool)
    case string(Range<Int>)
    case list(GGUFType, count: Int, Range<Int>)
}

/// The typed key-value pairs of a GGUF file, in the order of the file. Keys are unique as bytes.
package struct GGUFMetadata: Sendable {
    /// Lists of lists deeper than this are refused; none is known to be in use.
    static let maximumDepth = 4

    /// The head of the file, into which strings and lists point.
    let head: [UInt8]
    private(set) var entries: [(key: String, value: GGUFValue, offset: Int)] = []
    private var positions: [[UInt8]: Int] = [:]

    /// Reads `count` pairs.
    init(reading cursor: inout GGUFCursor, count: Int) throws {
        for _ in 0..<count {
            let start = cursor.offset
            let key = try cursor.name("key \(entries.count + 1)")
            guard positions.updateValue(entries.count, forKey: Array(key.utf8)) == nil else {
                throw cursor.fault("key \(key)", at: start, expected: "to be there once", got: "twice")
            }
            let type = try Self.type(&cursor, "type of \(key)"), at = cursor.offset
            entries.append((key, try Self.value(&cursor, type, key, depth: 0), at))
        }
        head = cursor.bytes
    }

    subscript(_ key: String) -> GGUFValue? { positions[Array(key.utf8)].map { entries[$0].value } }

    private static func type(_ cursor: inout GGUFCursor, _ field: @autoclosure () -> String) throws -> GGUFType {
        let start = cursor.offset, id = try cursor.integer(UInt32.self, field())
        guard let type = GGUFType(rawValue: id) else {
            throw cursor.fault(field(), at: start, expected: "a value type from 0 to 12", got: "\(id)")
        }
        return type
    }

    private static func value(
        _ cursor: inout GGUFCursor, _ type: GGUFType, _ key: String, depth: Int
    ) throws -> GGUFValue {
        switch type {
        case .u8: return .integer(Int(try cursor.integer(UInt8.self, key)))
        case .i8: return .integer(Int(try cursor.integer(Int8.self, key)))
        case .u16: return .integer(Int(try cursor.integer(UInt16.self, key)))
        case .i16: return .integer(Int(try cursor.integer(Int16.self, key)))
        case .u32: return .integer(Int(try cursor.integer(UInt32.self, key)))
        case .i32: return .integer(Int(try cursor.integer(Int32.self, key)))
        case .i64: return .integer(Int(try cursor.integer(Int64.self, key)))
        case .u64:
            let value = try cursor.integer(UInt64.self, key)
            return Int(exactly: value).map { .integer($0) } ?? .number(Double(value))
        case .f32: return .number(decimal(Float(bitPattern: try cursor.integer(UInt32.self, key))))
        case .f64: return .number(Double(bitPattern: try cursor.integer(UInt64.self, key)))
        case .boolean:
            let start = cursor.offset, value = try cursor.integer(UInt8.self, key)
            guard value <= 1 else { throw cursor.fault(key, at: start, expected: "0 or 1", got: "\(value)") }
            return .boolean(value == 1)
        case .string: return .string(try cursor.string(key))
        case .array: return try list(&cursor, key, depth: depth + 1)
        }
    }

    private static func list(_ cursor: inout GGUFCursor, _ key: String, depth: Int) throws -> GGUFValue {
        guard depth <= maximumDepth else {
            throw cursor.fault(key, expected: "lists at most \(maximumDepth) deep", got: "a deeper one")
        }
        let element = try type(&cursor, "element type of \(key)")
        let count = try cursor.count(of: element.size, "number of elements of \(key)"), start = cursor.offset
        switch element {
        case .string:
            for _ in 0..<count { _ = try cursor.string(key) }
        case .array:
            for _ in 0..<count { _ = try list(&cursor, key, depth: depth + 1) }
        case .boolean:
            let range = try cursor.take(count, key)
            if let wrong = cursor.bytes[range].firstIndex(where: { $0 > 1 }) {
                throw cursor.fault(key, at: wrong, expected: "0 or 1", got: "\(cursor.bytes[wrong])")
            }
        default: _ = try cursor.take(count * element.size, key)
        }
        return .list(element, count: count, start..<cursor.offset)
    }

    /// The decimal number that a converter rounded to F32: 1e-6, not 9.999999974752427e-07.
    static func decimal(_ float: Float) -> Double { Double("\(float)") ?? Double(float) }
}

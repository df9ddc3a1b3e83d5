import ModelFormats
import Testing

@Suite struct JSONScannerTests {
    @Test func readsEveryKindOfValueInOrder() throws {
        let text = #" {"b":[1,-2.5e3,true,false,null,"x"],"a":{"":0}} "#
        let value = try JSONValue(parsing: Array(text.utf8), file: "t")
        let object = try #require(value.object)
        #expect(object.members.map(\.key) == ["b", "a"])
        #expect(
            object["b"] == .array([.integer(1), .number(-2500), .boolean(true), .boolean(false), .null, .string("x")]))
        #expect(object["a"]?.object?[""] == .integer(0))
    }

    @Test func unescapesStrings() throws {
        let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude42 é 🙂""#
        #expect(try JSONValue(parsing: Array(text.utf8), file: "t") == .string("\"\\/\u{8}\u{c}\n\r\tAé🙂 é 🙂"))
    }

    /// Strings are read eight bytes at a time: what ends such a run must be seen at each place of it.
    @Test(arguments: ["\"", "\\n", "é", "🙂", "▁", "\u{7f}"])
    func readsStringsOfEveryLength(_ special: String) throws {
        for before in 0..<20 {
            for after in 0..<20 {
                let ends = special == "\""
                let text =
                    String(repeating: "a", count: before) + special
                    + (ends ? "" : String(repeating: " ", count: after) + "\"")
                let padded = "[\"" + text + String(repeating: " ", count: ends ? after : 0) + "]"
                let expected = text.dropLast().replacing("\\n", with: "\n")
                #expect(try JSONValue(parsing: Array(padded.utf8), file: "t") == .array([.string(String(expected))]))
            }
        }
    }

    @Test func refusesAControlCharacterAtEveryPlaceOfAString() {
        for before in 0..<20 {
            let text = "\"" + String(repeating: "a", count: before) + "\u{1f}" + String(repeating: "b", count: 9) + "\""
            let error = errorText { _ = try JSONValue(parsing: Array(text.utf8), file: "t") }
            #expect(error == "t is not valid JSON at byte \(before + 1): control character in a string")
        }
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("-7", -7), ("999999999999999999", 999_999_999_999_999_999),
        ("-99999999999999999", -99_999_999_999_999_999), ("9223372036854775807", Int.max),
        ("-9223372036854775808", Int.min),
    ])
    func readsWholeNumbersOfEveryLength(_ text: String, _ value: Int) throws {
        #expect(try JSONValue(parsing: Array(text.utf8), file: "t") == .integer(value))
        #expect(try JSONValue(parsing: Array("[\(text) ]".utf8), file: "t") == .array([.integer(value)]))
    }

    @Test func keepsWholeNumbersExactAndLongOnesAsNumbers() throws {
        #expect(try JSONValue(parsing: Array("9007199254740993".utf8), file: "t") == .integer(9_007_199_254_740_993))
        #expect(try JSONValue(parsing: Array("1000000000000000019884624838656".utf8), file: "t") == .number(1e30))
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, 7, "duplicate key a"), (#"{"a":1,"\u0061":2}"#, 7, "duplicate key a"),
        ("{\"a\":1} x", 8, "bytes after"), ("", 0, "ends too early"), ("{", 1, "ends too early"),
        ("[1,]", 3, "expected a value"), ("{\"a\" 1}", 5, "expected :"), ("{a:1}", 1, "expected a string"),
        ("{\"a\":1,}", 7, "expected a string"), ("[01]", 2, "expected , or ]"), ("[1.]", 3, "expected a digit"),
        ("[.5]", 1, "expected a value"), ("[+1]", 1, "expected a value"), ("[1e]", 3, "expected a digit"),
        ("[1e999]", 1, "out of range"), ("[NaN]", 1, "expected a value"), ("[nul]", 4, "expected null"),
        ("\"a\nb\"", 2, "control character"), ("\"\\x\"", 1, "unknown escape"), ("\"\\u12g4\"", 5, "hexadecimal"),
        (#""\ud800""#, 1, "lone surrogate"), (#""\ud800\u0041""#, 1, "lone surrogate"),
        (#""\udc00""#, 1, "lone surrogate"),
        ("\"abc", 4, "ends too early"), ("[1 2]", 3, "expected , or ]"),
    ])
    func refusesWithTheOffset(_ text: String, _ offset: Int, _ reason: String) throws {
        let error = #expect(throws: ModelFormatError.self) { try JSONValue(parsing: Array(text.utf8), file: "t") }
        guard case .malformedJSON("t", let at, let why)? = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(at == offset)
        #expect(why.contains(reason))
    }

    @Test(
        arguments: [
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xE2, 0x82], [0x80],
            [0xF0, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func refusesMalformedUTF8(_ bytes: [UInt8]) {
        #expect(throws: ModelFormatError.self) {
            try JSONValue(parsing: [0x22] + bytes + [0x22], file: "t")
        }
    }

    @Test func refusesNestingBeyondSixtyFour() throws {
        let deep = { (depth: Int) in
            Array(String(repeating: "[", count: depth).utf8) + Array(String(repeating: "]", count: depth).utf8)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: deep(64), file: "t") }
        #expect(
            errorText { _ = try JSONValue(parsing: deep(65), file: "t") }?.contains("nested deeper than 64") == true)
        #expect(
            errorText { try JSONScanner.scan(deep(100_000), file: "t") { try $0.skip() } }?.contains("nested") == true)
    }

    @Test func tellsCanonicallyEqualKeysApartUnlessAskedNotTo() throws {
        let text = Array("{\"caf\u{e9}\":1,\"cafe\u{301}\":2,\"CAFE\u{301}\":3}".utf8)
        let object = try #require(try JSONValue(parsing: text, file: "t").object)
        #expect(object.members.count == 3)
        #expect(object["caf\u{e9}"] == .integer(1))
        #expect(object["cafe\u{301}"] == .integer(2))
        #expect(
            errorText {
                try JSONScanner.scan(text, file: "t") {
                    try $0.object(unique: .canonical) { scanner, _ in try scanner.skip() }
                }
            }?.contains("duplicate key") == true)
    }

    @Test func neverTrapsOnACutOrChangedText() throws {
        let text = Array(#"{"a":[1,-2.5e3,true,null,"x\u00e9\ud83d\ude42 é"],"b":{"c":false}}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: ModelFormatError.self) { try JSONValue(parsing: Array(text[..<length]), file: "t") }
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var changed = text
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                changed[Int.random(in: 0..<text.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            // Either a value or an error of ours: what must not happen is a trap.
            do { _ = try JSONValue(parsing: changed, file: "t") } catch { #expect(error is ModelFormatError) }
        }
    }
}

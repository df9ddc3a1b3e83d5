import RegistryPolicy
import Testing

@Suite struct MalformedPolicyTests {
    struct Spoilt: Sendable, CustomTestStringConvertible {
        /// What in the valid policy is replaced by what.
        let old: String
        let new: String
        /// `line:column`, and words of the message.
        let place: String
        let words: String

        init(_ old: String, _ new: String, _ place: String, _ words: String) {
            self.old = old
            self.new = new
            self.place = place
            self.words = words
        }

        var testDescription: String { "\(place): \(words)" }
    }

    @Test func theUnspoiltPolicyIsTaken() throws {
        let policy = try PolicyText.parse(PolicyText.valid)
        #expect(policy.maximumSize == 60_000_000_000)
        #expect(policy.smokeTest.memoryAllowance == 2 << 30)
        #expect(policy.smokeTest.depth == .quick)
        #expect(policy.smokeTest.sandbox == .seccomp)
        #expect(policy.smokeTest.probes.count == 2)
    }

    @Test(arguments: [
        Spoilt("approvals: 0", "approvals: 0\nsurprise: 1", "33:1", "unknown key 'surprise' in the policy"),
        Spoilt("others: leave-out", "others: refuse\n  colour: red", "5:3", "unknown key 'colour' in 'formats'"),
        Spoilt("set: some-texts", "set: some-texts\n      top-k: 1", "23:7", "unknown key 'top-k' in an entry"),
        Spoilt("approvals: 0", "approvals: 0\napprovals: 1", "32:1", "key 'approvals' stands twice"),
        Spoilt("required: true", "required: true\n  required: false", "11:3", "key 'required' stands twice"),
        Spoilt("name: demo", "", "2:1", "key 'name' is missing in the policy"),
        Spoilt("others: leave-out", "", "3:3", "key 'others' is missing in 'formats'"),
        Spoilt("depth: quick", "", "11:3", "key 'depth' is missing in 'smoke-test'"),
        Spoilt("sandbox: 3", "", "11:3", "key 'sandbox' is missing in 'smoke-test'"),
        Spoilt("      set: some-texts\n", "", "21:7", "key 'set' is missing in an entry of 'probes'"),
        Spoilt("maximum-mean-nll: 7.0, ", "", "26:11", "key 'maximum-mean-nll' is missing in 'bounds'"),
        Spoilt("warn-same-top-8-bit: 0.97, ", "", "26:11", "key 'warn-same-top-8-bit' is missing in 'bounds'"),
        Spoilt("maximum-mean-nll: 2.25", "maximum-nll: 2.25", "23:17", "unknown key 'maximum-nll' in 'bounds'"),
        Spoilt("name: demo", "name: ''", "1:7", "'name' must be a text, got ''"),
        Spoilt("name: demo", "name: [demo]", "1:7", "'name' must be a text, got a list"),
        Spoilt("approvals: 0", "approvals: -1", "32:12", "a whole number from 0 to 100, got '-1'"),
        Spoilt("approvals: 0", "approvals: 101", "32:12", "a whole number from 0 to 100"),
        Spoilt("approvals: 0", "approvals: 1.5", "32:12", "a whole number from 0 to 100"),
        Spoilt("approvals: 0", "approvals: 99999999999999999999", "32:12", "a whole number from 0 to 100"),
        Spoilt("approvals: 0", "approvals: none", "32:12", "a whole number from 0 to 100"),
        Spoilt("approvals: 0", "approvals:", "32:11", "a whole number from 0 to 100, got ''"),
        Spoilt("approvals: 0", "approvals: {a: 1}", "32:12", "got keys with values"),
        Spoilt("keep: 3", "keep: 0", "27:20", "from 1 to 1000000, or 'all', got '0'"),
        Spoilt("keep: 3", "keep: none", "27:20", "or 'all', got 'none'"),
        Spoilt("scrub-days: 30", "scrub-days: all", "27:71", "or 'never', got 'all'"),
        Spoilt("trash-days: 7, ", "", "27:12", "key 'trash-days' is missing in 'retention'"),
        Spoilt("total: 2 TB", "total: all", "29:10", "a size such as 60 GB, or 'none', got 'all'"),
        Spoilt("total: 2 TB", "", "30:3", "key 'total' is missing in 'quotas'"),
        Spoilt("match: google, ", "", "31:7", "key 'match' is missing in an entry"),
        Spoilt("size: 500 GB", "size: none", "31:30", "a size such as 60 GB or 512 MiB, got 'none'"),
        Spoilt("60 GB", "60", "9:15", "a size such as 60 GB or 512 MiB, got '60'"),
        Spoilt("60 GB", "60GB", "9:15", "a size such as"), Spoilt("60 GB", "60 gb", "9:15", "a size such as"),
        Spoilt("60 GB", "-1 GB", "9:15", "a size such as"), Spoilt("60 GB", "0 GB", "9:15", "a size such as"),
        Spoilt("60 GB", "many GB", "9:15", "a size such as"), Spoilt("60 GB", "1 2 GB", "9:15", "a size such as"),
        Spoilt("60 GB", "9999999999 TB", "9:15", "a size such as"),
        Spoilt("2 GiB", "2", "15:21", "'memory-allowance' must be a size"),
        Spoilt("required: true", "required: yes", "11:13", "'required' must be true or false, got 'yes'"),
        Spoilt("required: true", "required: [true]", "11:13", "'required' must be true or false, got a list"),
        Spoilt("leave-out", "leaveout", "4:11", "one of: leave-out, refuse, got 'leaveout'"),
        Spoilt("unsupported: refuse", "unsupported: admit", "12:16", "one of: note, hold, refuse"),
        Spoilt("depth: quick", "depth: deep", "13:10", "one of: quick, full, got 'deep'"),
        Spoilt("time-limit: 600", "time-limit: 0", "14:15", "from 1 to 86400"),
        Spoilt("sandbox: 3", "sandbox: 0", "16:12", "from 1 to 5"),
        Spoilt("sandbox: 3", "sandbox: seccomp", "16:12", "from 1 to 5, got 'seccomp'"),
        Spoilt(
            "class: embedding", "class: chat", "19:14", "one of: instruct, base, adapter, embedding, drafter, tower"),
        Spoilt(
            "class: embedding", "class: embedding\n      why: x", "20:7", "unknown key 'why' in an entry of 'classes'"),
        Spoilt("set: some-texts", "set: ../../etc/passwd", "22:12", "a name of a to z, 0 to 9 and -"),
        Spoilt("set: some-texts", "set: ''", "22:12", "a name of a to z, 0 to 9 and -, got ''"),
        Spoilt("set: some-texts", "set: Texts", "22:12", "a name of a to z, 0 to 9 and -"),
        Spoilt("set: some-texts", "text: The sun rises", "22:7", "move them to probes/NAME.yaml beside this file"),
        Spoilt("set: some-texts", "maximum-mean-nll: 7", "22:7", "write 'set: NAME' here"),
        Spoilt("2.25", "-1", "23:35", "'maximum-mean-nll' must be a number from 0.0 to 1000000000.0, got '-1'"),
        Spoilt("2.25", ".nan", "23:35", "a number from"), Spoilt("2.25", "nan", "23:35", "a number from"),
        Spoilt("2.25", "inf", "23:35", "a number from"), Spoilt("2.25", "'2,25'", "23:35", "a number from"),
        Spoilt("allow: [google]", "allow: google", "8:10", "'allow' must be a list of names, got 'google'"),
        Spoilt("allow: [google]", "allow: {google: yes}", "8:10", "a list of names, got keys with values"),
        Spoilt("allow: [google]", "allow: [google, [x]]", "8:19", "a list of names, got a list"),
        Spoilt("allow: [google]", "allow: [google, '']", "8:19", "a list of names, got ''"),
        Spoilt("\n  allow: [google]", " [google]", "7:10", "'authors' must be keys with values, got a list"),
        Spoilt("\n  allow: [google]", " google", "7:10", "'authors' must be keys with values, got a single value"),
        Spoilt("every-hours: 6", "every-hours: 0", "34:16", "from 1 to 8760, or 'never', got '0'"),
        Spoilt("[google/gemma-3-1b-it]", "[gemma-3-1b-it]", "35:17", "'gemma-3-1b-it' is no namespace/name"),
        Spoilt("base: google/gemma-3-4b-it", "base: gemma", "37:13", "'gemma' is no namespace/name"),
        Spoilt("[finetune, quantized]", "[finetunes]", "38:18", "'finetunes' is none of finetune, adapter"),
        Spoilt("[finetune, quantized]", "[]", "38:18", "must name at least one of finetune, adapter"),
        Spoilt("weights: [safetensors]", "weights: [bin]", "40:16", "'bin' is none of safetensors, gguf"),
        Spoilt("weights: [safetensors]", "weights: []", "40:16", "at least one of safetensors, gguf"),
        Spoilt("maximum-size: 20 GB", "maximum-size: big", "41:21", "a size such as 60 GB"),
        Spoilt("minimum-downloads: 100", "minimum-downloads: -1", "42:26", "from 0 to 1000000000"),
        Spoilt("limit: 50", "limit: 0", "43:14", "from 1 to 100000, got '0'"),
        Spoilt("limit: 50", "limit: 50\n      colour: red", "44:7", "unknown key 'colour' in an entry"),
        Spoilt(
            "authors: []",
            "authors: [{ author: goo gle, names: [x], licences: [x], weights: [gguf], maximum-size: 1 GB, "
                + "minimum-downloads: 0, limit: 1 }]", "44:23", "'goo gle' is no namespace"),
        Spoilt("[\"google/*\"]", "[\"google/*\"", "22:", "did not find expected"),
        Spoilt("  others: leave-out", "\tothers: leave-out", "4:1", "cannot start any token"),
        Spoilt("name: demo", "name: *demo", "1:7", "undefined alias"),
        Spoilt("name: demo", "name: &demo demo", "1:7", "anchors"),
        Spoilt("name: demo", "{\"name\":&demo demo}", "1:9", "anchors"),
        Spoilt("name: demo", "name: \"demo", "18:24", "did not find expected alphabetic"),
        Spoilt("name: demo", "? [name]\n: demo", "1:3", "a key must be a word"),
        Spoilt("name: demo", "name: de\u{0}mo", "1:9", "control characters"),
        Spoilt("approvals: 0", "approvals: 0\n---\nname: second", "33:1", "another document"),
    ])
    func aSpoiltLineIsRefusedWithItsPlace(of spoilt: Spoilt) throws {
        try #require(PolicyText.valid.contains(spoilt.old))
        let text = PolicyText.valid.replacing(spoilt.old, with: spoilt.new, maxReplacements: 1)
        let error = try #require(#expect(throws: PolicyError.self) { try PolicyText.parse(text) })
        #expect(error.description.hasPrefix("p.yaml:\(spoilt.place)"))
        #expect(error.description.contains(spoilt.words))
        #expect(!error.description.contains("\n"))
    }

    @Test(arguments: [
        ("", "it is empty"), ("# nothing but a comment\n", "it is empty"), ("---\n", "got a single value"),
        ("- a\n- b\n", "p.yaml:1:1: the policy must be keys with values, got a list"),
        ("just a text", "p.yaml:1:1: the policy must be keys with values, got a single value"),
        ("{}", "p.yaml:1:1: key 'name' is missing"), ("\u{FEFF}", "it is empty"),
    ])
    func aFileThatIsNoPolicyAtAllIsRefused(text: String, words: String) throws {
        let error = try #require(#expect(throws: PolicyError.self) { try PolicyText.parse(text) })
        #expect(error.description.contains(words))
    }

    @Test(arguments: [[0xFF, 0xFE, 0x6E, 0x00], [0x6E, 0x3A, 0x20, 0xC3], Array("name: ".utf8) + [0xED, 0xA0, 0x80]])
    func aFileThatIsNotUTF8IsRefused(bytes: [UInt8]) throws {
        let error = #expect(throws: PolicyError.self) { try parse(bytes) }
        #expect(error?.description == "p.yaml: it is not UTF-8")
    }

    @Test func aFileOfMoreThanOneMiBIsRefused() {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20)
        let error = #expect(throws: PolicyError.self) { try parse(bytes + bytes) }
        #expect(error?.description == "p.yaml: it is larger than 1 MiB")
    }

    @Test func everyHalfWrittenPolicyIsRefused() throws {
        let text = Array(PolicyText.valid.utf8)
        try #require(PolicyText.valid.hasSuffix("authors: []\n"))
        for length in 0..<(text.count - 2) {
            #expect(throws: PolicyError.self) { try parse(Array(text.prefix(length))) }
        }
    }

    /// Ten levels of nine references each: 3.5 thousand million nodes if they were copied, or hashed as a key.
    @Test(.timeLimit(.minutes(1)), arguments: ["x: *l9", "? *l9\n: x", "*l9 : x", "{*l9 : x}"])
    func aBillionLaughsAreRefusedAtOnce(line: String) throws {
        var text = "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...9 {
            let references = Array(repeating: "*l\(level - 1)", count: 9).joined(separator: ", ")
            text += "l\(level): &l\(level) [\(references)]\n"
        }
        let clock = ContinuousClock()
        let time = try clock.measure {
            let error = try #require(#expect(throws: PolicyError.self) { try PolicyText.parse(text + line + "\n") })
            #expect(error.description.hasPrefix("p.yaml:1:5: anchors"))
        }
        #expect(time < .seconds(5))
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func deepNestingIsRefusedAndNoCrash(opening: String) throws {
        #expect(throws: PolicyError.self) { try PolicyText.parse(String(repeating: opening, count: 100_000)) }
        #expect(throws: PolicyError.self) { try PolicyText.parse("name: " + String(repeating: opening, count: 900)) }
    }

    @Test func aHundredThousandKeysAreRefusedAtOnce() throws {
        let text = (0..<100_000).map { "k\($0): 1" }.joined(separator: "\n")
        let clock = ContinuousClock()
        let time = clock.measure { _ = #expect(throws: PolicyError.self) { try PolicyText.parse(text) } }
        #expect(time < .seconds(20))
    }

    private func parse(_ bytes: [UInt8]) throws(PolicyError) -> Policy {
        try PolicyFile.parse(bytes, file: "p.yaml") { name throws(PolicyError) in
            throw .unreadable(path: name, reason: "not asked for")
        }
    }
}

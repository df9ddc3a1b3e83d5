import RegistryCore
import RegistryOperations
import Testing

@Suite struct ComparisonTests {
    private static func digest(_ text: String) -> SHA256Digest { ContentDigests.sha256(of: Array(text.utf8)) }

    private static func file(_ path: String, _ content: String, _ size: Int64 = 10) throws -> FileEntry {
        FileEntry(
            path: try RepositoryPath(path), size: size, gitObject: ContentDigests.gitObject(of: Array(content.utf8)),
            isLFS: false, digest: digest(content))
    }

    private static func side(
        _ name: String, nll: Double = 2.0, bounds: String = "b", checks: [Evidence.Check] = [],
        texts: [SmokeTestRecord.Text] = [], files: [FileEntry] = []
    ) throws -> Comparison.Side {
        let test = SmokeTestRecord(
            identity: TestIdentity(
                testerBuild: "x", probeSet: "p", probes: digest("p"), bounds: digest(bounds), depth: .quick),
            bounds: [:], modelClass: .base, classReason: "", base: nil, sandbox: "", seconds: 1, peakMemory: 1 << 20,
            measurements: ["meanNLL": MeasuredNumber(nll)], texts: texts)
        return Comparison.Side(
            repository: try RepositoryID(name), commit: try CommitID(String(repeating: "a", count: 40)), state: .served,
            licence: "gemma", files: files,
            smokeTest: Evidence(
                kind: .smokeTest, outcome: .passed, manifest: digest("m"), producer: "x", summary: "fine",
                checks: checks, test: test))
    }

    @Test func aSnapshotIsLikeItself() throws {
        let check = Evidence.Check(name: "mean-nll", outcome: "passed", value: "2.0")
        let text = SmokeTestRecord.Text(language: "en", prompt: "a", text: "b", tokens: 1, endsItself: false)
        let side = try Self.side("a/x", checks: [check], texts: [text], files: [Self.file("config.json", "{}")])
        let comparison = Comparison(side, side)
        #expect(comparison.facts.allSatisfy { !$0.differs })
        #expect(comparison.checks.count == 1 && comparison.checks.allSatisfy { !$0.differs })
        #expect(comparison.texts.count == 1 && comparison.texts.allSatisfy { !$0.differs })
        #expect(comparison.measurements.allSatisfy { $0.difference == 0.0 })
        #expect(comparison.files.isEmpty && comparison.sameFiles == 1)
        #expect(comparison.cautions.isEmpty)
    }

    @Test func whatIsMeasuredIsGivenWithItsDifference() throws {
        let comparison = Comparison(try Self.side("a/x", nll: 2.0), try Self.side("a/y", nll: 2.5))
        let pair = try #require(comparison.measurements.first { $0.name == "meanNLL" })
        #expect(pair.difference == 0.5 && pair.part == 0.25)
        #expect(pair.signed == "+0.5000" && pair.percent == "+25.0 %")
        let memory = try #require(comparison.measurements.first { $0.name == "peakMemory" })
        #expect(memory.textOfA == "1.0 MiB")

        let broken = Comparison(try Self.side("a/x", nll: .nan), try Self.side("a/y", nll: 2.5))
        let none = try #require(broken.measurements.first { $0.name == "meanNLL" })
        #expect(none.difference == nil && none.part == nil && none.textOfA == "nan")
        let zero = Comparison(try Self.side("a/x", nll: 0), try Self.side("a/y", nll: 2.5))
        #expect(zero.measurements.first { $0.name == "meanNLL" }?.part == nil)
    }

    @Test func checksOfTheSameNameAreMatchedInOrderAndWhatOneSideLacksIsKept() throws {
        func check(_ name: String, _ outcome: String) -> Evidence.Check { .init(name: name, outcome: outcome) }
        // A repository of two quantisations has every check twice.
        let a = try Self.side("a/x", checks: [check("n", "passed"), check("m", "passed"), check("n", "failed")])
        let b = try Self.side("a/y", checks: [check("n", "passed"), check("o", "passed"), check("n", "passed")])
        let comparison = Comparison(a, b)
        #expect(comparison.checks.map(\.name) == ["n", "m", "n", "o"])
        #expect(comparison.checks.map(\.differs) == [false, true, true, true])
        #expect(comparison.checks[1].b == nil && comparison.checks[3].a == nil)
    }

    @Test func textsAreMatchedByLanguageAndPromptAndComparedByBytes() throws {
        func text(_ language: String, _ prompt: String, _ text: String) -> SmokeTestRecord.Text {
            .init(language: language, prompt: prompt, text: text, tokens: 1, endsItself: false)
        }
        let a = try Self.side("a/x", texts: [text("en", "p", "caf\u{E9}"), text("de", "p", "eins")])
        let b = try Self.side(
            "a/y", texts: [text("de", "p", "eins"), text("en", "p", "cafe\u{301}"), text("fr", "q", "")])
        let comparison = Comparison(a, b)
        #expect(comparison.texts.map(\.language) == ["en", "de", "fr"])
        #expect(comparison.texts.map(\.differs) == [true, false, true])
        #expect(comparison.texts[2].a == nil)
    }

    @Test func filesAreComparedByTheirBytes() throws {
        let a = try Self.side(
            "a/x", files: [Self.file("a", "same"), Self.file("b", "mine", 5), Self.file("c", "gone", 7)])
        let b = try Self.side(
            "a/y", files: [Self.file("a", "same"), Self.file("b", "theirs", 6), Self.file("d", "new", 8)])
        let comparison = Comparison(a, b)
        #expect(comparison.files.map(\.path) == ["b", "c", "d"])
        #expect(comparison.files.map(\.a) == [5, 7, nil])
        #expect(comparison.files.map(\.b) == [6, nil, 8])
        #expect(comparison.sameFiles == 1)
    }

    @Test func aReaderIsWarnedWhereTheRulesDifferOrATestIsMissing() throws {
        let other = Comparison(try Self.side("a/x"), try Self.side("a/y", bounds: "c"))
        #expect(other.cautions.count == 1)
        #expect(other.cautions[0].contains("bounds"))
        var untested = try Self.side("a/y")
        untested.smokeTest = nil
        let missing = Comparison(try Self.side("a/x"), untested)
        #expect(missing.cautions == ["a/y@aaaaaaa was never run here"])
        #expect(missing.facts.first { $0.name == "smoke test" }?.b == "not run")
    }
}

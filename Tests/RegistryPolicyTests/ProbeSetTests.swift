import Foundation
import RegistryCore
import RegistryPolicy
import Testing

@Suite struct ProbeSetTests {
    @Test func aSetIsReadAsItStands() throws {
        let set = try #require(try PolicyText.parse(PolicyText.valid).smokeTest.probes.first?.set)
        #expect(
            set
                == ProbeSet(
                    name: "some-texts", texts: [.init(language: "en", text: "some text")],
                    prompts: [
                        .init(
                            language: "en", prompt: "a prompt", expected: ["yes", "oui"], maximumTokens: 16,
                            depth: .full)
                    ],
                    similarities: [.init(language: "de", sentence: "a", near: "b", far: "c")]))
    }

    @Test func anEntryBoundOverridesThePolicyBound() throws {
        let policy = try PolicyText.parse(PolicyText.valid)
        let google = try RepositoryID("google/gemma-3-1b-it"), other = try RepositoryID("unsloth/gemma-3-1b-it")
        let own = try #require(policy.probe(for: google)), general = try #require(policy.probe(for: other))
        #expect(own.bounds.maximumMeanNLL == 2.25)
        #expect(general.bounds.maximumMeanNLL == 7)
        var same = own.bounds
        same.maximumMeanNLL = 7
        #expect(same == general.bounds)
        #expect(policy.boundsDigest(for: google) != policy.boundsDigest(for: other))
        #expect(policy.probeSetDigest(for: google) == policy.probeSetDigest(for: other))
        #expect(policy.probeSetDigest(for: google) == ContentDigests.sha256(of: Array(PolicyText.probeSet.utf8)))
    }

    @Test func aClassIsForTheRepositoriesThatItNames() throws {
        let policy = try PolicyText.parse(PolicyText.valid)
        #expect(policy.modelClass(of: try RepositoryID("google/embeddinggemma-300m")) == .embedding)
        #expect(policy.modelClass(of: try RepositoryID("google/gemma-3-1b-it")) == nil)
    }

    @Test func aChangedProbeSetChangesThePolicyDigest() throws {
        let before = try PolicyText.parse(PolicyText.valid)
        let after = try PolicyText.parse(
            PolicyText.valid, probeSet: PolicyText.probeSet.replacing("some text", with: "other text"))
        #expect(before.digest != after.digest)
        // `cat p.yaml probes/some-texts.yaml | sha256sum`: a set named twice counts once.
        #expect(before.digest == ContentDigests.sha256(of: Array((PolicyText.valid + PolicyText.probeSet).utf8)))
    }

    @Test(arguments: [
        ("texts:", "text:", "1:1", "key 'texts' is missing in the probe set"),
        ("chats: []", "chats: []\ncats: []", "12:1", "unknown key 'cats' in the probe set"),
        ("depth: quick", "depth: slow", "3:12", "one of: quick, full, got 'slow'"),
        ("    depth: full\n", "", "6:5", "key 'depth' is missing in an entry of 'prompts'"),
        ("text: some text", "text: ''", "4:11", "'text' must be a text, got ''"),
        ("expected: [yes, oui]", "expected: yes", "9:15", "'expected' must be a list of names, got 'yes'"),
        ("maximum-tokens: 16", "maximum-tokens: 0", "10:21", "a whole number from 1 to 4096"),
        ("maximum-tokens: 16", "maximum-tokens: 100000", "10:21", "a whole number from 1 to 4096"),
        ("near: b", "nearer: b", "13:5", "key 'near' is missing in an entry of 'similarities'"),
        ("far: c", "far: c\n    why: not", "18:5", "unknown key 'why' in an entry of 'similarities'"),
        ("language: en", "language: \(String(repeating: "x", count: 36))", "2:15", "at most 35 bytes, got 36"),
        ("text: some text", "text: \(String(repeating: "x", count: 65537))", "4:11", "at most 65536 bytes"),
    ])
    func aSpoiltSetIsRefusedWithItsPlace(old: String, new: String, place: String, words: String) throws {
        try #require(PolicyText.probeSet.contains(old))
        let text = PolicyText.probeSet.replacing(old, with: new, maxReplacements: 1)
        let error = try #require(
            #expect(throws: PolicyError.self) { try PolicyText.parse(PolicyText.valid, probeSet: text) })
        #expect(error.description.hasPrefix("some-texts.yaml:\(place): "))
        #expect(error.description.contains(words))
    }

    @Test func aSetOfTooManyTextsIsRefused() throws {
        let entry = "  - { language: en, depth: quick, text: a }\n"
        let text = "texts:\n" + String(repeating: entry, count: 201) + "prompts: []\nchats: []\nsimilarities: []\n"
        let error = #expect(throws: PolicyError.self) { try PolicyText.parse(PolicyText.valid, probeSet: text) }
        #expect(error?.description.contains("'texts' must have at most 200 entries, got 201") == true)
    }

    @Test func aSetThatIsNotThereIsNamedWithThePolicyThatWantsIt() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "policies-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try PolicyText.valid.write(toFile: "\(folder)/default.yaml", atomically: true, encoding: .utf8)
        let error = #expect(throws: PolicyError.self) { try PolicyFile.read(folder) }
        #expect(
            error?.description
                == "\(folder)/probes/some-texts.yaml: it cannot be read, and \(folder)/default.yaml names it")
    }

    @Test func everyBoundHasAKeyOfWordsAndAnOwnDigest() throws {
        let bounds = SmokeTestBounds(maximumMeanNLL: 7)
        #expect(bounds.byKey["maximum-mean-nll-above-base"] == 1)
        #expect(bounds.byKey["warn-same-top-16-bit"] == 0.99)
        #expect(
            bounds.byKey.keys.allSatisfy {
                $0.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
            })
        var other = bounds
        other.warnMagnitude += 1
        #expect(other.digest != bounds.digest)
    }
}

import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// In step with upstream, and never ahead of what was approved.
@Suite(.serialized) struct SyncTests {
    private static let model = "sample/gemma-3-tiny-it"
    private static let follow = """
        follow:
          every-hours: never
          repositories: [sample/gemma-3-tiny-it]
          bases:
            - { base: sample/gemma-3-tiny-it, relations: [finetune, quantized], licences: ["*"],
                weights: [safetensors, gguf], maximum-size: 1 GB, minimum-downloads: 0, limit: 10 }
          authors: []
        """

    /// A house on a hub that a test may change, with a policy that follows a model.
    private func open(
        _ follow: String = follow, _ body: @escaping @Sendable (House, ChangingHub) async throws -> Void
    ) async throws {
        let hub = try ChangingHub()
        defer { hub.remove() }
        let policies = try Self.policies(follow, beside: hub.folder)
        try await House.open(hub: hub.folder, policies: policies) { house in try await body(house, hub) }
    }

    private static func policies(_ follow: String, beside folder: String) throws -> String {
        let copy = "\(folder)-policies"
        try FileManager.default.copyItem(atPath: "\(House.project)/Policies", toPath: copy)
        let text = try String(contentsOfFile: "\(copy)/default.yaml", encoding: .utf8)
        let start = try #require(text.range(of: "\nfollow:"))
        try (text[..<start.lowerBound] + "\n" + follow).write(
            toFile: "\(copy)/default.yaml", atomically: true, encoding: .utf8)
        return copy
    }

    private func sync(_ house: House) async throws -> [String: Sync.Row] {
        let rows = try await Sync().perform(in: house.registry) { _ in }.rows
        return Dictionary(rows.map { ($0.repository.description, $0) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func aFamilyComesInBaseFirstAndTheSecondRoundCostsOneRequestForEachModel() async throws {
        try await open { house, _ in
            let plan = try await house.lapidary("sync", "--dry-run")
            #expect(plan.status == 0 && plan.output.contains("would be fetched"), "\(plan)")
            #expect(try await house.registry.catalog.snapshots().isEmpty)

            let rows = try await sync(house)
            #expect(rows.count >= 3, "\(rows.keys.sorted())")
            #expect(rows.values.allSatisfy { $0.outcome == .new }, "\(rows)")
            #expect(rows[Self.model]?.note.contains("served") == true)
            // Its base was here when it was tested.
            let triage = try await house.registry.catalog.snapshot(
                RepositoryID("sample/gemma-3-tiny-triage"), .main)
            #expect(triage?.evidence[.smokeTest]?.test?.base?.hasPrefix(Self.model) == true)

            let start = house.hub.log.entries.count
            let again = try await sync(house)
            #expect(again.values.allSatisfy { $0.outcome == .unchanged }, "\(again)")
            let asked = house.hub.log.entries[start...].map(\.target)
            #expect(asked.filter { $0.contains("/revision/") }.count == again.count)
            #expect(!asked.contains { $0.contains("/resolve/") || $0.contains("/tree/") })
        }
    }

    @Test func aNewReadmeIsFetchedAloneAndMainStaysUntilSomebodySaysSo() async throws {
        try await open { house, hub in
            _ = try await house.mirror(Self.model)
            let before = try await house.registry.catalog.snapshot(RepositoryID(Self.model), .main)?.commit
            try hub.append("\nMore words.\n", to: "\(Self.model)/README.md")
            try house.hub.reload()
            let start = house.hub.log.entries.count
            let row = try #require(
                try await Sync(only: [RepositoryID(Self.model)]).perform(in: house.registry) { _ in }.rows.first)
            #expect(row.outcome == .changed && row.note.contains("held by changed"), "\(row)")
            let fetched = house.hub.log.entries[start...].map(\.target).filter { $0.contains("/resolve/") }
            #expect(fetched.count == 1 && fetched[0].hasSuffix("/README.md"), "\(fetched)")
            #expect(try await house.registry.catalog.snapshot(RepositoryID(Self.model), .main)?.commit == before)
            #expect(try await house.lapidary("list").output.contains("is held by changed: upstream has moved"))
            #expect(try await house.hf("download", Self.model).status == 0)

            let promoted = try await house.lapidary("mirror", Self.model)
            #expect(promoted.status == 0, "\(promoted)")
            let after = try await house.registry.catalog.snapshot(RepositoryID(Self.model), .main)?.commit
            #expect(after != before)
        }
    }

    @Test func aFileThatKeepsItsNameAndChangesSaysWhatChanged() async throws {
        try await open { house, hub in
            _ = try await house.mirror(Self.model)
            let weights = "\(Self.model)/model.safetensors"
            try hub.change(weights) { $0[$0.count - 3] ^= 0x01 }
            try hub.append("\n", to: "\(Self.model)/tokenizer.json")
            try hub.replace(
                "\"hidden_size\"", with: "\"note\": \"x\", \"hidden_size\"", in: "\(Self.model)/config.json")
            try house.hub.reload()
            let row = try #require(
                try await Sync(only: [RepositoryID(Self.model)]).perform(in: house.registry) { _ in }.rows.first)
            for part in [
                "model.safetensors: weights changed: 1 of", "tokenizer.json: tokenizer changed",
                "config.json: changed: note",
            ] {
                #expect(row.note.contains(part), "\(part): \(row.note)")
            }
            // The head was read before the file, in a request of its own.
            let ranges = house.hub.log.entries.filter { $0.target.hasPrefix("/storage/") }.compactMap(\.range)
            #expect(ranges.contains { $0.hasPrefix("bytes=0-") })
        }
    }

    @Test func aTemplateThatChangesInAGGUFLeavesTheWeightsIdentical() async throws {
        try await open { house, hub in
            let model = "sample/gemma-3-tiny-gguf"
            _ = try await house.mirror(Self.model)
            _ = try await house.mirror(model)
            let file = try #require(try hub.files(model).first { $0.hasSuffix(".gguf") })
            try hub.change("\(model)/\(file)") { bytes in
                let key = Array("tokenizer.chat_template".utf8)
                let at = try #require(bytes.firstIndex(of: key))
                // The value's length, its bytes: one of them becomes another.
                bytes[at + key.count + 4 + 8] ^= 0x20
            }
            try house.hub.reload()
            let row = try #require(
                try await Sync(only: [RepositoryID(model)]).perform(in: house.registry) { _ in }.rows.first)
            #expect(row.note.contains("weights identical, byte for byte"), "\(row.note)")
            #expect(row.note.contains("metadata: 1 changed (tokenizer.chat_template)"), "\(row.note)")
        }
    }

    @Test(arguments: ["vanished", "moved", "registered again", "author"])
    func aRepositoryThatIsNotWhatItWasStopsForAPersonAndStaysServed(kind: String) async throws {
        try await open { house, hub in
            _ = try await house.mirror(Self.model)
            switch kind {
            case "vanished": try hub.delete(Self.model)
            case "moved": try hub.settings(#"{"\#(Self.model)": {"movedTo": "sample/gemma-3-tiny-triage"}}"#)
            case "registered again": try hub.settings(#"{"\#(Self.model)": {"id": "0123456789abcdef01234567"}}"#)
            default: try hub.settings(#"{"\#(Self.model)": {"author": "mallory"}}"#)
            }
            try house.hub.reload()
            let run = try await house.lapidary("sync", Self.model)
            #expect(run.status == 1 && run.output.contains("attention"), "\(run)")
            let listed = try await house.lapidary("list").output
            #expect(listed.contains("needs a person: it"), "\(listed)")
            #expect(try await house.lapidary("show", Self.model).output.contains("now        needs a person: it"))
            let start = house.hub.log.entries.count
            let mirrored = try await house.lapidary("mirror", Self.model)
            #expect(mirrored.status == 1 && mirrored.errors.contains("needs a person"), "\(mirrored)")
            #expect(house.hub.log.entries.count == start)
            #expect(try await house.hf("download", Self.model).status == 0)

            #expect(try await house.lapidary("accept", Self.model, "--reason", "seen").status == 0)
            let after = try await house.lapidary("mirror", Self.model)
            #expect((after.status == 0) == (kind == "registered again" || kind == "author"), "\(after)")
            #expect(try await house.lapidary("accept", Self.model, "--reason", "again").status == 2)
        }
    }

    @Test func aRepositoryThatComesBackIsLookedAtAgainOnceSomebodyHasSaidSo() async throws {
        try await open { house, hub in
            _ = try await house.mirror(Self.model)
            let away = "\(hub.folder)/\(Self.model)"
            try FileManager.default.moveItem(atPath: away, toPath: "\(hub.folder)-away")
            let settings = try String(contentsOfFile: "\(hub.folder)/hub.json", encoding: .utf8)
            try hub.settings("{}")
            try house.hub.reload()
            #expect(try await house.lapidary("sync", Self.model).output.contains("it has vanished upstream"))
            try FileManager.default.moveItem(atPath: "\(hub.folder)-away", toPath: away)
            try hub.settings(settings)
            try house.hub.reload()
            #expect(try await house.lapidary("sync", Self.model).output.contains("attention"))
            #expect(try await house.lapidary("accept", Self.model, "--reason", "it was a mistake").status == 0)
            let run = try await house.lapidary("sync", Self.model)
            #expect(run.status == 0 && run.output.contains("1 looked at: 1 unchanged"), "\(run)")
        }
    }

    @Test func discoverListsWhatClaimsToDescendFromABaseAndCyclesEnd() async throws {
        try await open { house, hub in
            try hub.card("loop/a", "base_model: loop/b")
            try hub.card("loop/b", "base_model: [loop/a, loop/b]")
            for number in 0..<30 { try hub.card("many/child-\(number)", "base_model: loop/a\nlicense: mit") }
            try house.hub.reload()
            let run = try await house.lapidary("discover", "loop/a", "--watch")
            #expect(run.status == 0 && run.output.contains("31 of 31 models"), "\(run)")
            #expect(run.output.contains("no: formats"), "\(run.output)")
            let cached = try await house.lapidary("discover", "loop/a", "--cached", "--licence", "mit")
            #expect(cached.output.contains("30 of 31 models") && cached.output.contains("watched"), "\(cached.output)")
            try hub.delete("many/child-7")
            try house.hub.reload()
            let later = try await house.lapidary("discover", "loop/a")
            #expect(later.output.contains("gone upstream"), "\(later.output)")
            #expect(try await house.lapidary("discover").output.contains("loop/a"))
            let unknown = try await house.lapidary("discover", "loop/A")
            #expect(unknown.status == 1 && unknown.errors.contains("loop/a"), "\(unknown)")
        }
    }
}

extension [UInt8] {
    /// Where a run of bytes begins.
    fileprivate func firstIndex(of part: [UInt8]) -> Int? {
        guard count >= part.count else { return nil }
        return (0...(count - part.count)).first { self[$0..<($0 + part.count)].elementsEqual(part) }
    }
}

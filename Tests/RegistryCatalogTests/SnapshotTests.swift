import RegistryCatalog
import RegistryCore
import Testing

@Suite struct SnapshotTests {
    @Test func aSnapshotComesBackAsItWasRecorded() async throws {
        let catalog = try TemporaryCatalog().open()
        let manifest = Manifest([
            try entry("model.safetensors", "weights", size: 2_000_000_000_000),
            try entry("sub/config é.json", "{}", size: 2, isLFS: false), try entry("a", "", size: 0, isLFS: false),
        ])
        let card = ModelCard(
            licence: "gemma", baseModels: ["google/gemma-3-1b-pt"], relation: "finetune", pipeline: "text-generation",
            library: "transformers", tags: ["medical", "en"])
        let leftOut = [LeftOutFile(path: "pytorch_model.bin", format: "pickle")]
        let verified = evidence(.verification, of: manifest.digest)
        let recorded = try await catalog.record(
            gemma, commit: commit(1), upstream: "https://hub.example", card: card, leftOut: leftOut,
            manifest: manifest, evidence: [verified])
        let found = try await catalog.snapshot(gemma, Revision(commit(1).hex))
        let snapshot = try #require(found)
        #expect(snapshot.id == recorded.id)
        #expect(snapshot.repository == gemma)
        #expect(try snapshot.commit == commit(1))
        #expect(snapshot.manifest == manifest.digest)
        #expect(snapshot.upstream == "https://hub.example")
        #expect(snapshot.card == card)
        #expect(snapshot.leftOut == leftOut)
        #expect(snapshot.fileCount == 3)
        #expect(snapshot.totalSize == 2_000_000_000_002)
        #expect(snapshot.evidence[.verification]?.summary == "fine")
        #expect(snapshot.evidence[.verification]?.madeAt == verified.madeAt)
        #expect(snapshot.decision == nil)
        #expect(snapshot.revocation == nil)
        #expect(snapshot.promotedAt == nil)
        #expect(snapshot.refs == [])
        #expect(try await catalog.files(of: snapshot.id) == manifest.entries)
        for entry in manifest.entries { #expect(try await catalog.file(entry.path, of: snapshot.id) == entry) }
        #expect(try await catalog.file(RepositoryPath("A"), of: snapshot.id) == nil)
        #expect(try await catalog.file(RepositoryPath("model_safetensors"), of: snapshot.id) == nil)
    }

    @Test func aSecondRecordOfACommitAddsEvidenceAndReplacesTheFiles() async throws {
        let catalog = try TemporaryCatalog().open()
        let refused = try await catalog.record(
            gemma, commit: commit(1), upstream: "https://hub.example", card: ModelCard(), leftOut: [], manifest: nil,
            evidence: [evidence(.verification, .failed, of: nil, summary: "digest mismatch")])
        #expect(refused.manifest == nil)
        #expect(refused.fileCount == 0)
        let manifest = Manifest([try entry("model.safetensors", "w")])
        let again = try await catalog.record(
            gemma, commit: commit(1), upstream: "https://other.example", card: ModelCard(licence: "mit"), leftOut: [],
            manifest: manifest, evidence: [evidence(.verification, of: manifest.digest)])
        #expect(again.id == refused.id)
        #expect(again.manifest == manifest.digest)
        #expect(again.card.licence == "mit")
        #expect(again.evidence[.verification]?.outcome == .passed)
        // A later refusal does not make the bytes that are here unknown.
        let refusedAgain = try await catalog.record(
            gemma, commit: commit(1), upstream: "https://other.example", card: ModelCard(), leftOut: [], manifest: nil,
            evidence: [evidence(.verification, .failed, of: nil)])
        #expect(refusedAgain.manifest == manifest.digest)
        #expect(refusedAgain.fileCount == 1)
        #expect(refusedAgain.evidence[.verification]?.outcome == .failed)
    }

    @Test func theNewestEvidenceOfAKindCounts() async throws {
        let catalog = try TemporaryCatalog().open()
        let snapshot = try await catalog.add(gemma, commit(1), [entry("model.safetensors", "w")])
        for (kind, outcome) in [
            (.smokeTest, .failed), (.inspection, .passed), (.smokeTest, .passed), (.inspection, .warned),
        ] as [(Evidence.Kind, Evidence.Outcome)] {
            try await catalog.append(evidence(kind, outcome, of: snapshot.manifest), to: snapshot.id)
        }
        let found = try await catalog.snapshot(gemma, Revision(commit(1).hex))
        #expect(found?.evidence.mapValues(\.outcome) == [.smokeTest: .passed, .inspection: .warned])
    }

    @Test func evidenceWithoutBytesCanOnlyBeAFailure() async throws {
        let catalog = try TemporaryCatalog().open()
        let snapshot = try await catalog.add(gemma, commit(1), [entry("model.safetensors", "w")])
        await #expect(throws: CatalogError.self) {
            try await catalog.append(evidence(.verification, .passed, of: nil), to: snapshot.id)
        }
        await #expect(throws: CatalogError.self) {
            try await catalog.append(evidence(.verification, of: sha256("x")), to: snapshot.id + 1)
        }
    }

    @Test func aRecordThatFailsLeavesNothingBehind() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let file = try entry("model.safetensors", "w")
        await #expect(throws: CatalogError.self) { try await catalog.add(gemma, commit(1), [file, file]) }
        #expect(try await catalog.snapshots().isEmpty)
        for table in ["repositories", "snapshots", "blobs", "file_entries"] {
            #expect(try temporary.sql("SELECT count(*) FROM \(table)") == [["0"]])
        }
    }

    @Test func aSnapshotIsFoundByItsNameItsCommitOrTheBeginningOfIt() async throws {
        let catalog = try TemporaryCatalog().open()
        let one = try CommitID("abcdef1" + String(repeating: "0", count: 33))
        let two = try CommitID("abcdef1" + String(repeating: "1", count: 33))
        try await catalog.promote(gemma, one, [entry("w.safetensors", "1")], as: ["main", "v1"])
        try await catalog.add(gemma, two, [entry("w.safetensors", "2")])
        func found(_ revision: String, of repository: RepositoryID = gemma) async throws -> CommitID? {
            try await catalog.snapshot(repository, Revision(revision))?.commit
        }
        #expect(try await found("main") == one)
        #expect(try await found("refs/heads/main") == one)
        #expect(try await found("v1") == one)
        #expect(try await found("refs/tags/v1") == one)
        #expect(try await found(two.hex) == two)
        #expect(try await found("abcdef10") == one)
        #expect(try await found("abcdef11") == two)
        #expect(try await found("abcdef1") == nil)
        #expect(try await found("abcdef2") == nil)
        #expect(try await found("MAIN") == nil)
        #expect(try await found("v2") == nil)
        #expect(try await found("main", of: id("google/other")) == nil)
        #expect(try await found(one.hex, of: id("google/other")) == nil)
        #expect(try await catalog.snapshots().map(\.commit) == [two, one])
        #expect(try await catalog.snapshots(of: gemma).count == 2)
        #expect(try await catalog.snapshots(of: id("google/other")).isEmpty)
    }

    @Test func aRepositoryHasTheBlobsOfItsOwnSnapshotsWhileTheyAreKept() async throws {
        let catalog = try TemporaryCatalog().open()
        let config = try entry("config.json", "{}", isLFS: false)
        let weights = try entry("w.safetensors", "w", isLFS: true)
        let snapshot = try await catalog.add(gemma, commit(1), [config, weights])
        #expect(Set(try await catalog.blobs(of: gemma)) == [config, weights])
        // Who only announces a digest has not shown that it has the bytes.
        #expect(try await catalog.blobs(of: id("google/other")).isEmpty)

        try await catalog.decide(decision(.refuse, of: snapshot.manifest), on: snapshot, promoting: [])
        _ = try await catalog.releaseBlobs(of: snapshot)
        #expect(try await catalog.blobs(of: gemma).isEmpty)
        try await catalog.add(id("google/other"), commit(2), [config])
        #expect(try await catalog.blobs(of: gemma) == [config])
        #expect(try await catalog.blobs(of: id("google/other")) == [config])
    }
}

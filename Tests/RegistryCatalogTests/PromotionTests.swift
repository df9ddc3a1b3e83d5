import RegistryCatalog
import RegistryCore
import Testing

@Suite struct PromotionTests {
    @Test func namesMoveOnlyByPromotion() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let first = try await catalog.promote(gemma, commit(1), [entry("w.safetensors", "1")])
        #expect(first.refs == ["main"])
        #expect(first.promotedAt != nil)
        #expect(first.decision?.outcome == .admit)

        let second = try await catalog.add(gemma, commit(2), [entry("w.safetensors", "2")])
        try await catalog.append(evidence(.inspection, of: second.manifest), to: second.id)
        for effect in [Finding.Effect.hold, .refuse] {
            try await catalog.decide(decision(effect, of: second.manifest), on: second, promoting: ["main"])
            #expect(try await catalog.snapshot(gemma, .main)?.id == first.id)
            #expect(try await catalog.snapshot(gemma, Revision(commit(2).hex))?.promotedAt == nil)
        }
        try await catalog.decide(decision(of: second.manifest), on: second, promoting: [])
        #expect(try await catalog.snapshot(gemma, .main)?.id == first.id)

        try await catalog.decide(decision(of: second.manifest), on: second, promoting: ["main", "v2"])
        #expect(try await catalog.snapshot(gemma, .main)?.id == second.id)
        #expect(try await catalog.snapshot(gemma, .main)?.refs == ["main", "v2"])
        #expect(try await catalog.snapshot(gemma, Revision(commit(1).hex))?.refs == [])
        #expect(
            try temporary.sql("SELECT action, subject FROM audit_entries ORDER BY id") == [
                ["admit", "\(gemma)@\(commit(1))"], ["hold", "\(gemma)@\(commit(2))"],
                ["refuse", "\(gemma)@\(commit(2))"], ["admit", "\(gemma)@\(commit(2))"],
                ["admit", "\(gemma)@\(commit(2))"],
            ])
    }

    @Test func aNameThatStaysKeepsItsDate() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let snapshot = try await catalog.promote(gemma, commit(1), [entry("w.safetensors", "1")])
        try temporary.sql("UPDATE refs SET since = '2020-01-01T00:00:00.000Z'")
        try await catalog.decide(decision(of: snapshot.manifest), on: snapshot, promoting: ["main"])
        #expect(try temporary.sql("SELECT since FROM refs") == [["2020-01-01T00:00:00.000Z"]])
        let again = try await catalog.snapshot(gemma, .main)
        #expect(again?.promotedAt == snapshot.promotedAt)
    }

    @Test func oneRepositorysNamesAreNotAnothers() async throws {
        let catalog = try TemporaryCatalog().open()
        try await catalog.promote(gemma, commit(1), [entry("w.safetensors", "1")])
        try await catalog.promote(id("sample/other"), commit(1), [entry("w.safetensors", "1")])
        #expect(try await catalog.snapshot(gemma, .main)?.repository == gemma)
        #expect(try await catalog.snapshot(id("sample/other"), .main)?.repository == id("sample/other"))
    }

    @Test func whatHasNoVerifiedBytesCannotBeAdmitted() async throws {
        let catalog = try TemporaryCatalog().open()
        let snapshot = try await catalog.record(
            gemma, commit: commit(1), upstream: "u", card: ModelCard(), leftOut: [], manifest: nil, evidence: [])
        await #expect(throws: CatalogError.self) {
            try await catalog.decide(decision(of: nil), on: snapshot, promoting: ["main"])
        }
        await #expect(throws: CatalogError.self) {
            try await catalog.decide(decision(of: sha256("other bytes")), on: snapshot, promoting: ["main"])
        }
        #expect(try await catalog.snapshot(gemma, .main) == nil)
        #expect(try await catalog.snapshots().first?.decision == nil)
    }

    @Test func onlyBytesThatNobodyElseNeedsAreReleased() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        func files(_ names: String...) throws -> [FileEntry] { try names.map { try entry("\($0).json", $0) } }
        let refused = try await catalog.add(gemma, commit(1), files("mine", "admitted", "held", "fresh", "gone"))
        try await catalog.promote(id("a/admitted"), commit(2), files("admitted"))
        let held = try await catalog.add(id("a/held"), commit(3), files("held"))
        try await catalog.decide(decision(.hold, of: held.manifest), on: held, promoting: [])
        try await catalog.add(id("a/undecided"), commit(4), files("fresh"))
        let other = try await catalog.add(id("a/refused"), commit(5), files("gone"))
        try await catalog.decide(decision(.refuse, of: other.manifest), on: other, promoting: [])

        try await catalog.decide(decision(.refuse, of: refused.manifest), on: refused, promoting: [])
        let released = Set(try await catalog.releaseBlobs(of: refused))
        #expect(released == [sha256("mine"), sha256("gone")])
        let removed = try temporary.sql("SELECT digest FROM blobs WHERE removed_at IS NOT NULL")
        #expect(Set(removed.compactMap(\.first)) == Set(released.map(\.hex)))
        // What is known of the refused snapshot stays.
        #expect(try await catalog.files(of: refused.id).count == 5)
    }

    @Test func bytesThatComeBackAreKeptAgain() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let snapshot = try await catalog.add(gemma, commit(1), [entry("w.safetensors", "w")])
        try await catalog.decide(decision(.refuse, of: snapshot.manifest), on: snapshot, promoting: [])
        #expect(try await catalog.releaseBlobs(of: snapshot) == [sha256("w")])
        try await catalog.add(gemma, commit(1), [entry("w.safetensors", "w")])
        #expect(try temporary.sql("SELECT count(*) FROM blobs WHERE removed_at IS NOT NULL") == [["0"]])
    }
}

import RegistryCatalog
import RegistryCore
import Testing

@Suite struct RevocationTests {
    @Test func revokingTwiceKeepsTheFirstReason() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let snapshot = try await catalog.promote(gemma, commit(1), [entry("w.safetensors", "1")])
        let revoked = try await catalog.revoke(gemma, commit: nil, reason: "poisoned", actor: "ada")
        #expect(revoked.map(\.id) == [snapshot.id])
        let again = try await catalog.revoke(gemma, commit: nil, reason: "something else", actor: "bob")
        #expect(again.isEmpty)
        #expect(try await catalog.snapshot(gemma, .main)?.revocation?.reason == "poisoned")
        #expect(
            try temporary.sql("SELECT actor, subject, detail FROM audit_entries WHERE action = 'revoke'")
                == [["ada", "\(gemma)@\(commit(1))", "poisoned"]])
    }

    @Test func aRepositoryIsRevokedWithEverySnapshotThatWasPromoted() async throws {
        let catalog = try TemporaryCatalog().open()
        for digit in 1...3 { try await catalog.promote(gemma, commit(digit), [entry("w.safetensors", "\(digit)")]) }
        try await catalog.add(gemma, commit(4), [entry("w.safetensors", "4")])
        try await catalog.promote(id("sample/other"), commit(1), [entry("w.safetensors", "1")])
        let one = try await catalog.revoke(gemma, commit: commit(2), reason: "first", actor: "ada")
        #expect(try one.map(\.commit) == [commit(2)])
        let rest = try await catalog.revoke(gemma, commit: nil, reason: "all", actor: "ada")
        #expect(try rest.map(\.commit) == [commit(3), commit(1)])
        #expect(try await catalog.snapshot(gemma, Revision(commit(4).hex))?.revocation == nil)
        #expect(try await catalog.snapshot(id("sample/other"), .main)?.revocation == nil)
        // What was never promoted can still be named by its commit.
        #expect(try await catalog.revoke(gemma, commit: commit(4), reason: "too", actor: "ada").count == 1)
    }

    @Test func revokingWhatIsUnknownRevokesNothing() async throws {
        let catalog = try TemporaryCatalog().open()
        #expect(try await catalog.revoke(gemma, commit: nil, reason: "r", actor: "ada").isEmpty)
        #expect(try await catalog.revoke(gemma, commit: commit(1), reason: "r", actor: "ada").isEmpty)
    }

    @Test func aRevocationWithoutAReasonIsRefused() async throws {
        let catalog = try TemporaryCatalog().open()
        try await catalog.promote(gemma, commit(1), [entry("w.safetensors", "1")])
        await #expect(throws: CatalogError.self) {
            try await catalog.revoke(gemma, commit: nil, reason: "", actor: "ada")
        }
        #expect(try await catalog.snapshot(gemma, .main)?.revocation == nil)
    }
}

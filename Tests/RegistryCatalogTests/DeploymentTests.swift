import RegistryCatalog
import RegistryCore
import Testing

@Suite struct DeploymentTests {
    private let catalog: Catalog
    private let temporary: TemporaryCatalog
    private let consumer: Int64
    private let sharded: Int64

    /// One snapshot of two weight files, `one` and `two`.
    init() async throws {
        temporary = try TemporaryCatalog()
        catalog = try temporary.open()
        consumer = try await catalog.team("payments")
        sharded = try await catalog.promote(
            gemma, commit(1), [entry("m-1.safetensors", "one"), entry("m-2.safetensors", "two")]
        ).id
    }

    private func model(
        _ path: String, _ weights: String..., claiming repository: String = "", at commit: String = ""
    ) -> SeenModel {
        SeenModel(
            path: path, repository: repository, commit: commit,
            weights: weights.map { SeenModel.Weight(path: "renamed-\($0).bin", size: 100, digest: sha256($0)) })
    }

    private func deployment(_ path: String) async throws -> Deployment? {
        try await catalog.deployments().first { $0.path == path }
    }

    @Test func aModelIsKnownByItsBytesWhateverItsFilesAreCalled() async throws {
        try await catalog.record([model("/srv/x", "two", "one")], on: "h1", by: consumer)
        let seen = try #require(try await deployment("/srv/x"))
        #expect(seen.snapshot == sharded)
        #expect(seen.host == "h1")
        #expect(seen.size == 200)
        #expect(seen.goneAt == nil)
    }

    @Test func aNameAloneMakesNoModelKnown() async throws {
        try await catalog.record(
            [
                model("/a", "other", claiming: gemma.description, at: commit(1).hex),
                model("/b", "one", "other", claiming: gemma.description, at: commit(1).hex),
                model("/c", claiming: gemma.description, at: commit(1).hex),
            ], on: "h1", by: consumer)
        for path in ["/a", "/b", "/c"] {
            let seen = try #require(try await deployment(path))
            #expect(seen.snapshot == nil)
            #expect(seen.claimedRepository == gemma.description)
            #expect(try seen.claimedCommit == commit(1).hex)
        }
    }

    @Test func ofSnapshotsWithTheSameBytesTheClaimedOneIsMeant() async throws {
        let files = [try entry("m-1.safetensors", "one"), try entry("m-2.safetensors", "two")]
        let copy = try await catalog.promote(id("sample/copy"), commit(2), files).id
        let newest = try await catalog.promote(id("sample/newest"), commit(3), files).id
        try await catalog.record(
            [
                model("/commit", "one", "two", claiming: "who/knows", at: commit(1).hex),
                model("/name", "one", "two", claiming: "sample/copy"),
                model("/nothing", "one", "two"),
            ], on: "h1", by: consumer)
        #expect(try await deployment("/commit")?.snapshot == sharded)
        #expect(try await deployment("/name")?.snapshot == copy)
        #expect(try await deployment("/nothing")?.snapshot == newest)
    }

    @Test func whatTheNextReportDoesNotNameIsGone() async throws {
        try await catalog.record([model("/a", "one", "two"), model("/b", "x")], on: "h1", by: consumer)
        try await catalog.record([model("/a", "one", "two")], on: "h2", by: consumer)
        try await catalog.record([model("/b", "x")], on: "h1", by: consumer)
        let gone = try await catalog.deployments().filter { $0.goneAt != nil }
        #expect(gone.map(\.host) == ["h1"])
        #expect(gone.map(\.path) == ["/a"])
        // It comes back.
        try await catalog.record([model("/a", "one", "two"), model("/b", "x")], on: "h1", by: consumer)
        #expect(try await catalog.deployments().allSatisfy { $0.goneAt == nil })
        try await catalog.record([], on: "h1", by: consumer)
        #expect(try await catalog.deployments().filter { $0.goneAt != nil }.count == 2)
    }

    @Test func goneStaysGoneSinceThen() async throws {
        try await catalog.record([model("/a", "x")], on: "h1", by: consumer)
        try await catalog.record([], on: "h1", by: consumer)
        try temporary.sql("UPDATE deployments SET gone_at = '2020-01-01T00:00:00.000Z'")
        try await catalog.record([], on: "h1", by: consumer)
        #expect(try await deployment("/a")?.goneAt?.text == "2020-01-01T00:00:00.000Z")
    }

    @Test func aRenamedFolderIsGoneUnderItsOldNameAndHereUnderTheNew() async throws {
        try await catalog.record([model("/old", "one", "two")], on: "h1", by: consumer)
        try await catalog.record([model("/new", "one", "two")], on: "h1", by: consumer)
        #expect(try await deployment("/old")?.goneAt != nil)
        #expect(try await deployment("/new")?.goneAt == nil)
        #expect(try await deployment("/new")?.snapshot == sharded)
    }

    @Test func otherBytesAtAPathAreSeenForTheFirstTime() async throws {
        try await catalog.record([model("/a", "x")], on: "h1", by: consumer)
        let past = "2020-01-01T00:00:00.000Z"
        try temporary.sql("UPDATE deployments SET first_seen_at = '\(past)'")
        try await catalog.record([model("/a", "x")], on: "h1", by: consumer)
        #expect(try await deployment("/a")?.firstSeenAt.text == past)
        try await catalog.record([model("/a", "y")], on: "h1", by: consumer)
        #expect(try await deployment("/a")?.firstSeenAt.text != past)
    }

    @Test func aModelThatEntersTheRegistryLaterIsKnownAtTheNextReport() async throws {
        try await catalog.record([model("/a", "new")], on: "h1", by: consumer)
        #expect(try await deployment("/a")?.snapshot == nil)
        let snapshot = try await catalog.promote(id("sample/new"), commit(7), [entry("w.safetensors", "new")])
        try await catalog.record([model("/a", "new")], on: "h1", by: consumer)
        #expect(try await deployment("/a")?.snapshot == snapshot.id)
    }

    @Test func reportsWithinOneMillisecondStillTellWhatIsGone() async throws {
        for _ in 0..<20 {
            try await catalog.record([model("/a", "x")], on: "h1", by: consumer)
            try await catalog.record([model("/b", "x")], on: "h1", by: consumer)
            #expect(try await catalog.deployments().filter { $0.goneAt == nil }.map(\.path) == ["/b"])
        }
    }
}

import RegistryCatalog
import RegistryCore
import Testing

@Suite struct ConsumerTests {
    @Test func aConsumerIsFoundByItsDigestAndTheTokenIsKeptNowhere() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let token = "hf_aVerySecretToken"
        let consumer = try await catalog.addToken(
            sha256(token), label: "ci runner", team: "payments", environment: .ci, sector: "finance",
            useCase: "fraud", actor: "ada")
        #expect(try await catalog.consumer(token: sha256(token)) == consumer)
        #expect(consumer.label == "payments (ci)")
        #expect(try await catalog.consumer(token: sha256("another")) == nil)
        #expect(try temporary.sql("SELECT digest FROM tokens") == [[sha256(token).hex]])
        #expect(
            try temporary.sql("SELECT actor, action, subject, detail FROM audit_entries")
                == [["ada", "create token", "payments (ci)", "ci runner"]])

        try temporary.sql("UPDATE tokens SET revoked_at = '2026-01-01T00:00:00.000Z'")
        #expect(try await catalog.consumer(token: sha256(token)) == nil)
    }

    @Test func aTokenIsIssuedOnce() async throws {
        let catalog = try TemporaryCatalog().open()
        for team in ["one", "two"] {
            func add() async throws -> Consumer {
                try await catalog.addToken(
                    sha256("t"), label: "", team: team, environment: .production, sector: "", useCase: "", actor: "ada")
            }
            if team == "one" {
                _ = try await add()
            } else {
                await #expect(throws: CatalogError.self) { try await add() }
            }
        }
        #expect(try await catalog.consumer(token: sha256("t"))?.team == "one")
    }

    @Test func theSameDescriptionIsTheSameConsumer() async throws {
        let catalog = try TemporaryCatalog().open()
        let one = try await catalog.consumer(.token, team: "a", environment: .ci, sector: "s", useCase: "u")
        let same = try await catalog.consumer(.token, team: "a", environment: .ci, sector: "s", useCase: "u")
        #expect(one == same)
        var others: Set<Int64> = [one.id]
        for other in [
            try await catalog.consumer(.anonymous, team: "a", environment: .ci, sector: "s", useCase: "u"),
            try await catalog.consumer(.token, team: "A", environment: .ci, sector: "s", useCase: "u"),
            try await catalog.consumer(.token, team: "a", environment: .production, sector: "s", useCase: "u"),
            try await catalog.consumer(.token, team: "a", environment: .ci, sector: "", useCase: "u"),
            try await catalog.consumer(.token, team: "a", environment: .ci, sector: "s", useCase: ""),
        ] {
            #expect(others.insert(other.id).inserted)
        }
        #expect(
            try await catalog.consumer(.anonymous, team: "10.1.2.3", environment: .unknown).label
                == "anonymous 10.1.2.3")
    }

    @Test func manyAtOnceFindOneConsumer() async throws {
        let catalog = try TemporaryCatalog().open()
        let ids = try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<50 {
                group.addTask { try await catalog.consumer(.anonymous, team: "10.0.0.1", environment: .unknown).id }
            }
            return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
    }

    @Test func aConsumerWithoutATeamIsRefused() async throws {
        let catalog = try TemporaryCatalog().open()
        await #expect(throws: CatalogError.self) {
            try await catalog.consumer(.token, team: "", environment: .production)
        }
    }
}

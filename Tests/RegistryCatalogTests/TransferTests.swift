import RegistryCatalog
import RegistryCore
import Testing

@Suite struct TransferTests {
    /// A catalogue with one snapshot of two files, the weights 100 bytes long.
    private let catalog: Catalog
    private let temporary: TemporaryCatalog
    private let snapshot: Int64
    private let consumer: Int64

    init() async throws {
        temporary = try TemporaryCatalog()
        catalog = try temporary.open()
        snapshot = try await catalog.promote(
            gemma, commit(1), [entry("model.safetensors", "w", size: 100), entry("config.json", "{}", size: 2)]
        ).id
        consumer = try await catalog.team("payments")
    }

    private func transfer(
        _ outcome: Transfer.Outcome, _ path: String = "model.safetensors", start: Int64 = 0, sent: Int64 = 100,
        by consumer: Int64? = nil, of snapshot: Int64? = nil
    ) throws -> Transfer {
        Transfer(
            consumer: consumer ?? self.consumer, snapshot: snapshot ?? self.snapshot, path: try RepositoryPath(path),
            outcome: outcome, start: start, sent: sent, agent: "hf_hub/0.36.2")
    }

    @Test func aPullCountsOnceForAConsumerAndASnapshot() async throws {
        for _ in 0..<3 { try await catalog.record([transfer(.complete), transfer(.complete, "config.json", sent: 2)]) }
        var count = try #require(try await catalog.pullCounts()[snapshot])
        #expect(count.pulls == 1)
        #expect(count.unfinished == 0)
        #expect(count.bytes == 306)

        let other = try await catalog.team("search")
        try await catalog.record([transfer(.complete, by: other)])
        let next = try await catalog.promote(gemma, commit(2), [entry("model.safetensors", "w2", size: 100)])
        try await catalog.record([transfer(.complete, of: next.id)])
        count = try #require(try await catalog.pullCounts()[snapshot])
        #expect(count.pulls == 2)
        #expect(try await catalog.pullCounts()[next.id]?.pulls == 1)
    }

    @Test func theFirstCompletionIsTheOneThatIsKept() async throws {
        try await catalog.record([transfer(.complete)])
        let first = try #require(try await catalog.pulls().first?.completedAt)
        try temporary.sql("UPDATE pulls SET completed_at = '2020-01-01T00:00:00.000Z'")
        try await catalog.record([transfer(.complete)])
        let kept = try #require(try await catalog.pulls().first?.completedAt)
        #expect(kept.text == "2020-01-01T00:00:00.000Z")
        #expect(kept != first)
    }

    @Test func headersAloneAreKeptAndNoPull() async throws {
        try await catalog.record([transfer(.head, sent: 0), transfer(.head, sent: 0)])
        var expected = PullCount()
        expected.heads = 2
        #expect(try await catalog.pullCounts()[snapshot] == expected)
        #expect(try await catalog.pulls().isEmpty)
    }

    @Test func partialAndAbortedTransfersAreKeptMarkedAndNoPull() async throws {
        try await catalog.record([
            transfer(.partial, start: 0, sent: 10), transfer(.partial, start: 50, sent: 10),
            transfer(.aborted, sent: 30), transfer(.complete, "config.json", sent: 2),
        ])
        let count = try #require(try await catalog.pullCounts()[snapshot])
        #expect(count.pulls == 0)
        #expect(count.unfinished == 1)
        #expect(count.partial == 2)
        #expect(count.aborted == 1)
        #expect(count.bytes == 52)
        #expect(try await catalog.pulls().first?.completedAt == nil)
        #expect(try temporary.sql("SELECT count(*) FROM transfers") == [["4"]])
    }

    @Test(
        arguments: [
            ([(0, 50), (50, 50)], true), ([(50, 50), (0, 50)], true), ([(0, 60), (40, 60)], true),
            ([(10, 90), (0, 10)], true), ([(90, 10), (0, 30), (30, 60)], true), ([(0, 100)], true), ([(0, 200)], true),
            ([(0, 100), (100, 0)], true), ([(0, 10), (0, 90), (5, 10), (80, 20)], true),
            ([(0, 50), (51, 49)], false), ([(0, 99)], false), ([(1, 99)], false), ([(0, 50), (0, 50)], false),
            ([(0, 0)], false), ([(0, 10), (90, 10), (20, 60)], false), ([(100, 100)], false),
        ] as [([(Int64, Int64)], Bool)])
    func rangesCompleteAPullWhenTheyLeaveNoGap(ranges: [(start: Int64, sent: Int64)], isComplete: Bool) async throws {
        try await catalog.record(ranges.map { try transfer(.partial, start: $0.start, sent: $0.sent) })
        #expect(try await catalog.pullCounts()[snapshot]?.pulls == (isComplete ? 1 : 0))
    }

    @Test func aResumedDownloadCompletesAPull() async throws {
        try await catalog.record([transfer(.aborted, start: 0, sent: 30)])
        try await catalog.record([transfer(.aborted, start: 30, sent: 20)])
        #expect(try await catalog.pullCounts()[snapshot]?.pulls == 0)
        try await catalog.record([transfer(.partial, start: 50, sent: 50)])
        #expect(try await catalog.pullCounts()[snapshot]?.pulls == 1)
    }

    @Test func twoConsumersHalvesMakeNoWhole() async throws {
        let other = try await catalog.team("search")
        try await catalog.record([
            transfer(.partial, start: 0, sent: 50), transfer(.partial, start: 50, sent: 50, by: other),
        ])
        #expect(try await catalog.pullCounts()[snapshot]?.pulls == 0)
    }

    @Test func everyWeightFileIsNeeded() async throws {
        let shards = try (1...3).map { try entry("model-0000\($0)-of-00003.safetensors", "\($0)", size: 100) }
        let sharded = try await catalog.promote(id("sample/sharded"), commit(3), shards + [entry("README.md", "r")]).id
        for (index, shard) in shards.enumerated() {
            #expect(try await catalog.pullCounts()[sharded]?.pulls ?? 0 == 0)
            try await catalog.record([transfer(.complete, shard.path.text, of: sharded)])
            #expect(try await catalog.pullCounts()[sharded]?.pulls == (index == 2 ? 1 : 0))
        }
    }

    @Test func aThousandTransfersAreRecordedInOneBatch() async throws {
        let teams = try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 0..<50 { group.addTask { [catalog] in try await catalog.team("team \(number)") } }
            return try await group.reduce(into: [Int64]()) { $0.append($1) }
        }
        // Twenty ranges of 5 bytes for each of fifty teams, mixed.
        let batch = try (0..<1000).map { number in
            try transfer(.partial, start: Int64(number / 50) * 5, sent: 5, by: teams[number % 50])
        }
        try await catalog.record(batch)
        let count = try #require(try await catalog.pullCounts()[snapshot])
        #expect(count.pulls == 50)
        #expect(count.partial == 1000)
        #expect(count.bytes == 5000)
        #expect(try await catalog.pulls(of: [snapshot]).count == 50)
    }

    @Test func aBatchIsRecordedWholeOrNotAtAll() async throws {
        await #expect(throws: CatalogError.self) {
            try await catalog.record([transfer(.complete), transfer(.complete, by: 999_999)])
        }
        #expect(try await catalog.pullCounts().isEmpty)
        #expect(try temporary.sql("SELECT count(*) FROM transfers") == [["0"]])
    }

    @Test func pullsSayWhoFetchedWhat() async throws {
        try await catalog.record([transfer(.complete)])
        let pull = try #require(try await catalog.pulls(of: [snapshot]).first)
        #expect(pull.repository == gemma)
        #expect(try pull.commit == commit(1))
        #expect(pull.consumer.team == "payments")
        #expect(pull.consumer.id == consumer)
        #expect(pull.bytes == 100)
        #expect(try await catalog.pulls(of: []).isEmpty)
        #expect(try await catalog.pulls(of: [snapshot + 1]).isEmpty)
        #expect(try await catalog.pulls().count == 1)
    }
}

import RegistryOperations
import Testing

@Suite struct TestTurnTests {
    /// A test that runs until it is told to end.
    private struct Running {
        let task: Task<Void, any Error>
        private let began: AsyncStream<Void>
        private let end: AsyncStream<Void>.Continuation

        init(_ need: Int64, isUrgent: Bool = true, in turn: TestTurn) {
            let (began, announce) = AsyncStream<Void>.makeStream()
            let (ends, end) = AsyncStream<Void>.makeStream()
            self.began = began
            self.end = end
            task = Task {
                defer { announce.finish() }
                try await turn.hold(need, isUrgent: isUrgent, say: { _ in }) {
                    announce.yield()
                    for await _ in ends {}
                }
            }
        }

        /// False where it ended without having run.
        func hasBegun() async -> Bool {
            for await _ in began { return true }
            return false
        }

        func finish() async throws {
            end.finish()
            try await task.value
        }
    }

    private func turn(_ available: Int64, cores: Int = 8) -> TestTurn {
        TestTurn { MemoryBudget(available: available, cores: cores) }
    }

    private func waiting(_ count: Int, in turn: TestTurn) async {
        while await turn.queued != count { await Task.yield() }
    }

    @Test func testsThatFitRunTogetherAndTheOthersWait() async throws {
        let turn = turn(10)
        let first = Running(6, in: turn)
        #expect(await first.hasBegun())
        let second = Running(4, in: turn)
        #expect(await second.hasBegun())
        let third = Running(5, in: turn)
        await waiting(1, in: turn)
        try await first.finish()
        #expect(await third.hasBegun())
        try await second.finish()
        try await third.finish()
    }

    @Test func noMoreRunAtOnceThanThereAreCores() async throws {
        let turn = turn(.max, cores: 1)
        let first = Running(1, in: turn)
        #expect(await first.hasBegun())
        let second = Running(1, in: turn)
        await waiting(1, in: turn)
        try await first.finish()
        #expect(await second.hasBegun())
        try await second.finish()
    }

    @Test func whoSomebodyWaitsForGoesBeforeTheBackground() async throws {
        let turn = turn(1)
        let running = Running(1, in: turn)
        #expect(await running.hasBegun())
        let background = Running(1, isUrgent: false, in: turn)
        await waiting(1, in: turn)
        let urgent = Running(1, in: turn)
        await waiting(2, in: turn)
        try await running.finish()
        #expect(await urgent.hasBegun())
        #expect(await turn.queued == 1)
        try await urgent.finish()
        #expect(await background.hasBegun())
        try await background.finish()
    }

    @Test func whoIsCancelledWhileWaitingHoldsUpNobody() async throws {
        let turn = turn(10)
        let first = Running(6, in: turn)
        #expect(await first.hasBegun())
        let large = Running(9, in: turn)
        await waiting(1, in: turn)
        let small = Running(4, in: turn)
        await waiting(2, in: turn)
        large.task.cancel()
        await #expect(throws: CancellationError.self) { try await large.task.value }
        #expect(await !large.hasBegun())
        #expect(await small.hasBegun())
        try await small.finish()
        try await first.finish()
    }
}

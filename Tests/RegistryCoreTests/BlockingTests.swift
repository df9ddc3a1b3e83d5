import Foundation
import RegistryCore
import Testing

@Suite struct BlockingTests {
    private struct Trouble: Error {}

    @Test func blockingWorkAnswersAndThrows() async throws {
        #expect(try await blocking { 42 } == 42)
        await #expect(throws: Trouble.self) { try await blocking { throw Trouble() } }
    }

    @Test func manyBlockedWorkersLeaveTheCooperativePoolFree() async throws {
        // More workers than the pool has threads, all waiting for a signal that only a task of the pool gives.
        let gate = DispatchSemaphore(value: 0)
        let workers = ProcessInfo.processInfo.activeProcessorCount + 2
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<workers { group.addTask { try await blocking { gate.wait() } } }
            group.addTask { for _ in 0..<workers { gate.signal() } }
            try await group.waitForAll()
        }
    }
}

import Foundation
import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

/// What upstream says of its limits is kept by all requests of a kind.
@Suite struct RequestBudgetTests {
    @Test func aWindowThatIsUsedUpIsWaitedOutRatherThanRunInto() async throws {
        let waits = Collected<UpstreamWait>()
        let spent = Fault(.header("RateLimit: \"api\";r=0;t=1"), at: "/revision/", times: 1)
        // The window, the second after it, and up to four of jitter.
        var attempts = AttemptPolicy.quick
        attempts.longestWait = .seconds(7)
        try await TemporaryHub.running(faults: [spent], attempts: attempts, waiting: { waits.append($0) }) {
            client, log in
            _ = try await client.revision(.main, of: tiny)
            #expect(waits.values.isEmpty)
            _ = try await client.revision(.main, of: tiny)
            #expect(waits.values.count == 1)
            #expect(log.entries.count == 2)
            let text = waits.values.first.map { "\($0)" } ?? ""
            #expect(text.hasPrefix("waiting until ") && text.contains(" UTC, "), "\(text)")
        }
    }

    @Test func anotherKindOfRequestDoesNotWait() async throws {
        let waits = Collected<UpstreamWait>()
        let spent = Fault(.header("RateLimit: \"api\";r=0;t=300"), at: "/tree/", times: 1)
        try await TemporaryHub.running(faults: [spent], waiting: { waits.append($0) }) { client, _ in
            let (commit, file) = try await client.file("config.json")
            try await client.fetch(file, of: tiny, at: commit, into: MemorySink(size: file.size))
            #expect(waits.values.isEmpty)
            // The window is longer than anybody wants to wait here.
            let error = await failure { try await client.revision(.main, of: tiny) }
            guard case .rateLimited(_, let seconds?)? = error as? UpstreamError else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect((295...306).contains(seconds))
        }
    }

    @Test(arguments: ["Retry-After: 1", "Retry-After: \(httpDate(in: 2))"])
    func aRefusalMakesAllOfItsKindWait(header: String) async throws {
        let waits = Collected<UpstreamWait>()
        let storm = Fault(.status(429, header: header), at: "/revision/", times: 1)
        try await TemporaryHub.running(faults: [storm], waiting: { waits.append($0) }) { client, log in
            try await withThrowingTaskGroup(of: Void.self) { group in
                _ = await failure { try await client.revision(.main, of: id("google/none")) }
                for _ in 0..<4 { group.addTask { _ = try await client.revision(.main, of: tiny) } }
                try await group.waitForAll()
            }
            #expect(log.entries.count == 6)
            #expect(!waits.values.isEmpty)
        }
    }

    /// A hub that asks for silence until the end of days is asked again all the same.
    @Test(arguments: ["Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", "Retry-After: 99999999999"])
    func aTimeThatNobodyLivesToSeeIsNoReasonToStop(header: String) async throws {
        let storm = Fault(.status(429, header: header), at: "/revision/", times: 3)
        try await TemporaryHub.running(faults: [storm]) { client, log in
            await #expect(throws: UpstreamError.rateLimited(endpoint: client.endpoint, seconds: nil)) {
                try await client.revision(.main, of: tiny)
            }
            _ = try await client.revision(.main, of: tiny)
            #expect(log.entries.count == 4)
        }
    }

    @Test(arguments: [
        "", "nonsense", "\"api\"", "\"api\";r=;t=", "\"api\";r=-1;t=5", "\"api\";r=0;t=99999999999999999999", "r=0",
        "\"api\";t=5", "\"api\";r=0;t=86401",
    ])
    func whatCannotBeReadLimitsNothing(value: String) async throws {
        let waits = Collected<UpstreamWait>()
        let odd = Fault(.header("RateLimit: \(value)"), at: "/revision/")
        try await TemporaryHub.running(faults: [odd], waiting: { waits.append($0) }) { client, _ in
            for _ in 0..<3 { _ = try await client.revision(.main, of: tiny) }
            #expect(waits.values.isEmpty)
        }
    }

    private static func httpDate(in seconds: TimeInterval) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.string(from: Date(timeIntervalSinceNow: seconds))
    }
}

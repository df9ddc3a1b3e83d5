import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

/// Trouble that may pass: what is waited for, how often, and what it is called when it does not pass.
@Suite struct TroubleTests {
    @Test func aServerInTroubleIsAskedAgainAndThenNamed() async throws {
        try await TemporaryHub.running(faults: [Fault(.status(503), times: 2)]) { client, log in
            _ = try await client.revision(.main, of: tiny)
            #expect(log.entries.count == 3)
        }
        try await TemporaryHub.running(faults: [Fault(.status(502))]) { client, log in
            await #expect(throws: UpstreamError.serverTrouble(endpoint: client.endpoint, status: 502)) {
                try await client.revision(.main, of: tiny)
            }
            #expect(log.entries.count == 3)
        }
    }

    @Test func troubleIsNeverCalledNotFound() async throws {
        let faults = [Fault(.status(500, header: "X-Error-Code: RepoNotFound"))]
        try await TemporaryHub.running(faults: faults) { client, _ in
            await #expect(throws: UpstreamError.serverTrouble(endpoint: client.endpoint, status: 500)) {
                try await client.revision(.main, of: tiny)
            }
        }
        try await TemporaryHub.running(faults: [Fault(.status(404))]) { client, _ in
            let error = await failure { try await client.revision(.main, of: tiny) }
            guard case .protocolViolation? = error as? UpstreamError else {
                Issue.record("a bare 404 is no Hub's answer, got \(String(describing: error))")
                return
            }
        }
    }

    @Test func aRateLimitIsWaitedOutAsLongAsUpstreamAsks() async throws {
        let waits = Collected<UpstreamWait>()
        let faults = [Fault(.rateLimit(seconds: 0), times: 1), Fault(.status(429, header: "Retry-After: 0"), times: 1)]
        try await TemporaryHub.running(faults: faults, waiting: { waits.append($0) }) { client, log in
            let start = ContinuousClock.now
            _ = try await client.revision(.main, of: tiny)
            // `t=0` means: within this second, so one is added.
            #expect(ContinuousClock.now - start >= .seconds(1))
            #expect(log.entries.count == 3)
        }
        #expect(waits.values.count == 2)
        #expect(waits.values.first?.description.contains("is limiting our rate; try again in 1 s") == true)
    }

    @Test func aRateLimitBeyondPatienceIsNamedWithItsTime() async throws {
        try await TemporaryHub.running(faults: [Fault(.rateLimit(seconds: 240))]) { client, log in
            await #expect(throws: UpstreamError.rateLimited(endpoint: client.endpoint, seconds: 241)) {
                try await client.revision(.main, of: tiny)
            }
            #expect(log.entries.count == 1)
        }
    }

    @Test func anUpstreamThatIsDownIsUnreachable() async throws {
        // A port that was free a moment ago, and belongs to nobody now.
        let endpoint = try await TemporaryHub.running { client, _ in client.endpoint }
        let client = try HubClient(endpoint: endpoint, attempts: .quick)
        let error = await failure { try await client.revision(.main, of: tiny) }
        #expect(
            error.map { "\($0)" }
                == "\(endpoint) is unreachable: couldn't connect to server; "
                + "check the address, the network and https_proxy")
    }

    @Test func anUpstreamThatGoesDownInTheMiddleIsUnreachableAndTheSinkKeepsWhatCame() async throws {
        let (down, hasGone) = AsyncStream.makeStream(of: Void.self)
        let sink = MemorySink()
        let client = Collected<HubClient>()
        let fault = Fault(.cut(after: 1_000_000), at: "/storage/", times: 1)
        let error = try await withThrowingTaskGroup(of: (any Error)?.self) { group in
            let (started, start) = AsyncStream.makeStream(of: (CommitID, UpstreamFile).self)
            group.addTask {
                try await TemporaryHub.running(faults: [fault]) { own, _ in
                    // A client of its own: that of `running` closes together with the hub.
                    client.append(
                        try HubClient(
                            endpoint: own.endpoint, attempts: .quick,
                            options: HubOptions(redirectHosts: ["localhost"]), waiting: { _ in hasGone.finish() }))
                    start.yield(try await own.file("model.safetensors"))
                    start.finish()
                    for await _ in down {}
                }
                return nil
            }
            group.addTask {
                for await (commit, file) in started {
                    guard let client = client.values.first else { continue }
                    return await failure { try await client.fetch(file, of: tiny, at: commit, into: sink) }
                }
                return nil
            }
            var errors: [any Error] = []
            for try await error in group { if let error { errors.append(error) } }
            return errors.first
        }
        // The hub may have answered once more while it went down, but never to the end of three broken attempts.
        if let error {
            guard case .unreachable? = error as? UpstreamError else {
                Issue.record("expected unreachable, got \(error)")
                return
            }
        }
        #expect(sink.bytes.count >= 1_000_000)
        #expect(TemporaryHub.weights.starts(with: sink.bytes))
    }

    @Test func silenceHasADeadline() async throws {
        var policy = AttemptPolicy.quick
        policy.attempts = 2
        policy.deadlines.firstByte = .milliseconds(150)
        try await TemporaryHub.running(
            faults: [Fault(.silence(.seconds(600)))], attempts: policy
        ) { client, log in
            await #expect(
                throws: UpstreamError.unreachable(
                    endpoint: "\(client.endpoint)", reason: "no answer within 1 s")
            ) {
                try await client.revision(.main, of: tiny)
            }
            #expect(log.entries.count == 2)
        }
    }

    @Test func aClosedClientEndsWhatIsUnderWay() async throws {
        try await TemporaryHub.running(faults: [Fault(.silence(.seconds(600)))]) { client, log in
            async let error = failure { try await client.revision(.main, of: tiny) }
            while log.entries.isEmpty { await Task.yield() }
            client.close()
            #expect(await error is CancellationError)
            #expect(await failure { try await client.revision(.main, of: tiny) } is CancellationError)
        }
    }
}

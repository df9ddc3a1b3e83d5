import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

@Suite struct FetchTests {
    @Test(arguments: [
        ("model.safetensors", TemporaryHub.weights), ("config.json", TemporaryHub.config), ("empty.txt", []),
        ("sub/dir/more notes é.txt", Array("notes".utf8)),
    ])
    func everyKindOfFileArrivesBitForBit(path: String, expected: [UInt8]) async throws {
        try await TemporaryHub.running { client, _ in
            let (commit, file) = try await client.file(path)
            let (sink, progress) = (MemorySink(size: file.size), Collected<Int64>())
            try await client.fetch(file, of: tiny, at: commit, into: sink) { progress.append($0) }

            #expect(sink.bytes == expected)
            #expect(progress.values.last ?? 0 == file.size)
            #expect(progress.values == progress.values.sorted())
            #expect(file.lfsDigest.map { $0 == ContentDigests.sha256(of: expected) } ?? true)
            #expect(file.lfsDigest != nil || file.gitObject == ContentDigests.gitObject(of: expected))
        }
    }

    @Test func aBrokenTransferAsksOnlyForTheRest() async throws {
        let cut = Fault(.cut(after: 1_000_000), at: "/storage/", times: 1)
        try await TemporaryHub.running(faults: [cut]) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink()
            try await client.fetch(file, of: tiny, at: commit, into: sink)

            #expect(sink.bytes == TemporaryHub.weights)
            #expect(sink.restarts == 0)
            let storage = log.entries.filter { $0.target.hasPrefix("/storage/") }
            #expect(storage.map(\.range) == [nil, "bytes=1000000-2999999"])
        }
    }

    @Test func severalBreaksInARowAreOvercomeWhileBytesKeepComing() async throws {
        let cuts = Fault(.cut(after: 400_000), at: "/storage/", times: 7)
        try await TemporaryHub.running(faults: [cuts]) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink()
            try await client.fetch(file, of: tiny, at: commit, into: sink)
            #expect(sink.bytes == TemporaryHub.weights)
            #expect(log.entries.filter { $0.target.hasPrefix("/storage/") }.count == 8)
        }
    }

    @Test func aFetchGoesOnWhereAnEarlierOneStopped() async throws {
        try await TemporaryHub.running { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink(TemporaryHub.weights[..<123_456], validator: file.storageTag)
            try await client.fetch(file, of: tiny, at: commit, into: sink)
            #expect(sink.bytes == TemporaryHub.weights)
            // The range goes along on every hop: resolve and storage.
            let asked = log.entries.filter { !$0.target.hasPrefix("/api/models/") }.map(\.range)
            #expect(asked == ["bytes=123456-2999999", "bytes=123456-2999999"])
        }
    }

    @Test func theWholeInsteadOfTheRestRestartsTheSink() async throws {
        let fault = Fault(.wholeInsteadOfRange, at: "/storage/")
        try await TemporaryHub.running(faults: [fault]) { client, _ in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink(TemporaryHub.weights[..<500_000], validator: file.storageTag)
            try await client.fetch(file, of: tiny, at: commit, into: sink)
            #expect(sink.bytes == TemporaryHub.weights)
            #expect(sink.restarts == 1)
        }
    }

    @Test func aCompleteFileNeedsNoRequest() async throws {
        try await TemporaryHub.running { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let before = log.entries.count
            try await client.fetch(file, of: tiny, at: commit, into: MemorySink(TemporaryHub.weights[...]))
            #expect(log.entries.count == before)
        }
    }

    @Test func manyFilesArriveAtOnce() async throws {
        try await TemporaryHub.running { client, _ in
            let (commit, file) = try await client.file("model.safetensors")
            let sinks = (0..<12).map { _ in MemorySink() }
            try await withThrowingTaskGroup { group in
                for sink in sinks { group.addTask { try await client.fetch(file, of: tiny, at: commit, into: sink) } }
                try await group.waitForAll()
            }
            for sink in sinks { #expect(sink.bytes == TemporaryHub.weights) }
        }
    }

    @Test func anExpiredAddressIsAskedForAgainOnce() async throws {
        let fault = Fault(.expiredSignature, at: "/resolve/", times: 1)
        try await TemporaryHub.running(faults: [fault]) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink()
            try await client.fetch(file, of: tiny, at: commit, into: sink)
            #expect(sink.bytes == TemporaryHub.weights)
            #expect(log.entries.filter { $0.target.contains("/resolve/") }.count == 2)
        }
        try await TemporaryHub.running(faults: [Fault(.expiredSignature, at: "/resolve/")]) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let error = await failure { try await client.fetch(file, of: tiny, at: commit, into: MemorySink()) }
            guard case .storageRefused(let endpoint, 403)? = error as? UpstreamError else {
                return #expect(error == nil, "a refusal was expected")
            }
            #expect(endpoint.hasPrefix("http://localhost:"))
            #expect(log.entries.filter { $0.target.contains("/resolve/") }.count == 2)
        }
    }

    @Test func aFullDiskComesBackUnchangedAndIsNotTriedAgain() async throws {
        try await TemporaryHub.running { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink(limit: 1_000_000)
            await #expect(throws: MemorySink.DiskFull()) {
                try await client.fetch(file, of: tiny, at: commit, into: sink)
            }
            #expect(log.entries.filter { $0.target.hasPrefix("/storage/") }.count == 1)
        }
    }

    /// What came of an answer that broke off reaches the sink at its end.
    @Test func aDiskThatIsFullForTheLastBytesOfABrokenAnswerIsNotTriedAgain() async throws {
        let cut = Fault(.cut(after: 100_000), at: "/storage/")
        try await TemporaryHub.running(faults: [cut]) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink(limit: 99_999)
            await #expect(throws: MemorySink.DiskFull()) {
                try await client.fetch(file, of: tiny, at: commit, into: sink)
            }
            #expect(log.entries.filter { $0.target.hasPrefix("/storage/") }.count == 1)
        }
    }

    @Test func cancellingTheTaskAbortsTheTransfer() async throws {
        let fault = Fault(.silence(.seconds(600)), at: "/storage/")
        try await TemporaryHub.running(faults: [fault]) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let asked = AsyncStream.makeStream(of: Void.self)
            let error = await withTaskGroup(of: (any Error)?.self) { group in
                group.addTask {
                    await failure { try await client.fetch(file, of: tiny, at: commit, into: MemorySink()) }
                }
                group.addTask {
                    while !log.entries.contains(where: { $0.target.hasPrefix("/storage/") }) { await Task.yield() }
                    asked.continuation.finish()
                    return nil
                }
                for await _ in asked.stream {}
                group.cancelAll()
                var errors: [any Error] = []
                for await error in group { if let error { errors.append(error) } }
                return errors.first
            }
            #expect(error is CancellationError)
        }
    }
}

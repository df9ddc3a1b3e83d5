import Foundation
import RegistryCore
import RegistryUpstream
import SampleHub
import Synchronization
import Testing

final class CountingSink: ByteSink, @unchecked Sendable {
    var count = 0
    let digests: ContentDigests?
    init(hashing: Bool) { digests = hashing ? ContentDigests(size: 1 << 30) : nil }
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        count += bytes.count
        digests?.update(bytes)
    }
    func restart() throws {}
}

@Suite struct ZMeasure {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["MEASURE"] != nil)) func rate() async throws {
        let hub = try SampleHub(folder: "/tmp/hubtest/big")
        try await hub.whileRunning { endpoint in
            let client = try HubClient(endpoint: endpoint)
            defer { client.close() }
            let repository = try RepositoryID("sample/big")
            let commit = try await client.revision(.main, of: repository).commit
            let files = try await client.tree(of: repository, at: commit)
            guard let file = files.first(where: { $0.size > 1000 }) else { return }
            for hashing in [false, true, false, true] {
                let sink = CountingSink(hashing: hashing)
                let start = ContinuousClock.now
                try await client.fetch(file, of: repository, at: commit, into: sink)
                print("MEASURE hashing=\(hashing) \(sink.count) bytes in \(ContinuousClock.now - start)")
            }
        }
    }
}

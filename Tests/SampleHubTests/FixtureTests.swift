import Foundation
import RegistryCore
import RegistryUpstream
import SampleHub
import Synchronization
import Testing

/// The repositories that Lapidary is shown with, `Tests/Fixtures/Hub`, through the real client.
@Suite struct FixtureTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Fixtures/Hub").standardizedFileURL.path

    private final class Sink: ByteSink {
        private let stored: Mutex<[UInt8]> = Mutex([])
        private let size: Int64

        init(_ file: UpstreamFile) { size = file.size }

        var bytes: [UInt8] { stored.withLock { $0 } }
        var validator: String? { nil }
        var missing: [Range<Int64>] { bytes.count < size ? [Int64(bytes.count)..<size] : [] }
        func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws { stored.withLock { $0 += bytes } }
        func restart(validator: String?) throws { stored.withLock { $0 = [] } }
    }

    @Test(arguments: [
        ("sample/gemma-3-tiny-it", []), ("sample/gemma-3-tiny-triage", []), ("sample/gemma-3-tiny-sharded", []),
        ("sample/gemma-3-tiny-nan", []), ("sample/gemma-3-tiny-swapped", []), ("sample/gemma-3-tiny-torch", []),
        ("sample/gemma-3-tiny-gguf", []), ("sample/gemma-4-tiny", []),
        ("sample/gemma-3-tiny-corrupt", ["model.safetensors"]),
    ])
    func onlyTheCorruptOneSendsOtherBytesThanItAnnounces(name: String, wrong: [String]) async throws {
        try await SampleHub(folder: Self.folder).whileRunning { endpoint in
            let client = try HubClient(endpoint: endpoint, options: HubOptions(redirectHosts: ["localhost"]))
            defer { client.close() }
            let repository = try RepositoryID(name)
            let revision = try await client.revision(.main, of: repository)
            #expect(revision.gating == .open)
            #expect(revision.card.licence != nil)
            var mismatches: [String] = []
            for file in try await client.tree(of: repository, at: revision.commit) {
                let sink = Sink(file)
                try await client.fetch(file, of: repository, at: revision.commit, into: sink)
                let isRight =
                    file.lfsDigest.map { $0 == ContentDigests.sha256(of: sink.bytes) }
                    ?? (file.gitObject == ContentDigests.gitObject(of: sink.bytes))
                if !isRight { mismatches.append(file.path.text) }
            }
            #expect(mismatches == wrong)
        }
    }
}

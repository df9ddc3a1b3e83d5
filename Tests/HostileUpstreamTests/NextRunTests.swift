import Foundation
import HostileHub
import RegistryCore
import RegistryOperations
import RegistryUpstream
import SampleHub
import Testing

/// What a run that failed leaves to the next one.
@Suite struct NextRunTests {
    private static let mebibyte: Int64 = 1 << 20
    private static let file = HostileFile(HostileFile.noise(Int(64 * mebibyte), seed: 64))
    private static let options = HubOptions(connections: 4, piece: mebibyte, redirectHosts: ["localhost"])

    /// Everything that is asked for after so many pieces ends in this way.
    private static func after(_ pieces: Int, _ change: @escaping @Sendable (inout HostileReply) -> Void)
        -> HostileHub.Script
    {
        at(.bytes, from: pieces) { reply, _ in change(&reply) }
    }

    static let troubles: [(String, HostileHub.Script)] = [
        ("a reset", after(40) { $0.end(.reset, after: 0) }), ("503", after(40) { $0 = HostileReply(503) }),
        ("429", after(40) { $0 = HostileReply(429) }), ("an early end", after(40) { $0.end(.closed, after: 0) }),
        ("a page for people", after(40) { $0 = .text("<html>Log in</html>", type: "text/html") }),
        (
            "a page for people, of no length",
            after(40) {
                $0 = .text("<html>Log in</html>", type: "text/html")
                $0.framing = .chunked
            }
        ),
    ]

    @Test(arguments: troubles) func goesOnWithThePiecesThatAreHere(what: String, script: @escaping HostileHub.Script)
        async throws
    {
        let file = Self.file
        try await withHostileHub(file, script: script) { hub in
            try await Stand.open { stand in
                let error = await stand.fetch(hub, options: Self.options)
                #expect((error as? UpstreamError)?.mayPass == true, "\(String(describing: error))")
                #expect(stand.left.count == 2 && stand.registry.blobs.allBlobs().isEmpty)
                let before = hub.sent
                hub.play()
                #expect(await stand.fetch(hub, options: Self.options) == nil)
                #expect(stand.holdsOnly(file) && stand.left.isEmpty)
                // Forty pieces came; those that were under way when the others broke may have been cut off.
                #expect(hub.sent - before <= file.size - 36 * Self.mebibyte, "\(hub.sent - before) bytes came again")
            }
        }
    }

    @Test func aPortalThatAnswersTheNextRunCostsNothingThatIsHere() async throws {
        let file = Self.file
        try await withHostileHub(file, script: Self.after(40) { $0.end(.reset, after: 0) }) { hub in
            try await Stand.open { stand in
                _ = await stand.fetch(hub, options: Self.options)
                hub.play(at(.bytes) { reply, _ in reply = .text("<html>Log in</html>", type: "text/html") })
                let error = await stand.fetch(hub, options: Self.options)
                #expect(error.map(name) == "webPage")
                let before = hub.sent
                hub.play()
                #expect(await stand.fetch(hub, options: Self.options) == nil)
                #expect(stand.holdsOnly(file))
                #expect(hub.sent - before <= file.size - 36 * Self.mebibyte, "\(hub.sent - before) bytes came again")
            }
        }
    }

    @Test func contentThatChangedBetweenTwoRunsIsNeverPutTogether() async throws {
        let file = Self.file
        try await withHostileHub(file, script: Self.after(40) { $0.end(.reset, after: 0) }) { hub in
            try await Stand.open { stand in
                _ = await stand.fetch(hub, options: Self.options)
                #expect(stand.left.count == 2)
                hub.play(at(.bytes) { reply, _ in reply["ETag"] = "\"of another form\"" })
                #expect(await stand.fetch(hub, options: Self.options) == nil)
                #expect(stand.holdsOnly(file) && stand.left.isEmpty)
            }
        }
    }

    /// A model of several files: what was proven before another file failed does not come again.
    @Test func aFileThatWasWholeDoesNotComeAgain() async throws {
        let hubFolder = FileManager.default.temporaryDirectory.path + "/hub-\(UUID().uuidString)"
        let repository = "\(hubFolder)/hostile/model"
        try FileManager.default.createDirectory(atPath: repository, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: hubFolder) }
        try "*.safetensors filter=lfs\n".write(
            toFile: "\(repository)/.gitattributes", atomically: true, encoding: .utf8)
        let contents: [(String, [UInt8])] = [
            ("a.safetensors", HostileFile.noise(20 << 20, seed: 1)),
            ("b.safetensors", HostileFile.noise(1 << 20, seed: 2)),
            ("z.json", Array("{}".utf8)),
        ]
        for (name, bytes) in contents { try Data(bytes).write(to: URL(filePath: "\(repository)/\(name)")) }
        // One file at a time, the largest first: the last one fails when the others are whole.
        let trouble = Fault(.status(503), at: "z.json", times: 3)
        let hub = try SampleHub(folder: hubFolder, faults: [trouble])
        try await hub.whileRunning { endpoint in
            try await Stand.open { stand in
                let options = HubOptions(connections: 1, redirectHosts: ["localhost"])
                let client = try HubClient(endpoint: endpoint, attempts: .patient, options: options)
                defer { client.close() }
                let id = try RepositoryID("hostile/model")
                let error = await failure { try await stand.registry.fetchAll(of: id, from: client) }
                #expect(error.map(name) == "serverTrouble", "\(String(describing: error))")
                let before = hub.log.entries.count
                let manifest = try await stand.registry.fetchAll(of: id, from: client)
                #expect(manifest.entries.count == 4)
                let again = hub.log.entries[before...].map(\.target).filter { $0.hasPrefix("/storage/") }
                #expect(again.isEmpty, "\(again)")
                #expect(stand.left.isEmpty)
            }
        }
    }
}

extension AttemptPolicy {
    /// Comes back late enough for other files to be done meanwhile.
    fileprivate static let patient = AttemptPolicy(
        attempts: 3, firstDelay: .seconds(2), longestDelay: .seconds(2), longestWait: .seconds(5))
}

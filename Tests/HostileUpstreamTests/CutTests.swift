import HostileHub
import RegistryCore
import RegistryUpstream
import Synchronization
import Testing

/// What a broken connection costs: what is missing, and nothing else.
@Suite struct CutTests {
    private static let mebibyte: Int64 = 1 << 20
    private static let file = HostileFile(HostileFile.noise(Int(4 * mebibyte), seed: 4))

    /// Closes the connection at one offset of the file, once.
    private static func cut(at offset: Int64) -> HostileHub.Script {
        let isLeft = Mutex(true)
        return { request, reply in
            guard request.stage == .bytes, case .file(let range) = reply.body,
                range.lowerBound < offset, offset <= range.upperBound,
                isLeft.withLock({ isLeft in
                    defer { isLeft = false }
                    return isLeft
                })
            else { return }
            reply.end(.closed, after: offset - range.lowerBound)
        }
    }

    /// At every 4 KiB of 4 MiB; a quarter of the cuts in each test, so that a failure says where.
    @Test(arguments: 0..<4)
    func aCutAnywhereCostsNoMoreThanWhatIsMissing(quarter: Int64) async throws {
        let file = Self.file
        try await Stand.open { stand in
            for number in 1...256 {
                let offset = (quarter * 256 + Int64(number)) * 4096
                // In one stream, and in pieces of several sizes.
                let piece = [8, 1, Self.mebibyte / 4, 300_000][number % 4]
                let hub = try HostileHub(file, script: Self.cut(at: offset))
                defer { hub.stop() }
                let options = HubOptions(
                    connections: 4, piece: piece < 100 ? piece * Self.mebibyte : piece, redirectHosts: ["localhost"])
                let error = await stand.fetch(hub, options: options)
                #expect(error == nil, "cut at \(offset): \(String(describing: error))")
                #expect(stand.holdsOnly(file), "cut at \(offset)")
                #expect(hub.sent - file.size <= Self.mebibyte, "cut at \(offset): \(hub.sent) bytes were sent")
                try stand.clear(file)
            }
            #expect(stand.left.isEmpty)
        }
    }
}

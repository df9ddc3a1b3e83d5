import HostileHub
import RegistryCore
import RegistryUpstream
import Testing

/// Upstream's token arrives at the configured origin and nowhere else, whatever a redirect looks like (reliability C1).
@Suite struct CanaryTests {
    private static let canary = "hf_canaryCanaryCanaryCanaryCanaryCanaryCanary"
    private static let listed = ["localhost", "127.0.0.2", "localhost.", "[::1]", "*.localhost"]

    /// HOME and OTHER stand for the ports of the hub and of somebody else; the number is the redirect's status.
    static let shapes: [(String, Int)] = [
        ("http://127.0.0.1:OTHER/steal", 302), ("http://127.0.0.1:OTHER/steal", 307),
        ("http://127.0.0.1:OTHER/steal", 308),
        ("http://localhost:OTHER/steal", 302), ("https://127.0.0.1:OTHER/steal", 302), ("//127.0.0.1:OTHER/steal", 302),
        ("http://127.0.0.1:HOME@localhost:OTHER/steal", 302), ("http://steal.localhost:OTHER/steal", 302),
        ("http://127.0.0.2:OTHER/steal", 302), ("http://[::1]:OTHER/steal", 302), ("HTTP://LOCALHOST:OTHER/steal", 302),
        ("http://localhost.:OTHER/steal", 302), ("http://2130706433:OTHER/steal", 302),
        ("http://0x7f.1:OTHER/steal", 302),
        ("http:\\\\127.0.0.1:OTHER\\steal", 302), ("http://127.0.0.1:HOME\\@localhost:OTHER/steal", 302),
        ("http://127.0.0.1:OTHER#@127.0.0.1:HOME/steal", 302), ("http://127.0.0.1:OTHER/back", 302),
    ]

    @Test(arguments: shapes) func noRedirectCarriesTheTokenAway(location: String, status: Int) async throws {
        let file = HostileFile(HostileFile.noise(1000))
        // Listens for every address of this machine.
        let other = try HostileHub(file, address: "0.0.0.0")
        defer { other.stop() }
        let hub = try HostileHub(file)
        defer { hub.stop() }
        let target = location.replacing("HOME", with: "\(hub.port)").replacing("OTHER", with: "\(other.port)")
        hub.play { request, reply in
            guard request.stage == .resolve else { return }
            reply.status = status
            reply["Location"] = target
        }
        // A loop over both: home again, where the token belongs, and back.
        other.play { request, reply in
            guard request.target == "/back" else { return }
            reply = HostileReply(302, [("Location", "http://127.0.0.1:\(hub.port)/hostile/model/resolve/main/x")])
        }
        try await Stand.open { stand in
            let error = await stand.fetch(
                hub, attempts: .brief, options: HubOptions(redirectHosts: Self.listed), token: Secret(Self.canary))
            #expect(error is UpstreamError, "\(String(describing: error))")
            #expect(error.map { "\($0)".contains(Self.canary) } == false)
            #expect(stand.registry.blobs.allBlobs().isEmpty && stand.left.isEmpty)
        }
        #expect(hub.requests.count >= 3 && hub.requests.allSatisfy { $0.authorization == "Bearer \(Self.canary)" })
        let stolen = String(decoding: other.received, as: UTF8.self)
        #expect(!stolen.contains("canary") && other.requests.allSatisfy { $0.authorization == nil }, "\(stolen)")
    }

    @Test func theStorageGetsTheFileAskedForWithoutAToken() async throws {
        let file = HostileFile(HostileFile.noise(1 << 20))
        try await withHostileHub(file) { hub in
            try await Stand.open { stand in
                let options = HubOptions(connections: 4, piece: 100_000, redirectHosts: ["localhost"])
                #expect(await stand.fetch(hub, options: options, token: Secret(Self.canary)) == nil)
                #expect(stand.holdsOnly(file))
            }
            for request in hub.requests { #expect((request.authorization == nil) == (request.stage == .bytes)) }
        }
    }
}

extension AttemptPolicy {
    /// Who is greeted by TLS and waits for HTTP is not waited for.
    fileprivate static let brief = AttemptPolicy(
        attempts: 1, firstDelay: .zero, longestDelay: .zero, longestWait: .zero,
        deadlines: Deadlines(
            connect: .milliseconds(500), firstByte: .seconds(5), slowest: 1000, slowFor: .seconds(5)))
}

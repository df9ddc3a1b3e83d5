import Foundation
import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

/// Where upstream may send us: nowhere that nobody has listed, and to no address of our own network.
@Suite struct RedirectTests {
    private func fetch(_ location: String, hosts: [String]) async throws -> (error: (any Error)?, log: RequestLog) {
        try await TemporaryHub.running(
            faults: [Fault(.redirect(to: location), at: "/resolve/")], token: TemporaryHub.account.token,
            options: HubOptions(redirectHosts: hosts)
        ) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            return (await failure { try await client.fetch(file, of: tiny, at: commit, into: MemorySink()) }, log)
        }
    }

    /// Names and spellings of private addresses. Each is listed by a pattern, so that the address alone speaks
    /// against it; a pattern must not open the way into the network.
    static let addresses = [
        "127.0.0.2", "127.2", "2130706434", "0x7f000002", "0177.0.0.2", "10.0.0.1", "10.255.255.255", "172.16.0.1",
        "172.31.255.254", "192.168.0.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.254", "0.0.0.0",
        "0.1.2.3", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
        "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2002:a00:1::]", "[2001:0:1::1]",
        "[2001:db8::1]", "[fc00::1]", "[fdff::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[100::1]", "[::127.0.0.1]",
    ]

    @Test(arguments: addresses)
    func privateAddressesAreRefusedBeforeAnythingIsSent(host: String) async throws {
        let (error, log) = try await fetch("http://\(host):9/steal", hosts: ["*"])
        guard case .privateAddress? = error as? UpstreamError else {
            Issue.record("\(host): \(String(describing: error))")
            return
        }
        #expect(!log.entries.contains { $0.target == "/steal" })
    }

    @Test func aNameThatStandsForAPrivateAddressIsRefusedUnlessItIsListedItself() async throws {
        // The hub's storage is `localhost`; only a pattern fits it.
        try await TemporaryHub.running(options: HubOptions(redirectHosts: ["*host"])) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let error = await failure { try await client.fetch(file, of: tiny, at: commit, into: MemorySink()) }
            #expect(error as? UpstreamError == .redirectRefused(from: "", host: "localhost") || error is UpstreamError)
            #expect(!log.entries.contains { $0.target.hasPrefix("/storage/") })
        }
        try await TemporaryHub.running(options: HubOptions(redirectHosts: ["*.local", "*"])) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let error = await failure { try await client.fetch(file, of: tiny, at: commit, into: MemorySink()) }
            #expect(error as? UpstreamError == .privateAddress(host: "localhost"))
            #expect(!log.entries.contains { $0.target.hasPrefix("/storage/") })
        }
    }

    @Test func aNameThatIsReachedWithoutTheProxyIsLookedAtAsWhereThereIsNone() async throws {
        var options = HubOptions(redirectHosts: ["*"])
        // Nobody listens there, and nobody asks there.
        (options.proxy, options.noProxy) = ("http://127.0.0.1:9", ".localhost 127.0.0.1")
        try await TemporaryHub.running(options: options) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let error = await failure { try await client.fetch(file, of: tiny, at: commit, into: MemorySink()) }
            #expect(error as? UpstreamError == .privateAddress(host: "localhost"))
            #expect(!log.entries.contains { $0.target.hasPrefix("/storage/") })
        }
    }

    @Test(arguments: [
        "http://elsewhere.example/x", "http://sub.127.0.0.1.example/x", "http://localhost.example/x",
        "http://127.0.0.1.example/x", "http://localhost./x",
    ])
    func hostsThatNobodyListedAreRefusedByName(location: String) async throws {
        let (error, _) = try await fetch(location, hosts: ["localhost"])
        guard case .redirectRefused(_, let host)? = error as? UpstreamError else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(location.contains(host))
        #expect(error.map { "\($0)" }?.contains("--redirect-hosts") == true)
    }
}

import Foundation
import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

/// What the settings offer on the way to upstream works with real proxies and real TLS; and where a setting is wrong,
/// the message says which one it is.
@Suite(.serialized) struct ProxyTests {
    private static let model = "sample/gemma-3-tiny-it"
    private static let login = "ada:pr0xy-secret"

    /// Fetches an ordinary file, and the beginning of one in LFS, which lies on another host: the error, else nil.
    private func fetch(
        from endpoint: String, proxy: String? = nil, except: String? = nil, trusting authority: String? = nil,
        netrc: String? = nil
    ) async -> String? {
        var options = HubOptions(redirectHosts: ["localhost"])
        (options.proxy, options.noProxy) = (proxy, except)
        (options.caBundle, options.netrc) = (authority, netrc)
        do {
            let patience = AttemptPolicy(
                attempts: 2, firstDelay: .milliseconds(1), longestDelay: .milliseconds(2), longestWait: .seconds(1))
            let client = try HubClient(endpoint: endpoint, attempts: patience, options: options)
            defer { client.close() }
            let repository = try RepositoryID(Self.model)
            let commit = try await client.revision(.main, of: repository).commit
            let files = try await client.tree(of: repository, at: commit)
            for name in ["config.json", "model.safetensors"] {
                let file = try #require(files.first { $0.path.text == name })
                let bytes = try await client.beginning(of: file, count: 1000, of: repository, at: commit)
                #expect(bytes.count == Int(min(1000, file.size)))
            }
            return nil
        } catch {
            #expect(!"\(error)".contains("secret"), "\(error)")
            return "\(error)"
        }
    }

    private func withHub(
        isEncrypted: Bool = false, _ body: @escaping @Sendable (String, TLSFront?, SampleHub) async throws -> Void
    ) async throws {
        let hub = try await blocking {
            try SampleHub(folder: House.hubFolder, scheme: isEncrypted ? "https" : "http")
        }
        try await hub.whileRunning { endpoint in
            guard isEncrypted else { return try await body(endpoint, nil, hub) }
            let front = try await TLSFront(to: #require(URL(string: endpoint)?.port))
            try await body(front.endpoint, front, hub)
        }
    }

    @Test(arguments: [false, true]) func anHTTPProxyThatWantsCredentials(isEncrypted: Bool) async throws {
        try await withHub(isEncrypted: isEncrypted) { endpoint, front, hub in
            let proxy = try await Network.tinyproxy(login: Self.login.replacing(":", with: " "))
            func way(_ login: String) async -> String? {
                await fetch(
                    from: endpoint, proxy: "http://\(login)127.0.0.1:\(proxy.port)", trusting: front?.authority)
            }
            let right = await way("\(Self.login)@")
            #expect(right == nil)
            // Both hosts were reached through it.
            for host in ["127.0.0.1:", "localhost:"] {
                let asked = isEncrypted ? "CONNECT \(host)" : "GET http://\(host)"
                #expect(proxy.log.contains(asked), "\(proxy.log)")
            }
            #expect(hub.log.entries.allSatisfy { $0.authorization == nil })

            let before = hub.log.entries.count
            for wrong in ["", "ada:wrong@"] {
                let error = await way(wrong)
                #expect(error?.contains("LAPIDARY_PROXY") == true, "\(String(describing: error))")
                #expect(hub.log.entries.count == before)
            }
        }
    }

    @Test(arguments: ["socks5", "socks5h"]) func aSOCKSProxyThatWantsCredentials(scheme: String) async throws {
        try await withHub(isEncrypted: true) { endpoint, front, _ in
            let proxy = try await Network.socks(user: "ada", password: "pr0xy-secret")
            func way(_ login: String) async -> String? {
                await fetch(
                    from: endpoint, proxy: "\(scheme)://\(login)127.0.0.1:\(proxy.port)", trusting: front?.authority)
            }
            let right = await way("\(Self.login)@")
            #expect(right == nil)
            // Who resolves the name of the storage's host is what the two differ in.
            #expect(proxy.log.contains("connected to localhost") == (scheme == "socks5h"), "\(proxy.log)")
            #expect(proxy.log.contains("connected to 127.0.0.1"), "\(proxy.log)")
            for login in ["", "ada:wrong@"] {
                let error = await way(login)
                #expect(error?.contains("wants credentials") == true, "\(String(describing: error))")
                #expect(error?.contains("LAPIDARY_PROXY") == true)
            }
        }
    }

    @Test func hostsThatAreExceptedAreReachedWithoutTheProxy() async throws {
        try await withHub { endpoint, _, _ in
            let proxy = try await Network.tinyproxy()
            for exceptions in ["127.0.0.1, localhost", "*"] {
                let error = await fetch(from: endpoint, proxy: "http://127.0.0.1:\(proxy.port)", except: exceptions)
                #expect(error == nil)
            }
            #expect(!proxy.log.contains("GET http"))
            let error = await fetch(
                from: endpoint, proxy: "http://127.0.0.1:\(proxy.port)", except: "localhost,example.com")
            #expect(error == nil)
            #expect(proxy.log.contains("GET http://127.0.0.1:") && !proxy.log.contains("GET http://localhost:"))
        }
    }

    @Test func aProxyThatIsNotThereIsNamedAndNotItsPassword() async throws {
        let port = try LocalPort.free()
        let absent = await fetch(from: "http://127.0.0.1:1", proxy: "http://\(Self.login)@127.0.0.1:\(port)")
        #expect(
            absent?.contains("through the proxy http://***@127.0.0.1:\(port), which --proxy names") == true,
            "\(String(describing: absent))")
        let mistyped = await fetch(from: "http://127.0.0.1:1", proxy: "sock5://\(Self.login)@127.0.0.1:1")
        #expect(mistyped?.contains("--proxy speaks 'sock5'") == true, "\(String(describing: mistyped))")
    }

    @Test func aPrivateAuthorityIsTrustedWhereItsCertificateIsNamed() async throws {
        try await withHub(isEncrypted: true) { endpoint, front, hub in
            let right = await fetch(from: endpoint, trusting: front?.authority)
            #expect(right == nil)
            let before = hub.log.entries.count
            let foreign = try await TLSFront(to: 1)
            for authority in [nil, foreign.authority] {
                let error = await fetch(from: endpoint, trusting: authority)
                #expect(error?.contains("--ca-bundle") == true, "\(String(describing: error))")
            }
            #expect(hub.log.entries.count == before)
            let missing = await fetch(from: endpoint, trusting: "/nonexistent/ca.pem")
            #expect(missing?.contains("/nonexistent/ca.pem, which --ca-bundle names, cannot be read") == true)
        }
    }

    @Test func whatBeganEncryptedIsNotFetchedInTheClear() async throws {
        // The hub knows nothing of the TLS before it, and sends to its storage by http.
        try await withHub { endpoint, _, hub in
            let front = try await TLSFront(to: #require(URL(string: endpoint)?.port))
            let error = await fetch(from: front.endpoint, trusting: front.authority)
            #expect(error?.contains("expected https, got http://localhost:") == true, "\(error ?? "no error")")
            #expect(!hub.log.entries.isEmpty)
            #expect(hub.log.entries.allSatisfy { !$0.target.hasPrefix("/storage/") })
        }
    }

    @Test func credentialsOfANetrcFileAreForUpstreamAlone() async throws {
        try await withHub { endpoint, _, hub in
            let port = try #require(URL(string: endpoint)?.port)
            let relay = try Relay(home: port, login: Data("ada:n3trc-secret".utf8).base64EncodedString())
            let mirror = "http://127.0.0.1:\(relay.port)"
            let netrc = """
                machine 127.0.0.1 login ada password n3trc-secret
                machine localhost login eve password other-secret
                """
            let right = try await Network.withFile(netrc) { await fetch(from: mirror, netrc: $0) }
            #expect(right == nil)
            // The storage is another host, and gets neither these nor its own.
            let storage = relay.requests.filter { $0.contains("Host: localhost") }
            #expect(!storage.isEmpty && storage.allSatisfy { !$0.contains("Authorization") }, "\(storage)")
            let without = await fetch(from: mirror)
            #expect(without?.contains("--netrc names a file") == true, "\(String(describing: without))")
            #expect(hub.log.entries.allSatisfy { $0.authorization == nil })
        }
    }
}

import Foundation
import RegistryCore
import RegistryOperations
import RegistryUpstream
import SampleHub
import Testing

/// Secrets that the settings hold turn up nowhere but where they belong.
@Suite(.serialized) struct CanaryTests {
    private static let model = "sample/gemma-3-tiny-it"
    private static let token = "hf_canaryCanaryCanaryCanaryCanaryCanaryCan"
    private static let password = "canary-proxy-password"
    private static let netrc = "canary-netrc-password"

    @Test func whatIsSecretIsInNoLogNoErrorNoRecordAndNoForeignRequest() async throws {
        let hubFolder = try Folder.hub(settings: #"{"\#(Self.model)": {"gated": "auto"}}"#, Self.model)
        defer { try? FileManager.default.removeItem(atPath: hubFolder) }
        let folder = FileManager.default.temporaryDirectory.path + "/canary-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let account = Account(name: "ada", token: Secret(Self.token), granted: [try RepositoryID(Self.model)])
        // A request that fails with a token is one that leaves an error behind.
        let trouble = [
            Fault(.status(401, header: "X-Error-Message: Invalid"), at: "/revision/broken"),
            Fault(.status(403), at: "/revision/closed"), Fault(.status(418), at: "/revision/odd"),
        ]
        let hub = try await blocking {
            try SampleHub(folder: hubFolder, accounts: [account], faults: trouble, scheme: "https")
        }
        try await hub.whileRunning { [hub] endpoint in
            let front = try await TLSFront(to: #require(URL(string: endpoint)?.port))
            let proxy = try await Network.tinyproxy(login: "ada \(Self.password)")
            let relay = try Relay()
            try await Network.withFile("machine 127.0.0.1 login ada password \(Self.netrc)\n") { netrc in
                let settings = [
                    "LAPIDARY_STORAGE": "\(folder)/storage", "LAPIDARY_POLICIES": "\(House.project)/Policies",
                    "LAPIDARY_UPSTREAM": front.endpoint, "LAPIDARY_REDIRECT_HOSTS": "localhost",
                    "LAPIDARY_CA_BUNDLE": front.authority, "LAPIDARY_NETRC": netrc, "HF_TOKEN": Self.token,
                    "LAPIDARY_PROXY": "http://ada:\(Self.password)@127.0.0.1:\(proxy.port)",
                ]
                func lapidary(_ arguments: String..., changing: [String: String] = [:]) async throws -> String {
                    let run = try await Program.run(
                        House.executable, arguments, environment: settings.merging(changing) { $1 })
                    return "\(run.status)\n\(run.output)\(run.errors)"
                }
                var said = [try await lapidary("mirror", Self.model)]
                #expect(said[0].hasPrefix("0\n"), "\(said[0])")
                for revision in ["broken", "closed", "odd"] {
                    said.append(try await lapidary("mirror", "\(Self.model)@\(revision)"))
                }
                said.append(try await lapidary("doctor", "--repository", Self.model))
                said.append(try await lapidary("doctor", "--repository", Self.model, "--format", "json"))
                let wrong = "http://ada:x\(Self.password)@127.0.0.1:\(proxy.port)"
                said.append(try await lapidary("mirror", Self.model, "--again", changing: ["LAPIDARY_PROXY": wrong]))
                let silent = "http://ada:\(Self.password)@127.0.0.1:\(relay.port)"
                said.append(try await lapidary("doctor", changing: ["LAPIDARY_PROXY": silent]))
                said.append(try await lapidary("mirror", Self.model, changing: ["LAPIDARY_PROXY": "x\(silent)"]))

                // While the catalogue is open its log lies beside it.
                let registry = try await Registry.open(
                    RegistryConfiguration(
                        storage: "\(folder)/storage", policies: "\(House.project)/Policies", upstream: front.endpoint,
                        upstreamToken: Secret(Self.token), executable: House.executable, anonymousPulls: true,
                        contact: "", hub: HubOptions(redirectHosts: ["localhost"])))
                said.append("\(try await registry.catalog.endedJobs(limit: 100))")
                for text in said { try Self.expectClean(text) }
                let files = try Folder.files(below: "\(folder)/storage")
                #expect(files.contains("registry.sqlite-wal"))
                for file in files {
                    let bytes = try Data(contentsOf: URL(filePath: "\(folder)/storage/\(file)"))
                    for canary in [Self.token, Self.password, Self.netrc] {
                        #expect(bytes.firstRange(of: Data(canary.utf8)) == nil, "\(canary) in \(file)")
                    }
                }
                _ = registry
            }
            try Self.expectClean(proxy.log)
            // What the scripted proxy was told before the handshake: its own password, not upstream's token.
            #expect(!relay.requests.isEmpty)
            for request in relay.requests { #expect(!request.contains(Self.token) && !request.contains("Bearer")) }
            for entry in hub.log.entries where entry.host.hasPrefix("localhost") { #expect(entry.authorization == nil) }
            let shown = Set(hub.log.entries.compactMap(\.authorization))
            // Doctor's first question goes without the token; then upstream's own name and password go along.
            let login = Data("ada:\(Self.netrc)".utf8).base64EncodedString()
            #expect(shown == ["Bearer \(Self.token)", "Basic \(login)"])
        }
    }

    private static func expectClean(_ text: String) throws {
        for canary in [token, password, netrc]
            + [password, netrc].map({ Data("ada:\($0)".utf8).base64EncodedString() })
        {
            #expect(!text.contains(canary), "\(canary) in \(text)")
        }
    }
}

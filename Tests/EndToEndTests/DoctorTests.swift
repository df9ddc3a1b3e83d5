import Foundation
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// `lapidary doctor`, as a process, on what it has to find.
@Suite(.serialized) struct DoctorTests {
    private static let model = "sample/gemma-3-tiny-it"

    private struct Found {
        let run: Program.Run
        let diagnosis: Diagnosis

        init(_ run: Program.Run) throws {
            self.run = run
            diagnosis = try JSONDecoder().decode(Diagnosis.self, from: Data(run.output.utf8))
        }

        func check(_ name: String) -> HealthCheck? { diagnosis.checks.first { $0.name == name } }
        func outcome(_ name: String) -> HealthCheck.Outcome? { check(name)?.outcome }
        func words(_ name: String) -> String { check(name).map { "\($0.measured) \($0.advice)" } ?? "" }
        /// Names of what is not all right; what this machine's own disk is like does not count.
        var bad: [String] {
            diagnosis.checks.filter { $0.outcome != .ok && $0.name != "sync" }.map(\.name)
        }
    }

    private func examine(
        _ house: ClosedHouse, _ arguments: String..., environment: [String: String] = [:]
    ) async throws -> Found {
        try Found(
            try await house.lapidary(
                ["doctor", "--format", "json", "--repository", Self.model] + arguments, environment: environment))
    }

    @Test func aHealthyRegistryHasNothingToCorrect() async throws {
        try await ClosedHouse.open { house in
            _ = try await house.lapidary(["list"])
            let found = try await examine(house)
            #expect(found.bad == [] && found.run.status == 0, "\(found.run.output)\(found.run.errors)")
            let names = [
                "storage", "sync", "space", "keys", "secrets", "catalogue", "policy", "descriptors", "time-zone",
                "sealed-room", "upstream", "certificate", "clock", "token", "repositories", "range", "content-length",
                "entity-tag", "encoding", "body",
            ]
            #expect(found.diagnosis.checks.map(\.name) == names)
            #expect(found.diagnosis.checks.allSatisfy { !$0.measured.isEmpty })
            // Nothing that it tried things with stays.
            #expect(try Folder.files(below: house.folder).allSatisfy { !$0.contains("doctor") })

            let text = try await house.lapidary(["doctor"])
            #expect(text.status == 0)
            #expect(text.output.contains("ok         upstream: http://127.0.0.1:"), "\(text.output)")
            // The shipped policy follows nobody: it says how to have transfers checked.
            #expect(text.output.contains("unchecked  range, content-length, entity-tag, encoding, body: "))
            #expect(text.output.contains("--repository NAMESPACE/NAME"))
        }
    }

    @Test func settingsAreListedWithWhereEachCameFrom() async throws {
        try await ClosedHouse.open { house in
            let text =
                "contact: '#from-file'\nlimit-rate: 7MB\nconnections: 3\nproxy: http://ada:f1le-secret@127.0.0.1:9\n"
            try await Network.withFile(text, mode: 0o644) { file in
                let environment = [
                    "LAPIDARY_CONFIG": file, "LAPIDARY_LIMIT_RATE": "5MB", "HF_TOKEN": "hf_secretSecret",
                    "no_proxy": "127.0.0.1,localhost",
                ]
                let found = try await examine(house, "--connections", "2", environment: environment)
                let settings = found.diagnosis.settings
                func setting(_ name: String) -> [String]? {
                    settings.first { $0.name == name }.map { [$0.value, $0.source] }
                }
                #expect(setting("connections") == ["2", "--connections"])
                #expect(setting("limit-rate") == ["5MB", "LAPIDARY_LIMIT_RATE"])
                #expect(setting("contact") == ["#from-file", file])
                #expect(setting("proxy") == ["http://***@127.0.0.1:9", file])
                #expect(setting("no-proxy") == ["127.0.0.1,localhost", "no_proxy"])
                #expect(setting("redirect-hosts") == ["localhost", "LAPIDARY_REDIRECT_HOSTS"])
                #expect(setting("token") == ["set", "HF_TOKEN"])
                #expect(setting("netrc") == ["none", "default"])
                #expect(setting("listen") == ["127.0.0.1:8642", "default"])
                #expect(!found.run.output.contains("f1le-secret") && !found.run.output.contains("secretSecret"))
                // The exceptions were heeded: nobody listens at that proxy.
                #expect(found.outcome("upstream") == .ok)
                #expect(found.words("upstream").contains("directly (no_proxy: 127.0.0.1,localhost)"))
                #expect(found.outcome("token") == .fail && found.words("token").contains("HF_TOKEN"))
                #expect(found.outcome("secrets") == .warn && found.words("secrets").contains("mode 644"))
            }
        }
    }

    @Test(arguments: [
        ("ETag", "entity-tag"), ("Content-Length", "content-length"), ("Content-Range", "range"),
    ]) func aProxyThatTakesAHeaderAwayIsFound(header: String, check: String) async throws {
        try await ClosedHouse.open { house in
            let relay = try Relay { head, _ in
                head.filter { !$0.lowercased().hasPrefix("\(header.lowercased()):") }
            }
            let found = try await examine(house, environment: ["LAPIDARY_PROXY": "http://127.0.0.1:\(relay.port)"])
            #expect(found.bad == [check], "\(found.run.output)")
            #expect(found.words(check).contains("the proxy http://127.0.0.1:\(relay.port), which --proxy names"))
            #expect(found.run.status == (check == "range" ? 1 : 0))
            // What it only warns of does not keep a model from coming in.
            guard check != "range" else { return }
            let mirrored = try await house.lapidary(
                ["mirror", Self.model], environment: ["LAPIDARY_PROXY": "http://127.0.0.1:\(relay.port)"])
            #expect(mirrored.status == 0, "\(mirrored.errors)")
        }
    }

    @Test func aProxyThatTakesRangeAwayIsFound() async throws {
        try await ClosedHouse.open(faults: [Fault(.wholeInsteadOfRange)]) { house in
            let found = try await examine(house)
            #expect(found.bad == ["range"] && found.outcome("range") == .warn, "\(found.run.output)")
            #expect(found.words("range").contains("200 and the whole"))
        }
    }

    @Test func aProxyThatCompressesOrRewritesIsFound() async throws {
        try await ClosedHouse.open { house in
            let packing = try Relay { head, request in
                request.contains("/storage/") || request.contains("/resolve-cache/")
                    ? head + ["Content-Encoding: gzip"] : head
            }
            let packed = try await examine(house, environment: ["LAPIDARY_PROXY": "http://127.0.0.1:\(packing.port)"])
            #expect(packed.outcome("encoding") == .fail && packed.run.status == 1, "\(packed.run.output)")
            #expect(packed.words("encoding").contains("gzip, though identity was asked"))

            // What begins with a brace stays JSON, and gets another hash.
            let rewriting = try Relay(body: { $0.first == UInt8(ascii: "{") ? $0 + [0x0A] : $0 })
            let changed = try await examine(
                house, environment: ["LAPIDARY_PROXY": "http://127.0.0.1:\(rewriting.port)"])
            #expect(changed.bad == ["body"] && changed.outcome("body") == .fail, "\(changed.run.output)")
            #expect(changed.words("body").contains("rewrites"))
        }
    }

    @Test(arguments: [(-30, HealthCheck.Outcome.ok), (-120, .warn), (1000, .fail)])
    func aClockThatIsOffIsFound(seconds: Int, outcome: HealthCheck.Outcome) async throws {
        try await ClosedHouse.open { house in
            let relay = try Relay { head, _ in
                let format = DateFormatter()
                format.locale = Locale(identifier: "en_US_POSIX")
                format.timeZone = TimeZone(secondsFromGMT: 0)
                format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
                return head.filter { !$0.lowercased().hasPrefix("date:") }
                    + ["Date: \(format.string(from: Date(timeIntervalSinceNow: Double(seconds))))"]
            }
            let found = try await examine(house, environment: ["LAPIDARY_PROXY": "http://127.0.0.1:\(relay.port)"])
            #expect(found.outcome("clock") == outcome, "\(found.words("clock"))")
            #expect(found.words("clock").contains(seconds > 0 ? "behind upstream" : "ahead of upstream"))
            #expect(found.run.status == (outcome == .fail ? 1 : 0))
        }
    }

    @Test func anUnknownAuthorityIsNamed() async throws {
        let hub = try await blocking { try SampleHub(folder: House.hubFolder, scheme: "https") }
        try await hub.whileRunning { endpoint in
            let front = try await TLSFront(to: #require(URL(string: endpoint)?.port))
            let house = ClosedHouse(folder: "\(front.folder)/house", upstream: front.endpoint, hub: hub)
            let unknown = try await examine(house)
            #expect(unknown.outcome("upstream") == .fail && unknown.run.status == 1)
            #expect(unknown.words("certificate").contains("Corporate Test Authority"), "\(unknown.run.output)")
            #expect(unknown.words("certificate").contains("--ca-bundle"))
            #expect(hub.log.entries.isEmpty)
            let known = try await examine(house, environment: ["LAPIDARY_CA_BUNDLE": front.authority])
            // The test's certificate is good for two days only.
            #expect(known.bad == ["certificate"], "\(known.run.output)")
            #expect(known.words("certificate").contains("trusted: CN = hub.test"))
        }
    }

    @Test func aGatedRepositoryAndATokenThatIsNotAcceptedAreNamed() async throws {
        let folder = try Folder.hub(settings: #"{"\#(Self.model)": {"gated": "manual"}}"#, Self.model)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let account = Account(name: "in", token: Secret("hf_" + String(repeating: "a", count: 40)), granted: [])
        try await ClosedHouse.open(hub: folder, accounts: [account]) { house in
            let known = try await examine(house, environment: ["HF_TOKEN": account.token.reveal()])
            #expect(known.outcome("token") == .ok && known.words("token").contains("as in"), "\(known.run.output)")
            #expect(known.outcome("repositories") == .fail)
            #expect(known.words("repositories").contains("accept its licence at \(house.upstream)/\(Self.model)"))
            let unknown = try await examine(house, environment: ["HF_TOKEN": "hf_unknown"])
            #expect(unknown.outcome("token") == .fail, "\(unknown.run.output)")
            #expect(unknown.words("token").contains("/settings/tokens"))
        }
    }

    @Test func whatIsWrongHereIsFound() async throws {
        try await ClosedHouse.open { house in
            _ = try await house.lapidary(["list"])
            let storage = "\(house.folder)/storage"
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: "\(storage)/keys/admin.token")
            let open = try await examine(house)
            #expect(open.bad == ["keys"] && open.run.status == 1, "\(open.run.output)")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: "\(storage)/keys/admin.token")

            let policy = "\(house.folder)/policy.yaml"
            try "name: half\n".write(toFile: policy, atomically: true, encoding: .utf8)
            let half = try await examine(house, environment: ["LAPIDARY_POLICIES": policy])
            #expect(half.bad == ["policy"] && half.words("policy").contains("policy.yaml:1"), "\(half.run.output)")

            // A policy that asks for more than this process can have, which runs in no control group of its own.
            let strict = try String(contentsOfFile: "\(House.project)/Policies/default.yaml", encoding: .utf8)
                .replacing("sandbox: 3", with: "sandbox: 5")
            #expect(strict.contains("sandbox: 5"))
            try FileManager.default.copyItem(
                atPath: "\(House.project)/Policies/probes", toPath: "\(house.folder)/probes")
            try strict.write(toFile: policy, atomically: true, encoding: .utf8)
            let room = try await examine(house, environment: ["LAPIDARY_POLICIES": policy])
            #expect(room.bad == ["sealed-room"] && room.words("sealed-room").contains("the policy asks for 5"))

            _ = try await house.lapidary(["mirror", Self.model, "--detach"])
            let sqlite = try await Program.run(
                "/usr/bin/python3",
                [
                    "-c",
                    "import sqlite3;d=sqlite3.connect('\(storage)/registry.sqlite');"
                        + "d.execute(\"UPDATE jobs SET created_at='2099-01-01T00:00:00.000Z'\");d.commit()",
                ])
            #expect(sqlite.status == 0, "\(sqlite.errors)")
            let ahead = try await examine(house)
            #expect(ahead.bad == ["catalogue"] && ahead.words("catalogue").contains("2099"), "\(ahead.run.output)")

            for end in ["-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: "\(storage)/registry.sqlite\(end)")
            }
            let file = try #require(FileHandle(forUpdatingAtPath: "\(storage)/registry.sqlite"))
            try file.seek(toOffset: 4096)
            try file.write(contentsOf: Data(repeating: 0xAA, count: 8192))
            try file.close()
            let damaged = try await examine(house)
            #expect(damaged.outcome("catalogue") == .fail && damaged.run.status == 1, "\(damaged.run.output)")
        }
    }

    @Test func aServerThatRunsLooksItself() async throws {
        try await House.open { house in
            let there = try await house.lapidary("doctor", "--repository", Self.model)
            #expect(there.status == 0, "\(there.output)\(there.errors)")
            #expect(there.output.hasPrefix("checked by the server that runs"))
            #expect(there.output.contains("SQLite finds nothing wrong"))
            let here = try await house.lapidary("doctor", "--here")
            #expect(here.output.hasPrefix("checked by this command, and its settings; a server runs"))
        }
    }
}

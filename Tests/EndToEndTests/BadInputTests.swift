import Foundation
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// What people and machines get wrong: one line each that says what to do, and nothing changed.
@Suite(.serialized) struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let status: Int32
        let words: String
        var environment: [String: String] = [:]
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let cases = [
        Case(arguments: ["mirror", "gemma"], status: 2, words: "expected namespace/name"),
        Case(arguments: ["mirror", "google/../etc"], status: 2, words: "repository id"),
        Case(arguments: ["mirror", "api/models"], status: 2, words: "reserved"),
        Case(arguments: ["mirror", "sample/gemma-3-tiny-it@../x"], status: 2, words: "revision"),
        Case(arguments: ["mirror", "sample/nowhere"], status: 1, words: "sample/nowhere"),
        Case(arguments: ["mirror", "sample/gemma-3-tiny-it@v9"], status: 1, words: "v9"),
        Case(
            arguments: ["mirror", "sample/gemma-3-tiny-it"], status: 1, words: "127.0.0.1:9",
            environment: ["LAPIDARY_UPSTREAM": "http://127.0.0.1:9"]),
        Case(
            arguments: ["mirror", "sample/gemma-3-tiny-it"], status: 2, words: "ftp://",
            environment: ["LAPIDARY_UPSTREAM": "ftp://example.org"]),
        Case(arguments: ["show", "sample/gemma-3-tiny-it"], status: 1, words: "lapidary mirror"),
        Case(arguments: ["revoke", "sample/gemma-3-tiny-it", "--reason", "x"], status: 1, words: "not known here"),
        Case(arguments: ["compare", "sample/a", "sample/b"], status: 1, words: "sample/a is not known here"),
        Case(arguments: ["compare", "sample/a"], status: 2, words: "<b>"),
        Case(arguments: ["retest", "sample/a"], status: 1, words: "sample/a is not known here"),
        Case(arguments: ["retest", "sample/a", "--now"], status: 2, words: "--now"),
        Case(arguments: ["cancel", "sample/a"], status: 1, words: "sample/a is not known here"),
        Case(arguments: ["revoke", "sample/gemma-3-tiny-it"], status: 2, words: "--reason"),
        Case(arguments: ["list", "--format", "xml"], status: 2, words: "format"),
        Case(arguments: ["frobnicate"], status: 2, words: "frobnicate"),
        Case(
            arguments: ["list"], status: 2, words: "no such file or folder",
            environment: ["LAPIDARY_POLICIES": "/nowhere"]),
        Case(arguments: ["serve", "--listen", "here"], status: 2, words: "host:port"),
        Case(arguments: ["generate", "/nowhere", "--prompt", "x"], status: 1, words: "/nowhere"),
        Case(arguments: ["generate", "/tmp", "--prompt", "x", "--tokens", "1"], status: 2, words: "--tokens"),
        Case(arguments: ["scan", "/nowhere"], status: 2, words: "/nowhere"),
        Case(
            arguments: ["token", "create", "--team", "a", "--environment", "moon"], status: 2, words: "moon"),
    ]

    @Test(arguments: cases) func aMistakeOnTheCommandLineIsNamedInOneLine(_ mistake: Case) async throws {
        try await ClosedHouse.open { house in
            let run = try await house.lapidary(mistake.arguments, environment: mistake.environment)
            #expect(run.status == mistake.status, "\(run.errors)")
            #expect(run.errors.contains(mistake.words), "\(run.errors)")
            if mistake.status == 1 {
                let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("lapidary: ") }
                #expect(lines.count == 1)
            }
            #expect(try house.blobs() == [])
        }
    }

    @Test func aMistypedPolicyKeyIsRefusedWithFileLineAndColumn() async throws {
        try await ClosedHouse.open { house in
            let shipped = try String(contentsOfFile: "\(House.project)/Policies/default.yaml", encoding: .utf8)
            let policy = "\(house.folder)/typo.yaml"
            try FileManager.default.copyItem(
                atPath: "\(House.project)/Policies/probes", toPath: "\(house.folder)/probes")
            try (shipped + "aprovals: 0\n").write(toFile: policy, atomically: true, encoding: .utf8)
            let line = shipped.utf8.count { $0 == UInt8(ascii: "\n") } + 1
            let run = try await house.lapidary(["list"], environment: ["LAPIDARY_POLICIES": policy])
            #expect(run.status == 2)
            #expect(run.errors.contains("typo.yaml:\(line):1: unknown key 'aprovals'"), "\(run.errors)")
        }
    }

    @Test func underTheProductionExampleASoundModelIsHeldForApproval() async throws {
        let policies = FileManager.default.temporaryDirectory.path + "/production-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: policies) }
        try FileManager.default.copyItem(atPath: "\(House.project)/Policies", toPath: policies)
        let demo = try String(contentsOfFile: "\(policies)/default.yaml", encoding: .utf8)
        try demo.replacing("approvals: 0", with: "approvals: 1").write(
            toFile: "\(policies)/default.yaml", atomically: true, encoding: .utf8)
        try await House.open(policies: policies) { house in
            let answer = try await house.mirror("sample/gemma-3-tiny-it")
            #expect(answer.state == .held && answer.rule == "approvals" && answer.exitCode == 3)
            let pulled = try await house.hf("download", "sample/gemma-3-tiny-it")
            #expect(pulled.status != 0 && pulled.errors.contains("0 of 1 approvals"), "\(pulled.errors)")
        }
    }

    @Test func aModelThatIsNotMirroredIsNotFoundWithAHintForTheOperator() async throws {
        try await House.open { house in
            let run = try await house.hf("download", "google/gemma-3-1b-it")
            #expect(run.status != 0)
            #expect(run.errors.contains("not mirrored here"), "\(run.errors)")
        }
    }

    @Test func pathsThatTryToLeaveTheRepositoryAreRefused() async throws {
        try await House.open { house in
            _ = try await house.mirror("sample/gemma-3-tiny-it")
            for path in [
                "..%2f..%2fregistry.sqlite", "%2e%2e/%2e%2e/registry.sqlite", "../../../registry.sqlite", "a%00b",
            ] {
                let run = try await house.curl(
                    "--path-as-is", "-o", "/dev/null", "--write-out", "%{http_code}",
                    "\(house.url)/sample/gemma-3-tiny-it/resolve/main/\(path)")
                #expect(run.output.hasPrefix("4"), "\(path): \(run.output)")
            }
        }
    }

    @Test func aFullDiskStopsAMirrorWithOneLineAndTheNextAttemptWorks() async throws {
        try await House.open { house in
            // A file system of 600 KiB of its own, in a mount namespace of the one process that shall see it.
            let small = "\(house.folder)/small"
            try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
            let script = """
                mount -t tmpfs -o size=600k none \(small) && \
                LAPIDARY_REDIRECT_HOSTS=localhost LAPIDARY_STORAGE=\(small) LAPIDARY_UPSTREAM=\(house.registry.configuration.upstream) \
                LAPIDARY_POLICIES=\(House.project)/Policies \(House.executable) mirror sample/gemma-3-tiny-it
                """
            let run = try await Program.run(
                "/usr/bin/unshare", ["--mount", "--map-root-user", "/bin/sh", "-c", script])
            #expect(run.status == 1, "\(run.output)\(run.errors)")
            #expect(run.errors.contains("LAPIDARY_STORAGE"), "\(run.errors)")
            #expect(run.errors.contains("full") || run.errors.contains("no space"), "\(run.errors)")
        }
    }
}

/// A storage folder without a server, and the sample upstream beside it: the command line owns the storage itself.
struct ClosedHouse: Sendable {
    let folder: String
    let upstream: String
    let hub: SampleHub

    static func open<Value: Sendable>(
        hub hubFolder: String = House.hubFolder, accounts: [Account] = [], faults: [Fault] = [],
        _ body: @escaping @Sendable (ClosedHouse) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.path + "/lapidary-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let hub = try await blocking { try SampleHub(folder: hubFolder, accounts: accounts, faults: faults) }
        return try await hub.whileRunning { try await body(ClosedHouse(folder: folder, upstream: $0, hub: hub)) }
    }

    func lapidary(_ arguments: [String], environment: [String: String] = [:]) async throws -> Program.Run {
        try await Program.run(
            House.executable, arguments,
            environment: [
                "LAPIDARY_STORAGE": "\(folder)/storage", "LAPIDARY_POLICIES": "\(House.project)/Policies",
                "LAPIDARY_UPSTREAM": upstream, "LAPIDARY_REDIRECT_HOSTS": "localhost",
            ].merging(environment) { $1 })
    }

    func blobs() throws -> [String] {
        let blobs = "\(folder)/storage/blobs"
        return FileManager.default.fileExists(atPath: blobs) ? try Folder.files(below: blobs) : []
    }
}

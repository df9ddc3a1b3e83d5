import Foundation
import RegistryCatalog
import RegistryCore
import Testing

/// A catalogue of its own for one test; its folder is gone when the value is.
final class TemporaryCatalog {
    let folder: String
    var path: String { "\(folder)/registry.sqlite" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "catalog-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func open() throws -> Catalog { try Catalog(path: path) }

    /// Runs SQL beside us with Python's SQLite: what a reader who knows nothing of our code finds in the file.
    @discardableResult
    func sql(_ statement: String) throws -> [[String?]] {
        let script = """
            import json, sqlite3, sys
            connection = sqlite3.connect(sys.argv[1])
            rows = connection.execute(sys.argv[2]).fetchall()
            connection.commit()
            print(json.dumps([[None if value is None else str(value) for value in row] for row in rows]))
            """
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", script, path, statement]
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "python3 could not run: \(statement)")
        return try JSONDecoder().decode([[String?]].self, from: text)
    }
}

let gemma: RepositoryID = id("google/gemma-3-1b-it")

/// A repository id that the test knows to be valid.
func id(_ text: String) -> RepositoryID {
    guard let id = try? RepositoryID(text) else { preconditionFailure("the test names no repository: \(text)") }
    return id
}

/// A commit that consists of one digit.
func commit(_ digit: Int) throws -> CommitID { try CommitID(String(repeating: "\(digit % 10)", count: 40)) }

func sha256(_ text: String) -> SHA256Digest { ContentDigests.sha256(of: Array(text.utf8)) }

/// An entry that claims `size` bytes; `text` stands for the content.
func entry(_ path: String, _ text: String, size: Int64 = 100, isLFS: Bool = true) throws -> FileEntry {
    FileEntry(
        path: try RepositoryPath(path), size: size, gitObject: ContentDigests.gitObject(of: Array(text.utf8)),
        isLFS: isLFS, digest: sha256(text))
}

func evidence(
    _ kind: Evidence.Kind, _ outcome: Evidence.Outcome = .passed, of manifest: SHA256Digest?, summary: String = "fine"
) -> Evidence {
    Evidence(kind: kind, outcome: outcome, manifest: manifest, producer: "the test", summary: summary)
}

func decision(_ effect: Finding.Effect = .note, of manifest: SHA256Digest?, message: String = "because") -> Decision {
    Decision(
        findings: [Finding(rule: "rule", effect: effect, message: message)], policy: sha256("policy"),
        manifest: manifest)
}

extension Catalog {
    /// Records a snapshot with these entries and nothing else.
    @discardableResult
    func add(
        _ repository: RepositoryID = gemma, _ commit: CommitID, _ entries: [FileEntry]
    ) async throws -> SnapshotRecord {
        try await record(
            repository, commit: commit, upstream: "https://hub.example", card: ModelCard(), leftOut: [],
            manifest: Manifest(entries), evidence: [])
    }

    /// Records a snapshot with these entries, and admits it under these names.
    @discardableResult
    func promote(
        _ repository: RepositoryID = gemma, _ commit: CommitID, _ entries: [FileEntry], as refs: [String] = ["main"]
    ) async throws -> SnapshotRecord {
        let snapshot = try await add(repository, commit, entries)
        try await decide(decision(of: snapshot.manifest), on: snapshot, promoting: refs)
        return try #require(try await self.snapshot(repository, Revision(commit.hex)))
    }

    func team(_ name: String) async throws -> Int64 {
        try await consumer(.token, team: name, environment: .production).id
    }
}

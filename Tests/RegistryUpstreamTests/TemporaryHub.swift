import Foundation
import RegistryCore
import RegistryUpstream
import SampleHub
import Synchronization

/// A hub folder of its own for one test, and a sample hub over it.
struct TemporaryHub {
    static let repository = "google/gemma-tiny"
    /// Larger than what fits into any buffer on the way, so that a connection can really be cut in the middle.
    static let weights = pseudorandomBytes(3_000_000)
    static let config = Array(#"{"model_type":"gemma3_text","architectures":["Gemma3ForCausalLM"]}"#.utf8)
    static let account = Account(
        name: "ada", token: Secret("hf_sampleSampleSampleSampleSampleSample"),
        granted: [id("google/gemma-gated-for-ada")])

    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)").path

    init(settings: String = "{}", more: [String: [UInt8]] = [:]) throws {
        let card = "---\nlicense: gemma\nbase_model:\n- google/gemma-parent\ntags: [text-generation]\n---\n# Tiny\n"
        var files = more
        for (path, bytes) in [
            ".gitattributes": Array("*.safetensors filter=lfs diff=lfs merge=lfs -text\n".utf8),
            "README.md": Array(card.utf8), "config.json": Self.config, "model.safetensors": Self.weights,
            "empty.txt": [], "sub/dir/more notes é.txt": Array("notes".utf8),
        ] {
            files["\(Self.repository)/\(path)"] = bytes
        }
        files["hub.json"] = Array(settings.utf8)
        for (path, bytes) in files {
            let url = URL(fileURLWithPath: folder).appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }
    }

    /// Runs a hub over the folder, hands over a client of it, and removes both.
    @discardableResult
    static func running<Value: Sendable>(
        settings: String = "{}", more: [String: [UInt8]] = [:], faults: [Fault] = [], pageSize: Int = 1000,
        token: Secret? = nil, attempts: AttemptPolicy = .quick,
        options: HubOptions = HubOptions(redirectHosts: ["localhost"]),
        waiting: @escaping @Sendable (UpstreamWait) -> Void = { _ in },
        _ body: @escaping @Sendable (HubClient, RequestLog) async throws -> Value
    ) async throws -> Value {
        let hub = try TemporaryHub(settings: settings, more: more)
        defer { try? FileManager.default.removeItem(atPath: hub.folder) }
        let server = try SampleHub(
            folder: hub.folder, accounts: [account], faults: faults, pageSize: pageSize)
        return try await server.whileRunning { endpoint in
            let client = try HubClient(
                endpoint: endpoint, token: token, attempts: attempts, options: options, waiting: waiting)
            defer { client.close() }
            return try await body(client, server.log)
        }
    }

    private static func pseudorandomBytes(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
    }
}

/// A repository id that the test knows to be valid.
func id(_ text: String) -> RepositoryID {
    guard let id = try? RepositoryID(text) else { preconditionFailure("the test names no repository: \(text)") }
    return id
}

let tiny = id(TemporaryHub.repository)

extension AttemptPolicy {
    /// Three attempts without noticeable pauses.
    static let quick = AttemptPolicy(
        attempts: 3, firstDelay: .milliseconds(1), longestDelay: .milliseconds(5), longestWait: .seconds(5))
}

extension HubClient {
    func file(_ path: String) async throws -> (CommitID, UpstreamFile) {
        let commit = try await revision(.main, of: tiny).commit
        let files = try await tree(of: tiny, at: commit)
        guard let file = files.first(where: { $0.path.text == path }) else { throw Missing(path: path) }
        return (commit, file)
    }

    struct Missing: Error { let path: String }
}

/// Keeps what it is given, up to a limit where it reports a full disk.
final class MemorySink: ByteSink {
    struct DiskFull: Error, Equatable {}

    private struct State {
        var pieces: [Int64: [UInt8]] = [:]
        var validator: String?
        var restarts = 0
        var count: Int { pieces.values.reduce(0) { $0 + $1.count } }
    }

    private let state: Mutex<State>
    private let size: Int64
    private let limit: Int

    /// - Parameters:
    ///   - start: bytes from the first on that are here already, under a tag.
    ///   - limit: bytes that find room.
    init(size: Int64 = 3_000_000, _ start: ArraySlice<UInt8> = [], validator: String? = nil, limit: Int = .max) {
        state = Mutex(State(pieces: start.isEmpty ? [:] : [0: Array(start)], validator: validator))
        self.size = size
        self.limit = limit
    }

    /// What is contiguous from the first byte on.
    var bytes: [UInt8] {
        state.withLock { state in
            var bytes: [UInt8] = []
            for (start, piece) in state.pieces.sorted(by: { $0.key < $1.key }) where start == bytes.count {
                bytes += piece
            }
            return bytes
        }
    }

    /// How often what was here was given up.
    var restarts: Int { state.withLock { $0.restarts } }
    var validator: String? { state.withLock { $0.validator } }

    var missing: [Range<Int64>] {
        state.withLock { state in
            var missing: [Range<Int64>] = []
            var position: Int64 = 0
            for (start, piece) in state.pieces.sorted(by: { $0.key < $1.key }) {
                if start > position { missing.append(position..<start) }
                position = start + Int64(piece.count)
            }
            if position < size { missing.append(position..<size) }
            return missing
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        try state.withLock { state in
            guard state.count + bytes.count <= limit else { throw DiskFull() }
            state.pieces[offset] = Array(bytes)
        }
    }

    func restart(validator: String?) throws {
        state.withLock { state in
            if !state.pieces.isEmpty { state.restarts += 1 }
            state.pieces = [:]
            state.validator = validator
        }
    }
}

extension UpstreamFile {
    /// The tag that the sample hub's storage has for it.
    var storageTag: String { "\"\(ContentDigests.sha256(of: Array((lfsDigest?.hex ?? "").utf8)).hex.prefix(32))\"" }
}

/// Values that callbacks leave behind.
final class Collected<Value: Sendable>: Sendable {
    private let stored = Mutex<[Value]>([])
    var values: [Value] { stored.withLock { $0 } }
    func append(_ value: Value) { stored.withLock { $0.append(value) } }
}

/// The error that `body` ends with.
func failure<Value>(of body: () async throws -> Value) async -> (any Error)? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

import Foundation
import RegistryCore
import SampleHub

/// A folder of three repositories, and a sample hub over it for the time of one test.
enum HubFolder {
    static let account = Account(
        name: "ada", token: Secret("hf_sampleSampleSampleSampleSampleSample"),
        granted: Set([try? RepositoryID("google/gemma-granted")].compactMap(\.self)))
    static let bearer = "Authorization: Bearer \(account.token.reveal())"
    static let weights = Array("these stand for weights".utf8)
    static let weightsDigest = ContentDigests.sha256(of: weights).hex

    /// What `gemma-damaged` says its weights hash to.
    static let announced = String(repeating: "ab", count: 32)

    private static let settings = """
        {"google/gemma-tiny": {"downloads": 12, "likes": 3, "created": "2026-03-02T09:00:00.000Z"},
         "google/gemma-child": {"downloads": 99},
         "google/gemma-gated": {"gated": "manual"}, "google/gemma-granted": {"gated": "auto"},
         "google/gemma-gone": {"disabled": true},
         "google/gemma-damaged": {"announced": {"model.safetensors": {"sha256": "\(announced)"}}}}
        """

    /// In the root of a hub folder other files may lie about.
    private static let files: [String: [UInt8]] = [
        "hub.json": Array(settings.utf8), "README.md": Array("about the folder".utf8), "make.py": [],
        "google/gemma-tiny/.gitattributes": Array("*.safetensors filter=lfs diff=lfs merge=lfs -text\n".utf8),
        "google/gemma-tiny/README.md": Array(
            "---\nlicense: gemma\nlanguage:\n- en\npipeline_tag: text-generation\n---\n# Tiny\n".utf8),
        "google/gemma-tiny/config.json": Array(#"{"model_type":"gemma3_text","hidden_size":8}"#.utf8),
        "google/gemma-tiny/model.safetensors": weights,
        "google/gemma-tiny/sub/dir/é x.txt": Array("notes".utf8),
        "google/gemma-tiny/empty.txt": [],
        "google/gemma-child/README.md": Array("---\nbase_model: google/gemma-tiny\nlicense: mit\n---\n".utf8),
        "google/gemma-gated/config.json": Array("{}".utf8),
        "google/gemma-granted/config.json": Array("{}".utf8),
        "google/gemma-gone/config.json": Array("{}".utf8),
        "google/gemma-damaged/.gitattributes": Array("*.safetensors filter=lfs\n".utf8),
        "google/gemma-damaged/model.safetensors": weights,
    ]

    @discardableResult
    static func running<Value: Sendable>(
        faults: [Fault] = [], signatureLifetime: Double = 3600, pageSize: Int = 1000,
        _ body: @escaping @Sendable (RawClient) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write(files, to: folder)
        let hub = try SampleHub(
            folder: folder, accounts: [account], faults: faults, signatureLifetime: signatureLifetime,
            pageSize: pageSize)
        return try await hub.whileRunning { try await body(RawClient($0)) }
    }

    static func write(_ files: [String: [UInt8]], to folder: String) throws {
        for (path, bytes) in files {
            let url = URL(fileURLWithPath: folder).appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }
    }
}

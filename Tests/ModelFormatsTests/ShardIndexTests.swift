import Foundation
import ModelFormats
import Testing

@Suite struct ShardIndexTests {
    private static let shard2 = "model-00002-of-00005.safetensors"

    @Test func readsAShardedModel() throws {
        let sharded = try ModelTensors(reading: Fixtures.files("gemma3-sharded"))
        let single = try ModelTensors(reading: Fixtures.files("gemma3"))
        #expect(sharded.files.count == 5)
        #expect(Set(sharded.tensors.map(\.tensor.name)) == Set(single.tensors.map(\.tensor.name)))
        #expect(sharded.totalBytes == single.totalBytes)
    }

    /// What is changed in the index's text, and what the error must say.
    @Test(arguments: [
        ("\"\(shard2)\"", "\"../../../etc/passwd\"", "expected files of this repository, got \"../../../etc/passwd\""),
        ("\"\(shard2)\"", "\"/etc/passwd\"", "expected files of this repository, got \"/etc/passwd\""),
        ("\"\(shard2)\"", "\"model-00009-of-00005.safetensors\"", "expected files of this repository"),
        ("model.norm.weight\"", "model.norm.wait\"", "model.norm.wait expected to be in"),
        ("\"model.norm.weight\"", "\"model.layers.0.mlp.up_proj.weight\"", "duplicate key"),
        ("\"weight_map\"", "\"weights\"", "weight_map expected at least one tensor"),
        ("\"total_size\": ", "\"total_size\": 1", "the sum of all tensors"),
        ("\"total_size\": ", "\"total_size\": -", "total_size expected a whole number"),
        ("\"total_size\": ", "\"total_size\": \"a\", \"x\": ", "total_size expected a whole number"),
    ])
    func refusesAnIndexThatLies(_ old: String, _ new: String, _ says: String) throws {
        let directory = try TemporaryDirectory(copying: "gemma3-sharded")
        let text = String(decoding: try directory.read(ShardIndex.path), as: UTF8.self)
        try #require(text.contains(old))
        try directory.write(ShardIndex.path, text.replacing(old, with: new, maxReplacements: 1))
        let error = try #require(errorText { _ = try ModelTensors(reading: try directory.files()) })
        #expect(error.hasPrefix(ShardIndex.path))
        #expect(error.contains(says), "\(error)")
    }

    @Test func refusesATensorThatIsInAnotherFileThanNamed() throws {
        let directory = try TemporaryDirectory(copying: "gemma3-sharded")
        let index = String(decoding: try directory.read(ShardIndex.path), as: UTF8.self)
        let line = try #require(index.split(separator: "\n").first { $0.contains("\"model.norm.weight\"") })
        let moved = line.replacing(/model-0000.-of/, with: "model-00001-of")
        try #require(moved != String(line))
        try directory.write(ShardIndex.path, index.replacing(line, with: moved))
        let error = try #require(errorText { _ = try ModelTensors(reading: try directory.files()) })
        #expect(error.contains("model.norm.weight expected to be in model-00001-of-00005.safetensors, got model-0000"))
    }

    @Test func refusesATensorThatTheIndexLeavesOut() throws {
        let directory = try TemporaryDirectory(copying: "gemma3-sharded")
        let index = String(decoding: try directory.read(ShardIndex.path), as: UTF8.self)
        let line = try #require(index.split(separator: "\n").first { $0.contains("\"model.embed_tokens.weight\"") })
        try directory.write(ShardIndex.path, index.replacing(line + "\n", with: ""))
        let error = try #require(errorText { _ = try ModelTensors(reading: try directory.files()) })
        #expect(error.contains("expected every tensor of its files, got none for model.embed_tokens.weight"))
    }

    @Test func refusesATensorInTwoFiles() throws {
        let directory = try TemporaryDirectory(copying: "gemma3-sharded")
        try directory.write(Self.shard2, try directory.read("model-00001-of-00005.safetensors"))
        let error = try #require(errorText { _ = try ModelTensors(reading: try directory.files()) })
        #expect(error.contains("expected to be in one weight file, got also in model-00001-of-00005.safetensors"))
    }

    @Test func namesAMissingShard() throws {
        let directory = try TemporaryDirectory(copying: "gemma3-sharded")
        try directory.remove(Self.shard2)
        let error = try #require(errorText { _ = try ModelTensors(reading: try directory.files()) })
        #expect(error.contains(Self.shard2))
    }

    @Test func saysWhatIsMissingWhenThereAreNoWeights() throws {
        let directory = try TemporaryDirectory()
        try directory.write("config.json", "{}")
        let error = try #require(errorText { _ = try ModelTensors(reading: try directory.files()) })
        #expect(error.contains("neither it nor model.safetensors.index.json"))
    }
}

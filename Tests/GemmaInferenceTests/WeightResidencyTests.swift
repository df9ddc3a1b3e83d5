import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

@Suite struct WeightResidencyTests {
    private func run(_ files: ModelFiles, _ residency: WeightResidency) throws -> GenerationResult {
        try generate(
            GenerationRequest(
                prompt: .tokens([2, 305, 17, 400, 9]), maximumTokens: 6, wantsLogits: true, wantsScore: true,
                stopsAtEndOfSequence: false),
            model: files, residency: residency)
    }

    @Test(arguments: Fixtures.all) func givingPagesBackChangesNoBit(fixture: String) throws {
        let mapped = try run(try Fixtures.files(fixture), .mapped),
            frugal = try run(try Fixtures.files(fixture), .frugal)
        #expect(mapped == frugal)
    }

    /// An embedding of 25.6 MB, so that it is used in several panels; the head is tied.
    @Test func frugalWeightsLeaveNothingResidentAndGiveTheSameBits() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("config.json", "\"vocab_size\": 512", with: "\"vocab_size\": 200000")
        try model.growEmbedding(to: 200_000)
        let files = try model.files()
        #expect(try run(files, .mapped) == run(files, .frugal))

        func residentAfterOneBlock(_ residency: WeightResidency) throws -> Int {
            let loaded = try LoadedModel(reading: files, residency: residency)
            let instance = try loaded.makeModel(capacity: 8)
            _ = instance.forward([2, 199_999, 305], logits: .all)
            return try withExtendedLifetime(loaded) { try residentBytes(of: model.path + "/model.safetensors") }
        }
        #expect(try residentAfterOneBlock(.mapped) >= 200_000 * 64 * 2)
        #expect(try residentAfterOneBlock(.frugal) <= 2 << 20)
    }

    /// What of a mapped file is in this process's memory.
    func residentBytes(of path: String) throws -> Int {
        // String(contentsOfFile:) stops after 4 KiB of a file whose size says 0.
        let smaps = try #require(try FileHandle(forReadingFrom: URL(filePath: "/proc/self/smaps")).readToEnd())
        let lines = String(decoding: smaps, as: UTF8.self).split(separator: "\n")
        let mapping = try #require(lines.firstIndex { $0.hasSuffix(path) })
        let resident = try #require(lines[mapping...].first { $0.hasPrefix("Rss:") })
        return try #require(resident.split(separator: " ").compactMap { Int($0) }.first) * 1024
    }
}

extension EditableModel {
    /// Gives the embedding more rows, repeating those it has with other signs and exponents.
    func growEmbedding(to rows: Int) throws {
        let name = "model.embed_tokens.weight", tensors = try ModelTensors(reading: try files())
        var entries: [String] = [], body = Data()
        for (tensor, _) in tensors.tensors {
            var stored = try bytes(tensor.name), shape = tensor.shape
            if tensor.name == name {
                shape[0] = rows
                let count = rows * shape[1] * 2
                var step: UInt8 = 0
                while stored.count < count {
                    step &+= 1
                    // Odd bytes hold a BF16's sign; even ones its last bits.
                    stored += stored.prefix(min(stored.count, count - stored.count)).enumerated().map { index, byte in
                        byte ^ (index % 2 == 0 ? step : 0x80)
                    }
                }
            }
            let start = body.count
            body += stored
            entries.append(
                #""\#(tensor.name)":{"dtype":"BF16","shape":\#(shape),"data_offsets":[\#(start),\#(body.count)]}"#)
        }
        let header = Data("{\(entries.joined(separator: ","))}".utf8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        try (Data(length) + header + body).write(to: URL(filePath: path + "/model.safetensors"))
    }
}

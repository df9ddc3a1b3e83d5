import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

extension WeightResidencyTests {
    /// 72 MB of experts in three layers, of which a token needs two a layer.
    @Test func onlyTheExpertsThatATokenChoseAreRead() throws {
        let model = try EditableModel(copying: "gemma4-moe")
        try model.replace("config.json", "\"num_experts\": 8", with: "\"num_experts\": 2048")
        try model.repeatExperts(256)
        let loaded = try LoadedModel(reading: try model.files())
        let instance = try loaded.makeModel(capacity: 8)
        let logits = instance.forward([2], logits: .last)
        #expect(logits.allSatisfy { $0.isFinite })
        let size = try #require(loaded.tensors.files.first?.size)
        // A page fault brings up to 2 MiB around it.
        #expect(try residentBytes(of: model.path + "/model.safetensors") < size / 3)
    }
}

extension EditableModel {
    /// Stores the experts of every layer several times over.
    func repeatExperts(_ times: Int) throws {
        var entries: [String] = [], body = Data()
        for (tensor, _) in try ModelTensors(reading: try files()).tensors {
            var stored = try bytes(tensor.name), shape = tensor.shape
            if tensor.name.contains(".experts.") || tensor.name.hasSuffix("router.proj.weight")
                || tensor.name.hasSuffix("per_expert_scale")
            {
                shape[0] *= times
                let once = stored
                for _ in 1..<times { stored += once }
            }
            entries.append(
                #""\#(tensor.name)":{"dtype":"BF16","shape":\#(shape),"data_offsets":[\#(body.count),\#(body.count + stored.count)]}"#
            )
            body += stored
        }
        let header = Data("{\(entries.joined(separator: ","))}".utf8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        try (Data(length) + header + body).write(to: URL(filePath: path + "/model.safetensors"))
    }
}

import Foundation
import ModelFormats
import Testing

/// Which GGUF files of a repository make a model.
@Suite struct GGUFModelTests {
    @Test func listsEveryModelOnce() throws {
        let directory = try TemporaryDirectory()
        for (number, part) in GGUFWriter.tinyGemma3().split(into: 3).enumerated() {
            try directory.write("big-0000\(number + 1)-of-00003.gguf", part.bytes())
        }
        try directory.write("a-Q4_0.gguf", GGUFWriter.tinyGemma3().bytes())
        try directory.write("mmproj-F16.gguf", Self.tower().bytes())
        let models = GGUFModel.list(in: try directory.files())
        #expect(models.map(\.name) == ["a-Q4_0.gguf", "big-00001-of-00003.gguf", "mmproj-F16.gguf"])
        #expect(models[1].paths.last == "big-00003-of-00003.gguf")
        #expect(models[1].files(of: try directory.files()).entries.count == 3)
        let text = errorText { _ = try GGUFModel.only(in: try directory.files()) }
        #expect(text?.contains("name one of a-Q4_0.gguf, big-00001-of-00003.gguf") == true, "\(text ?? "accepted")")
        try directory.remove("a-Q4_0.gguf")
        #expect(try GGUFModel.only(in: try directory.files()).name == "big-00001-of-00003.gguf")
    }

    @Test func readsASplitModelAsOne() throws {
        let whole = GGUFWriter.tinyGemma3(), directory = try TemporaryDirectory()
        for (number, part) in whole.split(into: 2).enumerated() {
            try directory.write("m-0000\(number + 1)-of-00002.gguf", part.bytes())
        }
        let model = try directory.files()
        let tensors = try ModelTensors(reading: model)
        #expect(tensors.files.map(\.name) == ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"])
        #expect(tensors.tensors.count == 15)
        #expect(tensors["model.layers.0.post_feedforward_layernorm.weight"]?.file == 1)
        let configuration = try GemmaConfiguration(reading: model)
        #expect(configuration.modelType == "gemma3_text")
        let comparison = try configuration.expectedTensors(in: tensors).compared(with: tensors)
        #expect(comparison.missing == [] && comparison.unexpected == [])
    }

    @Test(arguments: [
        ("missing", "m-00002-of-00003.gguf is not readable"), ("order", "split.no"), ("count", "split.count"),
        ("tensors", "split.tensors.count"), ("keys", "split.count"), ("twice", "to be in the model once"),
    ])
    func refusesPartsThatDoNotBelongTogether(_ fault: String, _ says: String) throws {
        let directory = try TemporaryDirectory()
        var parts = GGUFWriter.tinyGemma3().split(into: 3)
        switch fault {
        case "order": parts.swapAt(1, 2)
        case "count": parts[2].set("split.count", .u32(4))
        case "tensors": parts[1].set("split.tensors.count", .u32(14))
        case "keys": parts[1].keys = []
        case "twice": parts[2].tensors[0].name = parts[1].tensors[0].name
        default: break
        }
        for (number, part) in parts.enumerated() where !(fault == "missing" && number == 1) {
            try directory.write("m-0000\(number + 1)-of-00003.gguf", part.bytes())
        }
        let text = errorText { _ = try ModelTensors(reading: try directory.files()) }
        #expect(text?.contains(says) == true, "\(text ?? "accepted")")
    }

    @Test func safetensorsComeFirst() throws {
        let directory = try TemporaryDirectory(copying: "gemma3")
        try directory.write("other.gguf", GGUFWriter.tinyGemma3().bytes())
        #expect(try ModelTensors(reading: try directory.files()).container == .safetensors)
        #expect(try GemmaConfiguration(reading: try directory.files()).contextLength == 512)
    }

    static func tower() -> GGUFWriter {
        var writer = GGUFWriter()
        writer.keys = [("general.architecture", .string("clip")), ("general.type", .string("mmproj"))]
        writer.tensors = [.init(name: "v.patch_embd.weight", dimensions: [4, 4], size: 64)]
        return writer
    }
}

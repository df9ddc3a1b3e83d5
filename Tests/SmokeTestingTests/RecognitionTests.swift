import FixtureModels
import Foundation
import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

/// Files in a folder of their own, without weights that could be run.
struct Folder: ~Copyable {
    let path: String

    init(_ files: [String: String] = [:], linking fixtures: [String: String] = [:]) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "classes-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, text) in files {
            let url = URL(filePath: path + "/" + name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        for (name, target) in fixtures {
            try FileManager.default.createSymbolicLink(atPath: path + "/" + name, withDestinationPath: target)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A job whose probe is enough for every class.
func job(
    _ model: String, repository: String = "", pipeline: String? = nil, as modelClass: ModelClass? = nil,
    base: SmokeTestJob.BaseModel? = nil, similarities: [ProbeSet.Similarity] = [], maximumMeanNLL: Double = 20
) -> SmokeTestJob {
    SmokeTestJob(
        model: model, repository: repository, base: base, card: .init(pipeline: pipeline), modelClass: modelClass,
        probes: ProbeSet(
            name: "test",
            texts: [.init(language: "en", text: "A model is a long list of numbers. You read the list from a file.")],
            prompts: [.init(language: "en", prompt: "The old harbour woke", maximumTokens: 8)],
            similarities: similarities),
        bounds: SmokeTestBounds(maximumMeanNLL: maximumMeanNLL), testerBuild: "test")
}

struct RecognitionCase: Sendable, CustomStringConvertible {
    var description: String
    var files: [String: String] = [:]
    var repository = ""
    var pipeline: String?
    var modelClass: ModelClass?
    /// Part of the sentence that says why.
    var reason: String
    /// Nil where the reason is no refusal.
    var refusal: SmokeTestReport.Outcome?

    static let text = #"{"model_type":"gemma3_text","architectures":["Gemma3ForCausalLM"]}"#
    static let template = #"{"chat_template":"{{ bos_token }}"}"#

    static func config(_ type: String, _ more: String = "") -> [String: String] {
        ["config.json": #"{"model_type":"\#(type)"\#(more)}"#]
    }

    static let all = [
        RecognitionCase(
            description: "a text model", files: ["config.json": text], repository: "google/gemma-3-1b",
            modelClass: .base,
            reason: "it has no chat template"),
        .init(
            description: "no template, though named so", files: ["config.json": text], repository: "a/gemma-3-1b-it",
            modelClass: .base, reason: "though its name gemma-3-1b-it says that it answers turns"),
        .init(
            description: "a template in tokenizer_config.json",
            files: ["config.json": text, "tokenizer_config.json": template], repository: "a/b", modelClass: .instruct,
            reason: "it has a chat template: tokenizer_config.json"),
        .init(
            description: "a template in a list",
            files: [
                "config.json": text,
                "tokenizer_config.json": #"{"chat_template":[{"name":"default","template":"x"}]}"#,
            ], modelClass: .instruct, reason: "it has a chat template: tokenizer_config.json"),
        .init(
            description: "an empty template",
            files: ["config.json": text, "tokenizer_config.json": #"{"chat_template":""}"#],
            modelClass: .base, reason: "no chat template"),
        .init(
            description: "chat_template.jinja", files: ["config.json": text, "chat_template.jinja": "x"],
            modelClass: .instruct, reason: "chat_template.jinja"),
        .init(
            description: "chat_template.json", files: ["config.json": text, "chat_template.json": template],
            modelClass: .instruct, reason: "chat_template.json"),
        .init(
            description: "a pretrained model with a copied template",
            files: ["config.json": text, "tokenizer_config.json": template], repository: "copies/gemma-3-4b-pt",
            modelClass: .base, reason: "its name gemma-3-4b-pt says pretrained"),
        .init(
            description: "Portuguese", files: ["config.json": text, "tokenizer_config.json": template],
            repository: "a/gemma-2b-pt-br", modelClass: .instruct, reason: "it has a chat template"),
        .init(
            description: "an instruct model named after its base",
            files: ["config.json": text, "tokenizer_config.json": template], repository: "a/gemma-pt-instruct",
            modelClass: .instruct, reason: "it has a chat template"),
        .init(
            description: "both ways", files: config("gemma3_text", #","use_bidirectional_attention":true"#),
            modelClass: .embedding, reason: "use_bidirectional_attention"),
        .init(
            description: "modules", files: config("gemma3_text").merging(["modules.json": "[]"]) { $1 },
            modelClass: .embedding, reason: "modules.json says"),
        .init(
            description: "modules beside a language model", files: ["config.json": text, "modules.json": "[]"],
            modelClass: .base, reason: "it has no chat template"),
        .init(
            description: "a bare body", files: config("gemma3_text", #","architectures":["Gemma3TextModel"]"#),
            modelClass: .embedding, reason: "a body without an output head"),
        .init(
            description: "the card alone, files silent", files: config("gemma3_text"), pipeline: "sentence-similarity",
            modelClass: .embedding, reason: "its card says sentence-similarity"),
        .init(
            description: "the card against the files", files: ["config.json": text], pipeline: "feature-extraction",
            modelClass: .base, reason: "it has no chat template"),
        .init(
            description: "an adapter", files: ["adapter_config.json": "{}"], modelClass: .adapter,
            reason: "adapter_config.json is among its files"),
        .init(
            description: "an adapter beside a configuration",
            files: ["adapter_config.json": "{}", "config.json": text],
            modelClass: .adapter, reason: "adapter_config.json is among its files"),
        .init(
            description: "a drafter", files: config("gemma4_assistant"), modelClass: .drafter,
            reason: "gemma4_assistant"),
        .init(
            description: "a unified drafter", files: config("gemma4_unified_assistant"), modelClass: .drafter,
            reason: "proposes tokens"),
        .init(
            description: "siglip", files: config("siglip_vision_model"), modelClass: .tower,
            reason: "an encoder without a language model"),
        .init(
            description: "an audio encoder", files: config("gemma4_audio"), modelClass: .tower, reason: "gemma4_audio"),
        .init(
            description: "an encoder-decoder", files: config("t5gemma2"), reason: "t5gemma2, an encoder-decoder",
            refusal: .unsupported),
        .init(
            description: "paligemma", files: config("paligemma"), reason: "paligemma, a vision-language model",
            refusal: .unsupported),
        .init(
            description: "recurrent", files: config("recurrent_gemma"), reason: "recurrent_gemma", refusal: .unsupported
        ),
        .init(
            description: "shieldgemma", files: config("shieldgemma2"), reason: "a classifier of images",
            refusal: .unsupported),
        .init(
            description: "diffusion", files: config("diffusion_gemma"), reason: "a diffusion model",
            refusal: .unsupported),
        .init(
            description: "EmbeddingGemma 2", files: config("embedding_gemma2"), modelClass: .embedding,
            reason: "an embedding model of another generation", refusal: .unsupported),
        .init(
            description: "a classifier",
            files: config("gemma2", #","architectures":["Gemma2ForSequenceClassification"]"#),
            reason: "Gemma2ForSequenceClassification", refusal: .unsupported),
        .init(
            description: "another family", files: config("llama"), reason: "model_type llama, not known here"),
    ]
}

@Suite struct RecognitionTests {
    @Test(arguments: RecognitionCase.all)
    func aModelIsTakenForWhatItsFilesSay(_ one: RecognitionCase) throws {
        let folder = try Folder(one.files)
        let report = SmokeTest.run(job(folder.path, repository: one.repository, pipeline: one.pipeline))
        #expect(report.modelClass == one.modelClass)
        #expect(report.classReason.contains(one.reason), "\(report.classReason)")
        // None of them has weights: whatever they are taken for, they do not pass.
        #expect(report.verdict == one.refusal.map { $0 == .unsupported ? .unsupported : .failed } ?? report.verdict)
        #expect(report.verdict != .passed && report.verdict != .warned)
        #expect(report.checks.count == SmokeTestReport.CheckName.allCases.count)
        if one.refusal != nil { #expect(report.checks.first { $0.outcome == .unsupported } != nil) }
    }

    @Test func aGGUFIsTakenForWhatItsMetadataSay() throws {
        let chat = SmokeTest.run(job(Fixtures.gguf("gemma3-trained-q8_0.gguf")))
        #expect(chat.modelClass == .instruct)
        #expect(chat.classReason.contains("tokenizer.chat_template"))
        let tower = SmokeTest.run(job(Fixtures.gguf("mmproj-tiny.gguf")))
        #expect(tower.modelClass == .tower)
        #expect(tower.classReason.contains("mmproj-tiny.gguf says general.architecture clip"))
        #expect(tower.verdict == .passed, "\(tower.checks)")
    }

    @Test func eachModelOfARepositoryIsTestedAsWhatItIs() throws {
        let folder = try Folder(linking: [
            "model-Q8_0.gguf": Fixtures.gguf("gemma3-trained-q8_0.gguf"),
            "mmproj-model.gguf": Fixtures.gguf("mmproj-tiny.gguf"),
        ])
        let report = SmokeTest.run(job(folder.path))
        let own = { (name: String) in report.checks.filter { $0.reason.hasPrefix(name) } }
        #expect(own("mmproj-model.gguf: ").contains { $0.name == .meanNLL && $0.outcome == .notApplicable })
        #expect(own("mmproj-model.gguf: ").contains { $0.name == .noNaNOrInf && $0.outcome == .passed })
        #expect(own("model-Q8_0.gguf: ").contains { $0.name == .meanNLL && $0.outcome == .passed })
        // The policy's word is for the language model.
        let chosen = SmokeTest.run(job(folder.path, as: .base))
        #expect(chosen.checks.contains { $0.reason.hasPrefix("mmproj-model.gguf: ") && $0.outcome == .notApplicable })
        #expect(chosen.verdict == report.verdict)
    }

    @Test func anAdapterBesideAWholeModelIsTestedToo() throws {
        let folder = try Folder(linking: [
            "config.json": Fixtures.path("gemma3-trained") + "/config.json",
            "model.safetensors": Fixtures.path("gemma3-trained") + "/model.safetensors",
            "tokenizer.json": Fixtures.path("gemma3-trained") + "/tokenizer.json",
            "adapter_config.json": Fixtures.path("lora-trained") + "/adapter_config.json",
            "adapter_model.safetensors": Fixtures.path("lora-trained") + "/adapter_model.safetensors",
        ])
        let report = SmokeTest.run(job(folder.path))
        #expect(report.verdict == .unsupported)
        #expect(report.checks.contains { $0.reason.hasPrefix("adapter: its base fixtures/gemma3-trained is not here") })
        #expect(report.checks.contains { $0.reason.hasPrefix("safetensors: ") && $0.name == .meanNLL })
    }

    @Test(arguments: [
        (ModelClass.adapter, "adapter_config.json is not among the files"),
        (.drafter, "it has a chat template"), (.tower, "it has a chat template"),
    ])
    func aWordOfThePolicyThatCannotBeFails(_ given: ModelClass, _ reason: String) throws {
        let report = SmokeTest.run(job(Fixtures.path("gemma3-trained"), as: given))
        #expect(report.verdict == .failed)
        #expect(report.modelClass == given)
        let first = try #require(report.checks.first { $0.outcome == .failed })
        #expect(first.reason.hasPrefix("the policy says \(given.rawValue), but "))
        #expect(first.reason.contains(reason))
    }

    @Test func anInstructModelWithoutATemplateFailsForThat() throws {
        let report = SmokeTest.run(job(Fixtures.path("gemma4-trained"), as: .instruct))
        #expect(report.verdict == .failed)
        #expect(report.checks.filter { $0.outcome == .failed }.map(\.name) == [.chatTemplate])
    }

    @Test func thePolicyDecidesBetweenWhatTheFilesAllow() throws {
        let report = SmokeTest.run(job(Fixtures.path("gemma3-trained"), as: .base))
        #expect(report.modelClass == .base)
        #expect(
            report.classReason.hasPrefix("the policy says so; by itself it would be instruct: it has a chat template"))
        #expect(report.verdict == .passed, "\(report.checks)")
    }
}

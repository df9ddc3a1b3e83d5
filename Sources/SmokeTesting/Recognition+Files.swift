import ModelFormats
import RegistryCore

extension Recognition {
    /// What the files say, and the name and the card where they leave it open.
    init(of files: ModelFiles, _ job: SmokeTestJob) {
        if files.isAdapter {
            self.init(.adapter, "\(AdapterConfiguration.path) is among its files, and no model")
        } else if GGUFModel.isModel(of: files) {
            self.init(gguf: files, job)
        } else {
            let config = (try? files.json(GemmaConfiguration.path))?.object ?? JSONObject()
            self.init(config, files, job)
        }
    }

    private init(gguf files: ModelFiles, _ job: SmokeTestJob) {
        guard let checkpoint = try? GGUFCheckpoint(reading: files), let architecture = try? checkpoint.architecture()
        else {
            self.init(nil, "its GGUF head cannot be read")
            return
        }
        let name = printable(checkpoint.name), says = "\(name) says general.architecture \(printable(architecture))"
        switch (architecture, checkpoint.metadata.string("general.type")) {
        case ("clip", _): self.init(.tower, "\(says), an encoder for images or sound")
        case (_, "adapter"):
            self.init(
                .adapter, "\(name) says general.type adapter",
                refusal: .init(outcome: .unsupported, reason: "\(name) is a LoRA in GGUF; this build runs PEFT's"))
        case ("gemma-embedding", _):
            self.init(
                .embedding, says,
                refusal: .init(
                    outcome: .unsupported,
                    reason: "\(says): this build computes embeddings from safetensors with their modules.json"))
        case ("gemma4-assistant", _):
            self.init(
                .drafter, says,
                refusal: .init(
                    outcome: .unsupported, reason: "\(says): this build reads drafters from safetensors"))
        case (let other, _) where !other.utf8.starts(with: "gemma".utf8):
            self.init(nil, "\(says), which is not known here")
        default: self.init(text: files, job)
        }
    }

    private init(_ config: JSONObject, _ files: ModelFiles, _ job: SmokeTestJob) {
        let type = config["model_type"]?.string ?? ""
        let says = "config.json says model_type \(printable(type))"
        if let kind = Self.otherKinds.first(where: { type.hasPrefix($0.type) })?.kind {
            let isEmbedding = type.hasPrefix("embedding_gemma2")
            self.init(
                isEmbedding ? .embedding : nil, "\(says), \(kind)",
                refusal: .init(outcome: .unsupported, reason: "\(says), \(kind), which this build does not run"))
        } else if ["gemma4_assistant", "gemma4_unified_assistant"].contains(type) {
            self.init(.drafter, "\(says), which proposes tokens to another model")
        } else if Self.towers.contains(type) {
            self.init(.tower, "\(says), an encoder without a language model")
        } else {
            self.init(text: config, says, files, job)
        }
    }

    /// Of a configuration that may be a text model's.
    private init(text config: JSONObject, _ says: String, _ files: ModelFiles, _ job: SmokeTestJob) {
        var architecture: String?
        if case .array(let names)? = config["architectures"] { architecture = names.first?.string }
        let stated = architecture.map { "architectures says \(printable($0))" }
        if let architecture, Self.heads.contains(where: { architecture.contains($0) }) {
            let head = "config.json's \(stated ?? ""), whose head gives classes or scores and no next token"
            self.init(
                nil, head, refusal: .init(outcome: .unsupported, reason: "\(head); this build does not run it"))
            return
        }
        guard config["model_type"]?.string?.hasPrefix("gemma") == true else {
            self.init(nil, config["model_type"] == nil ? "config.json names no model_type" : "\(says), not known here")
            return
        }
        let inner = config["text_config"]?.object ?? config
        if inner["use_bidirectional_attention"] == .boolean(true) {
            self.init(.embedding, "config.json says use_bidirectional_attention: every token sees those after it")
        } else if files[SentenceTransformer.path] != nil, architecture.map({ !$0.contains("For") }) ?? true {
            self.init(.embedding, "\(SentenceTransformer.path) says how its states become a vector")
        } else if let architecture, !architecture.contains("For") {
            self.init(.embedding, "config.json's \(stated ?? ""), a body without an output head")
        } else if architecture == nil, let pipeline = job.card.pipeline, Self.embeddingPipelines.contains(pipeline) {
            self.init(.embedding, "its card says \(printable(pipeline)), and config.json names no architecture")
        } else {
            self.init(text: files, job)
        }
    }

    /// Of a model that continues text: one with a chat template answers turns.
    private init(text files: ModelFiles, _ job: SmokeTestJob) {
        let name = job.repository.split(separator: "/").last.map { printable(String($0)) } ?? ""
        let words = Set(name.lowercased().split { !$0.isLetter && !$0.isNumber })
        let isNamedForChat = !words.isDisjoint(with: ["it", "instruct", "chat"])
        guard let place = ChatTemplateSource.place(in: files) else {
            self.init(
                .base,
                isNamedForChat
                    ? "it has no chat template, though its name \(name) says that it answers turns"
                    : "it has no chat template")
            return
        }
        // `pt` is also Portuguese: a name that says both, or pt-br, says nothing of the training.
        let isNamedPretrained =
            !words.isDisjoint(with: ["base", "pretrained"]) || words.contains("pt") && !words.contains("br")
        guard isNamedForChat || !isNamedPretrained else {
            self.init(
                .base,
                "its name \(name) says pretrained; that it has a chat template (\(place)) proves nothing, because "
                    + "copies of base models often carry one")
            return
        }
        self.init(.instruct, "it has a chat template: \(place)")
    }

    /// Beginnings of model types that are of Gemma's family and not computed here, and what they are; longer ones first.
    private static let otherKinds: [(type: String, kind: String)] = [
        ("t5gemma", "an encoder-decoder"), ("t5_gemma", "an encoder-decoder"),
        ("paligemma", "a vision-language model that reads its prompt both ways"),
        ("recurrent_gemma", "a recurrent model (Griffin)"),
        ("shieldgemma2", "a classifier of images"),
        ("diffusion_gemma", "a diffusion model that fills in text in any order"),
        ("vaultgemma", "a generation of its own"),
        ("embedding_gemma2", "an embedding model of another generation"),
    ]

    /// Model types of encoders for images and sound.
    static let towers: Set<String> = [
        "siglip", "siglip_vision_model", "siglip2", "siglip2_vision_model", "gemma3n_vision", "gemma3n_audio",
        "gemma4_vision", "gemma4_audio", "gemma4_unified_vision", "gemma4_unified_audio",
    ]

    private static let heads = ["Classification", "Reward", "QuestionAnswering", "ForScore"]
    private static let embeddingPipelines = ["feature-extraction", "sentence-similarity"]
}

extension ModelFiles {
    /// Whether they are an adapter's and no whole model's.
    var isAdapter: Bool {
        self[AdapterConfiguration.path] != nil && self["model.safetensors"] == nil && self[ShardIndex.path] == nil
    }
}

extension ChatTemplateSource {
    /// Where a template stands, also one that cannot be read; nil where there is none, or an empty text.
    static func place(in files: ModelFiles) -> String? {
        do {
            guard let found = try find(in: files, try ModelSource(of: files)), !found.text.isEmpty else { return nil }
            return found.place
        } catch {
            return "one that cannot be read, \(error)"
        }
    }
}

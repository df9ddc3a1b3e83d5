import ArgumentParser
import Dispatch
import GemmaInference
import ModelFormats
import RegistryCore
import RegistryOperations

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Run a model from its files, greedily, in F32 arithmetic on this machine's CPU.",
        discussion: """
            The model is a folder as Hugging Face lays it out (config.json, tokenizer.json, *.safetensors, or one \
            *.gguf), or one GGUF file of several; safetensors come first. With --prompt, <bos> is put before the text \
            and generation ends at the model's end-of-sequence token; with --tokens the ids are taken as given and \
            generation goes on to --max-tokens.
            """)

    @Argument(help: "Folder with the model's files, or a GGUF file.")
    var model: String

    @Option(help: "Folder of a LoRA, rsLoRA or DoRA adapter (PEFT) to apply to the model.")
    var adapter: String?

    @Option(help: "Text to continue.")
    var prompt: String?

    @Option(help: "Token ids to continue, separated by commas: 2,305,314.")
    var tokens: String?

    @Option(help: "How many tokens to generate.")
    var maxTokens: Int = 64

    @Flag(help: "Add the logits at the last position of the prompt.")
    var logits = false

    @Flag(help: "Add the mean negative log-likelihood of the prompt, in nats per token.")
    var score = false

    @Flag(help: "Give pages of weights back after use: about 64 MiB of memory in all, for up to twice the time.")
    var frugal = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (prompt == nil) != (tokens == nil) else {
            throw ValidationError("Give one of --prompt and --tokens.")
        }
    }

    func run() async throws {
        let request = GenerationRequest(
            prompt: try tokens.map { .tokens(try Self.ids($0)) } ?? .text(prompt ?? ""),
            maximumTokens: maxTokens, wantsLogits: logits, wantsScore: score, stopsAtEndOfSequence: tokens == nil)
        let (model, adapter) = (model, adapter)
        let residency: WeightResidency = frugal ? .frugal : .mapped
        let result = try await blocking(qos: .userInitiated) {
            try generate(
                request, model: try ModelFiles(path: model),
                adapter: try adapter.map { try ModelFiles(directory: $0) }, residency: residency)
        }
        for warning in result.warnings { Terminal.say("warning: \(warning)") }
        try output.print(result) { result in
            var lines = [result.text ?? result.tokens.map(String.init).joined(separator: ",")]
            if let meanNLL = result.meanNLL { lines.append("mean NLL of the prompt: \(Quantity.fixed(meanNLL, 4))") }
            if let logits = result.logits { lines.append("logits: \(logits.map { "\($0)" }.joined(separator: " "))") }
            return lines
        }
    }

    private static func ids(_ text: String) throws -> [Int] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { piece in
            guard let id = Int(piece.trimmingPrefix(" ")) else {
                throw Failure(message: "--tokens: '\(String(piece).printable)' is not a token id", exitCode: 2)
            }
            return id
        }
    }
}

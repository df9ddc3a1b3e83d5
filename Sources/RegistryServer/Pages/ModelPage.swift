import RegistryCatalog
import RegistryCore
import RegistryOperations

/// What `model.mustache` shows.
struct ModelPage {
    struct Fact {
        let name: String
        let value: String
        var isCode = false
    }

    struct Command {
        let label: String
        let text: String
    }

    let title: String
    let stylesheet: String
    let endpoint: String
    let namespace: String
    let name: String
    let state: String
    let reason: String?
    /// What is being done with it right now.
    let activity: String?
    /// What the present rules of testing would change; nil where its verdict is one under them.
    let retest: String?
    let facts: [Fact]
    let isServed: Bool
    let needsToken: Bool
    let commands: [Command]
    let decision: DecisionView?
    let hasEvidence: Bool
    let evidence: [EvidenceView]
    let hasFiles: Bool
    let files: [FileView]
    let hasLeftOut: Bool
    let leftOut: [LeftOutFile]
    let hasPulls: Bool
    let pulls: [PullView]
    let transfers: String
    let hasHosts: Bool
    let hosts: [HostView]
    let hasOthers: Bool
    let others: [OtherView]
    let hasRelatives: Bool
    let relatives: [RelativeView]
    let hasEarlier: Bool
    let earlier: [EarlierView]

    /// Nil where the repository is not known here, or only a job of it is.
    static func detail(of repository: RepositoryID, in registry: Registry) async throws -> ModelDetail? {
        do {
            return try await ShowModel(repository: repository, revision: nil).perform(in: registry) { _ in }
        } catch OperationError.unknownModel { return nil }
    }

    init(_ detail: ModelDetail, endpoint: String, needsToken: Bool, stylesheet: String) {
        let summary = detail.summary
        title = summary.repository.description
        self.stylesheet = stylesheet
        self.endpoint = endpoint
        self.needsToken = needsToken
        namespace = summary.repository.namespace
        name = summary.repository.name
        state = summary.state.rawValue
        reason = summary.reason.isEmpty ? nil : summary.reason
        activity = summary.activity.isEmpty ? nil : summary.activity
        retest = detail.retest.flatMap { $0.state == .current ? nil : $0.change }
        facts = Self.facts(detail)
        isServed = summary.state == .served
        commands = Self.commands(detail, endpoint: endpoint)
        // After a revocation an old "admit" would only mislead.
        decision = detail.revocation == nil ? detail.decision.map(DecisionView.init) : nil
        evidence = detail.evidence.map(EvidenceView.init)
        hasEvidence = !evidence.isEmpty
        let verified = detail.lastVerified
        files = detail.files.map { FileView($0, of: summary, verified) }
        hasFiles = !files.isEmpty
        leftOut = detail.leftOut
        hasLeftOut = !leftOut.isEmpty
        pulls = detail.pulls.map(PullView.init)
        hasPulls = !pulls.isEmpty
        let count = summary.pulls
        transfers =
            "\(count.pulls) complete, \(count.unfinished) unfinished; \(Quantity.bytes(count.bytes)) sent; not counted as "
            + "pulls: \(count.partial) ranges, \(count.aborted) broken off, \(count.heads) headers alone."
        hosts = detail.deployments.map(HostView.init)
        hasHosts = !hosts.isEmpty
        others = detail.otherSnapshots.map { OtherView($0, than: summary) }
        hasOthers = !others.isEmpty
        relatives = detail.relatives.map { RelativeView($0, of: summary) }
        hasRelatives = !relatives.isEmpty
        earlier = detail.earlierVerdicts.map(EarlierView.init)
        hasEarlier = !earlier.isEmpty
    }

    private static func facts(_ detail: ModelDetail) -> [Fact] {
        let summary = detail.summary
        var facts: [Fact] = []
        if let commit = summary.commit { facts.append(Fact(name: "Commit", value: commit.hex, isCode: true)) }
        if !detail.refs.isEmpty { facts.append(Fact(name: "Names", value: detail.refs.joined(separator: ", "))) }
        facts.append(Fact(name: "Licence", value: summary.licence ?? "not stated"))
        if !summary.baseModels.isEmpty {
            facts.append(
                Fact(
                    name: "Descends from",
                    value: "\(summary.baseModels.joined(separator: ", ")) (\(summary.relation ?? "finetune"))"))
        }
        if summary.files > 0 {
            facts.append(Fact(name: "Size", value: "\(Quantity.bytes(summary.size)) in \(summary.files) files"))
        }
        facts.append(Fact(name: "Smoke test", value: summary.verdict == "-" ? "not run" : summary.verdict))
        facts.append(Fact(name: "Since", value: summary.updatedAt.minutes))
        facts.append(Fact(name: "Mirrored from", value: detail.upstream, isCode: true))
        if let pin = detail.pin {
            facts.append(
                Fact(name: "Pinned", value: pin.pinnedAt.minutes + (pin.reason.isEmpty ? "" : ": \(pin.reason)")))
        }
        if let manifest = detail.manifest { facts.append(Fact(name: "Manifest", value: "\(manifest)", isCode: true)) }
        return facts
    }

    private static func commands(_ detail: ModelDetail, endpoint: String) -> [Command] {
        let id = detail.summary.repository.description
        let file =
            detail.files.first { $0.path.text.hasSuffix(".safetensors") || $0.path.text.hasSuffix(".gguf") }
            ?? detail.files.first
        var commands = [
            Command(label: "Hugging Face command line", text: "HF_ENDPOINT=\(endpoint) hf download \(id)"),
            Command(
                label: "transformers",
                text: """
                    HF_ENDPOINT=\(endpoint) python3 -c '
                    from transformers import AutoModelForCausalLM, AutoTokenizer
                    tokenizer = AutoTokenizer.from_pretrained("\(id)")
                    model = AutoModelForCausalLM.from_pretrained("\(id)")'
                    """),
        ]
        if let file {
            let path = PercentCoding.encode(file.path.text)
            commands.append(
                Command(label: "One file, with curl", text: "curl -fO \(endpoint)/\(id)/resolve/main/\(path)"))
        }
        return commands
    }
}

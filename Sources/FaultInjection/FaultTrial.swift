import GemmaInference
import ModelFormats
import RegistryCore
package import SmokeTesting

/// A healthy checkpoint, and what faults in it do: how far they move the likelihood, and which checks see them.
package struct FaultTrial: Sendable {
    /// For tables.
    package let name: String
    /// The healthy checkpoint: a folder, or a GGUF file.
    package let path: String
    /// What stands beside it as its base model, and how they are related. Nil: the checkpoint itself, as if a fine-tune
    /// had changed nothing else.
    package let original: String?
    package let materials: Fault.Materials
    /// Probes and bounds; model, base and card are the trial's.
    let template: SmokeTestJob
    private let healthyAlone: SmokeTestReport
    private let healthyBeside: SmokeTestReport
    /// As a conversion of the original.
    private let healthyConversion: SmokeTestReport
    package let healthyNLL: Double?

    /// Tests the healthy checkpoint, alone and beside its original. Blocking.
    package init(
        name: String, path: String, original: String? = nil, materials: Fault.Materials = .init(), job: SmokeTestJob
    ) {
        self.name = name
        self.path = path
        self.original = original
        self.materials = materials
        template = job
        healthyAlone = SmokeTest.run(Self.job(job, path, beside: nil))
        healthyBeside = SmokeTest.run(Self.job(job, path, beside: original ?? path))
        healthyConversion = SmokeTest.run(Self.job(job, path, beside: original ?? path, isConversion: true))
        healthyNLL = Self.meanNLL(path, adaptedFrom: original, job.probes)
    }

    /// The row of the checkpoint as it is; whatever a check says against it is a false alarm.
    package var healthy: FaultRow {
        FaultRow(
            fault: FaultRow.healthyName, what: "nothing changed", checkpoint: name, healthyNLL: healthyNLL,
            meanNLL: healthyNLL,
            alone: FaultSighting(healthyAlone), beside: FaultSighting(healthyBeside))
    }

    /// Applies a fault to a copy and tests that. Nil where the fault makes no sense on this checkpoint. Blocking.
    /// - Throws: what reading the healthy checkpoint, or writing the copy, throws.
    package func row(_ fault: Fault) throws -> FaultRow? {
        let copy: CheckpointCopy
        do {
            copy = try fault.applied(to: path, materials)
        } catch is Fault.Inapplicable {
            return nil
        }
        let alone = SmokeTest.run(Self.job(template, copy.path, beside: nil))
        let job = Self.job(template, copy.path, beside: original ?? path, isConversion: fault.isConversion)
        let beside = SmokeTest.run(job)
        return FaultRow(
            fault: fault.name, what: fault.what, checkpoint: name, healthyNLL: healthyNLL,
            meanNLL: Self.meanNLL(copy.path, adaptedFrom: original, template.probes),
            alone: FaultSighting(alone, against: healthyAlone),
            beside: FaultSighting(beside, against: fault.isConversion ? healthyConversion : healthyBeside))
    }

    private static func job(
        _ template: SmokeTestJob, _ path: String, beside original: String?, isConversion: Bool = false
    ) -> SmokeTestJob {
        var job = template
        job.model = path
        guard let original else { return job }
        let files = try? ModelFiles(path: path)
        let isAdapter = files?["adapter_config.json"] != nil
        let isQuantised = isConversion || files.map(GGUFModel.isModel(of:)) ?? false
        job.card.relation = isAdapter ? "adapter" : isQuantised ? "quantized" : "finetune"
        job.base = .init(name: "the original", folder: original)
        return job
    }

    /// Mean negative log-likelihood of the probe's first text by the engine itself, whatever the checks would say first,
    /// nil when the model cannot be run.
    private static func meanNLL(_ path: String, adaptedFrom base: String?, _ probes: ProbeSet) -> Double? {
        guard let text = probes.texts.first?.text, let files = try? ModelFiles(path: path) else { return nil }
        let isAdapter = files["adapter_config.json"] != nil
        let request = GenerationRequest(prompt: .text(text), maximumTokens: 0, wantsScore: true)
        let result =
            isAdapter
            ? try? base.flatMap { try generate(request, model: ModelFiles(path: $0), adapter: files) }
            : try? generate(request, model: files)
        return result?.meanNLL
    }
}

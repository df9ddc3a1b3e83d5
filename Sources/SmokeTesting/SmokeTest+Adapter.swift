import GemmaInference
import ModelFormats
import RegistryCore

/// An adapter is run on its base: its files fit it, its changes have a size that training gives, and the two together
/// still know text.
///
/// What cannot be seen: an adapter carries no hash of its base. On another base of the same shape, or with a wrong
/// scale, only its name, its likelihood and the size of its changes can give it away.
extension SmokeTest {
    mutating func runAdapter() {
        let bound = "every tensor of the adapter in its place in the base, in a shape that fits"
        let adapter: Adapter
        do {
            adapter = try Adapter(reading: files)
        } catch {
            return record(error, of: .tensorsPresentAndShaped, bound: bound)
        }
        let base = openBase(of: adapter)
        guard checkStored(adapter.tensors, zeroWarning: { Self.reasonForZeros(in: $0) }), let base else { return }
        guard let tensors = fit(adapter, to: base, bound), let tokenizer = checkTokenizer(over: base) else { return }
        do {
            let residency = job.residency
            func load(_ adapter: Adapter?) throws -> LoadedModel {
                try LoadedModel(
                    configuration: base.configuration, tensors: tensors, tokenizer: tokenizer, adapter: adapter,
                    residency: residency)
            }
            guard try checkUpdates(try load(adapter), adapter.configuration) else { return }
            try checkForwardPass(try load(adapter), tokenizer, chat: nil)
            guard checks.contains(where: { $0.name == .deterministic }) else { return }
            try checkEffect(of: try load(adapter), on: try load(nil), tokenizer)
        } catch {
            record(error, of: .adapterEffect, bound: "a forward pass with the adapter")
        }
    }

    /// The base's tensors, when every part of the adapter has its place there.
    private mutating func fit(_ adapter: Adapter, to base: OpenedBase, _ bound: String) -> ModelTensors? {
        modelType = base.configuration.modelType
        do {
            let tensors = try base.source.tensors()
            let modules = try adapter.fitted(to: try base.configuration.expectedTensors(in: tensors), in: tensors)
            record(
                .tensorsPresentAndShaped, modules.warnings.isEmpty ? .passed : .warned,
                value: "\(adapter.tensors.tensors.count) tensors", bound: bound,
                reason: "\(modules.updates.count) updates, \(modules.replacements.count) replaced tensors, "
                    + "\(modules.rows.count) replaced rows" + (modules.warnings.first.map { "; \($0)" } ?? ""))
            return tensors
        } catch {
            record(error, of: .tensorsPresentAndShaped, bound: bound)
            return nil
        }
    }

    private static func reasonForZeros(in tensor: TensorFinding) -> String? {
        // One factor of zeros makes the product zero: PEFT starts B (for embeddings A) so.
        tensor.name.contains("lora_") ? "its update is zero, so that module is untrained" : nil
    }

    /// The base, with what the adapter and the job call it compared.
    private mutating func openBase(of adapter: Adapter) -> OpenedBase? {
        let bound = "the model that \(AdapterConfiguration.path) names, at the revision that it names, is here"
        let named = adapter.configuration.baseModel.map { printable($0) }
        progress(.adapterBase, 0)
        guard let given = job.base else {
            record(
                .adapterBase, .unsupported, bound: bound,
                reason: "its base \(named ?? "(it names none)") is not here: mirror it first, then test this adapter "
                    + "again")
            return nil
        }
        let base: OpenedBase
        do {
            base = try OpenedBase(given)
            openedBase = base
        } catch {
            record(error, of: .adapterBase, bound: bound)
            return nil
        }
        let doubts = Self.doubts(adapter.configuration, given.name)
        record(
            .adapterBase, doubts == nil ? .passed : .warned, value: printable(given.name), bound: bound,
            reason: doubts ?? "the names agree; that the bytes are those it was trained on is not recorded in adapters")
        return base
    }

    /// What the adapter says of its base that `given`, `namespace/name@commit`, is not.
    static func doubts(_ adapter: AdapterConfiguration, _ given: String) -> String? {
        let parts = given.split(separator: "@", maxSplits: 1).map(String.init)
        guard let named = adapter.baseModel, !named.isEmpty else { return "the adapter does not name its base" }
        // The Hub's names are ASCII and differ by more than case.
        guard named.lowercased().utf8.elementsEqual((parts.first ?? "").lowercased().utf8) else {
            return
                "the adapter names the base \(printable(named)), it is run on \(printable(given)): a copy of it under "
                + "another name is right, another model of the same shape is not, and no file says which it is"
        }
        let isCommit = adapter.revision.map { $0.utf8.count == 40 && $0.allSatisfy(\.isHexDigit) } ?? false
        if isCommit, let revision = adapter.revision, parts.count == 2, parts[1].lowercased() != revision.lowercased() {
            return "the adapter names revision \(revision) of its base, it is run on \(printable(parts[1]))"
        }
        return nil
    }

    /// The adapter's own tokenizer where it has one, else the base's.
    private mutating func checkTokenizer(over base: OpenedBase) -> Tokenizer? {
        guard files[Tokenizer.path] != nil else { return checkTokenizer(base.configuration, in: base.source) }
        guard let tokenizer = checkTokenizer(base.configuration), checkTokenizerAgainstBase(tokenizer) else {
            return nil
        }
        return tokenizer
    }

    /// The size of each change, and whether the base holds them already. False stops the test.
    private mutating func checkUpdates(_ adapted: LoadedModel, _ adapter: AdapterConfiguration) throws -> Bool {
        let bounds = job.bounds
        progress(.adapterUpdate, 0)
        let updates = try adapted.adapterUpdates()
        let sorted = updates.sorted { $0.relativeSize < $1.relativeSize }
        let bound =
            "|W' - W| at most \(bounds.maximumAdapterUpdate) of |W|, without warning \(bounds.warnAdapterUpdate); at most "
            + "\(bounds.maximumAdapterShareInBase) of the update in the base already"
        guard let largest = sorted.last else {
            record(.adapterUpdate, .failed, bound: bound, reason: "the adapter changes no tensor")
            return false
        }
        let median = sorted[sorted.count / 2].relativeSize, share = updates.shareInBase ?? 0
        if largest.relativeSize.isFinite { measurements["adapterUpdateLargest"] = largest.relativeSize }
        if median.isFinite { measurements["adapterUpdate"] = median }
        if share.isFinite { measurements["adapterShareInBase"] = share }
        let value =
            "median \(shown(median)), largest \(shown(largest.relativeSize)); \(shown(share)) in the base"
        let scale = "alpha \(adapter.alpha), rank \(adapter.rank)" + (adapter.isRankStabilised ? ", rsLoRA" : "")
        let place = "the largest is \(printable(largest.name)), of \(updates.count) tensors; \(scale)"
        // Written so that NaN fails.
        guard share <= bounds.maximumAdapterShareInBase else {
            record(
                .adapterUpdate, .failed, value: value, bound: bound,
                reason:
                    "the base's weights hold \(shown(share)) times this update already: it is merged into this "
                    + "base, and would be applied twice")
            return false
        }
        guard largest.relativeSize <= bounds.maximumAdapterUpdate else {
            record(
                .adapterUpdate, .failed, value: value, bound: bound,
                reason: "\(place): the changes drown the base's weights, as a wrong scale makes them")
            return true
        }
        let isLarge = largest.relativeSize > bounds.warnAdapterUpdate
        record(
            .adapterUpdate, isLarge ? .warned : .passed, value: value, bound: bound,
            reason: isLarge ? "\(place): larger than training usually leaves" : place)
        return true
    }

    /// The adapter changes what the base says of the first text.
    private mutating func checkEffect(of adapted: LoadedModel, on plain: LoadedModel, _ tokenizer: Tokenizer) throws {
        let least = job.bounds.minimumAdapterEffect, context = plain.configuration.contextLength
        let bound = "a logit that moves by \(least) at least"
        let text = Array(tokenizer.encodeWithBeginning(job.probes.texts.first?.text ?? "").prefix(min(context, 64)))
        progress(.adapterEffect, 0)
        guard !text.isEmpty else {
            return record(.adapterEffect, .failed, bound: bound, reason: "the probe set has no text")
        }
        let logits = try [plain, adapted].map { model in
            TextRun(try model.makeModel(capacity: text.count)).read(text, scores: false).lastLogits
        }
        let change = zip(logits[0], logits[1]).map { abs(Double($0) - Double($1)) }.max() ?? 0
        measurements["adapterEffect"] = change.isFinite ? change : nil
        let isIdle = !(change > least)
        record(
            .adapterEffect, isIdle ? .warned : .passed, value: shown(change), bound: bound,
            reason: isIdle
                ? "the adapter changes nothing: it is untrained" : "the largest change after \(text.count) tokens")
    }
}

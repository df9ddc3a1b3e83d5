import ModelFormats
import RegistryCore

/// The opened files of the model that a variant descends from.
struct OpenedBase {
    let name: String
    let source: ModelSource
    let configuration: GemmaConfiguration

    init(_ base: SmokeTestJob.BaseModel) throws {
        name = base.name
        source = try ModelSource(of: try ModelFiles(path: base.folder))
        configuration = try source.configuration()
    }
}

extension SmokeTest {
    /// The base model, opened once. Nil, and the check's outcome is recorded, when there is none here or it cannot be
    /// read: that is not this model's fault, and is no pass either.
    mutating func baseModel(for name: SmokeTestReport.CheckName, bound: String) -> OpenedBase? {
        guard let base = job.base else {
            record(name, .notApplicable, bound: bound, reason: "no base model is here to compare with")
            return nil
        }
        do {
            let opened = try openedBase ?? OpenedBase(base)
            openedBase = opened
            return opened
        } catch {
            record(
                name, .warned, bound: bound, reason: "the base model \(printable(base.name)) cannot be read: \(error)")
            return nil
        }
    }
}

import ModelFormats
import RegistryCore

extension ModelClass {
    /// What a model is taken for, and the sentence that says why.
    static func recognised(in files: ModelFiles, _ job: SmokeTestJob) -> (ModelClass, String) {
        if let given = job.modelClass { return (given, "the policy says so") }
        return (.base, "nothing says otherwise")
    }

    /// Why models of this class are not asked this; nil where they are.
    func reasonAgainst(_ check: SmokeTestReport.CheckName) -> String? { nil }
}

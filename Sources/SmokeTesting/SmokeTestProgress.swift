/// How far a running test is.
package struct SmokeTestProgress: Codable, Equatable, Sendable {
    package let check: SmokeTestReport.CheckName
    /// The part of it that is done, 0 to 1.
    package let done: Double

    package init(check: SmokeTestReport.CheckName, done: Double) {
        self.check = check
        self.done = done
    }
}

extension SmokeTestReport.Verdict {
    /// Whether a process that comes to it ends with status 0.
    package var passes: Bool { self == .passed || self == .warned }
}

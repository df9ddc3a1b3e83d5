import Foundation
import SealedProcess
import SmokeTesting

/// What `lapidary sealed-smoke-test` does once CSandbox has sealed it: the job from its standard input, the test, the
/// report. Started by the registry alone.
enum SealedSmokeTest {
    /// Returns where this process is not a sealed one. Comes before the command line is read, which takes /proc.
    static func runIfSealed() {
        guard let child = SealedChild.begin() else { return }
        do {
            let job = try child.decodedJob(as: SmokeTestJob.self)
            let report = SmokeTest.run(job) { check, done in
                child.send(progress: SmokeTestProgress(check: check, done: done))
            }
            try child.finish(report: report, passed: report.verdict.passes)
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }
}

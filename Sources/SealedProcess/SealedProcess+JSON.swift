import Foundation

extension SealedProcess {
    /// Runs a job and reads its report, both as JSON. A report that is not one of ours is as good as none, and progress
    /// that is not is left out.
    package func run<Report: Decodable & Sendable, Progress: Decodable & SendableMetatype>(
        _ job: some Encodable, reporting: Report.Type, progress: @escaping @Sendable (Progress) -> Void
    ) async throws(SealedProcessError) -> (report: Report, outcome: Outcome) {
        let bytes: Data
        do { bytes = try JSONEncoder().encode(job) } catch { throw .cannotStart("its job is no JSON: \(error)") }
        let outcome = try await run(job: Array(bytes)) { bytes in
            if let value = try? JSONDecoder().decode(Progress.self, from: Data(bytes)) { progress(value) }
        }
        return (try outcome.decodedReport(as: Report.self), outcome)
    }
}

extension SealedProcess.Outcome {
    package func decodedReport<Report: Decodable>(as type: Report.Type) throws(SealedProcessError) -> Report {
        do {
            return try JSONDecoder().decode(type, from: Data(report))
        } catch {
            throw .broken("a report of \(report.count) bytes that is not one of ours")
        }
    }
}

extension SealedChild {
    /// - Throws: the decoder's error, where the job is not one.
    package func decodedJob<Job: Decodable>(as type: Job.Type) throws -> Job {
        try JSONDecoder().decode(type, from: Data(job))
    }

    package func send(progress: some Encodable) {
        if let bytes = try? JSONEncoder().encode(progress) { send(progressBytes: Array(bytes)) }
    }

    /// - Throws: the encoder's error, e.g. for a number that is not finite.
    package func finish(report: some Encodable, passed: Bool) throws -> Never {
        finish(reportBytes: Array(try JSONEncoder().encode(report)), passed: passed)
    }
}

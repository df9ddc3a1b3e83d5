import Glibc
import RegistryCatalog
import RegistryCore
import RegistryStorage

/// What came of looking at blobs.
struct ScrubRun: Sendable {
    var checked = 0
    var bytes: Int64 = 0
    var findings: [ScrubFinding] = []
    var stopped: String?
}

extension Registry {
    /// Looks at blobs one after the other. What is wrong is out of service before the next one is looked at, and
    /// fetched again.
    ///
    /// - Parameter isNamed: somebody asks about these blobs: that most of them are missing is then no reason to doubt it.
    func scrub(
        _ blobs: [BlobRecord], isNamed: Bool = false, pace: ReadPace, report: @escaping Report
    ) async throws -> ScrubRun {
        var run = ScrubRun()
        guard !blobs.isEmpty else { return run }
        if let doubt = try await doubt(blobs, isNamed) {
            run.stopped = "\(doubt): is its disk mounted? Nothing was judged"
            return run
        }
        // One file that cannot be read is a bad file; three in a row are a bad disk, of which no file is guilty.
        var unreadable: [(BlobRecord, BlobExamination, String)] = []
        var sound: [SHA256Digest] = []
        // Thousands of small files would be thousands of lines.
        var reportedAt = ContinuousClock.now - .seconds(2)
        for (index, blob) in blobs.enumerated() {
            try Task.checkCancellation()
            if ContinuousClock.now - reportedAt > .seconds(1) {
                reportedAt = .now
                report(
                    .message(
                        "scrubbing \(index + 1) of \(blobs.count): \(blob.digest.short), \(Quantity.bytes(blob.size))"))
            }
            let examination = try await idling { [store = self.blobs] in
                try store.examine(blob.digest, size: blob.size, pace: pace)
            }
            run.checked += 1
            run.bytes = run.bytes.addingReportingOverflow(examination.read).partialValue
            switch examination.finding {
            case .unreadable(let code):
                unreadable.append((blob, examination, "it cannot be read: \(String(cString: strerror(code)))"))
                if unreadable.count == 3 {
                    run.stopped =
                        "3 blobs in a row cannot be read (\(String(cString: strerror(code)))): the disk of "
                        + "\(self.blobs.layout.root) needs a look; none of the three was judged"
                    try await catalog.noteSound(sound)
                    return run
                }
                continue
            case .sound: sound.append(blob.digest)
            case .wrongMode(let mode):
                sound.append(blob.digest)
                run.findings.append(
                    ScrubFinding(
                        digest: blob.digest, size: blob.size, problem: "its mode was \(String(mode, radix: 8))",
                        files: try await catalog.uses(of: blob.digest).map(\.name),
                        outcome: "set back to 444; its bytes are right", isRight: true))
            case .missing:
                // A disk may go at any moment.
                if blob.damage == nil, let doubt = try await doubt([blob], true) {
                    run.stopped = "\(doubt): is its disk mounted? The rest was not judged"
                    try await catalog.noteSound(sound)
                    return run
                }
                try await note(blob, examination, blob.damage?.reason ?? "it is missing", &run)
            case .damaged(let problem): try await note(blob, examination, problem, &run)
            }
            for (blob, examination, problem) in unreadable { try await note(blob, examination, problem, &run) }
            unreadable = []
            // At once while upstream answers; where it does not, the rest need not wait for it one by one.
            if !run.findings.contains(where: { !$0.isRight && !$0.outcome.isEmpty }) {
                try await repairFound(&run, report)
            }
            if sound.count == 100 {
                try await catalog.noteSound(sound)
                sound = []
            }
        }
        for (blob, examination, problem) in unreadable { try await note(blob, examination, problem, &run) }
        try await catalog.noteSound(sound)
        try await repairFound(&run, report)
        return run
    }

    /// Why it is likelier that the disk is not there than that these blobs were lost one by one.
    private func doubt(_ blobs: [BlobRecord], _ isNamed: Bool) async throws -> String? {
        let folder = "\(self.blobs.layout.root)/blobs"
        let sound = blobs.filter { $0.damage == nil }.map(\.digest)
        return try await blocking { [store = self.blobs] in
            guard store.isPresent else { return "\(folder) is empty, although the catalogue knows blobs in it" }
            let missing = isNamed ? 0 : store.countMissing(sound)
            guard missing > 2, missing * 2 > sound.count else { return nil }
            return "\(missing) of \(sound.count) blobs are missing in \(folder) ('lapidary scrub NAME' judges one "
                + "model's all the same)"
        }
    }

    /// Takes a bad blob out of service, unless it is another file by now or none that is kept.
    private func note(
        _ blob: BlobRecord, _ examination: BlobExamination, _ problem: String, _ run: inout ScrubRun
    ) async throws {
        guard try await condemn(blob.digest, seen: examination.identity, problem) else { return }
        run.findings.append(
            ScrubFinding(
                digest: blob.digest, size: blob.size, problem: problem,
                files: try await catalog.uses(of: blob.digest).map(\.name), outcome: "", isRight: false))
    }

    /// Marks a blob as damaged, moves it to quarantine, and cuts the transfers of every snapshot that names it.
    /// - Returns: false where it is not what was looked at any more, or no longer kept: no damage.
    func condemn(_ digest: SHA256Digest, seen identity: FileIdentity?, _ problem: String) async throws -> Bool {
        try await publication.hold {
            guard try await blocking({ [blobs] in blobs.identity(of: digest) }) == identity else { return false }
            guard try await catalog.noteDamage(digest, problem) else { return false }
            let snapshots = Set(try await catalog.uses(of: digest).map(\.snapshot))
            defer { cuts.cut(snapshots) }
            // Once before as well: moving it may fail on a disk that fails.
            cuts.cut(snapshots)
            // Somebody who holds it may be about to put another in its place; the repair looks at what is there then.
            if identity != nil, !holds.contains(digest) {
                _ = try await blocking { [blobs] in try blobs.quarantine(digest) }
            }
            return true
        }
    }

    private func repairFound(_ run: inout ScrubRun, _ report: @escaping Report) async throws {
        for (index, finding) in run.findings.enumerated() where !finding.isRight && finding.outcome.isEmpty {
            try Task.checkCancellation()
            let outcome = try await repair(finding.digest, size: finding.size, report)
            run.findings[index] = ScrubFinding(
                digest: finding.digest, size: finding.size, problem: finding.problem, files: finding.files,
                outcome: outcome.words, isRight: outcome.isRight)
        }
    }
}

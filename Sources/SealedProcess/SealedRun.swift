import CSandbox
import Glibc
import RegistryCore

/// One run of a ``SealedProcess``, by a thread that waits on what the child writes.
///
/// However it ends, the supervisor is asked first (SIGTERM): it takes the child along and leaves once that is gone, so
/// that nothing is left when this returns. Only one that does not answer is killed; its child dies with it.
struct SealedRun: ~Copyable {
    /// Beyond the time limit, which the supervisor watches, and between asking and killing.
    private static let grace = Duration.milliseconds(1000)

    private let settings: SealedProcess
    private let progress: @Sendable ([UInt8]) -> Void
    private let start = ContinuousClock.now
    private let spawned: SpawnedProcess
    private let group: ControlGroup?
    private var reader: FrameReader
    private var sealed: SealedFrame?
    private var trouble = BoundedText()
    private var failure: SealedProcessError?
    private var killAt: ContinuousClock.Instant
    private var isKilled = false

    init(
        _ settings: SealedProcess, job: [UInt8], progress: @escaping @Sendable ([UInt8]) -> Void
    ) throws(SealedProcessError) {
        self.settings = settings
        self.progress = progress
        var generator = SystemRandomNumberGenerator()
        let nonce = (0..<SealedFrame.nonceLength).map { _ in UInt8.random(in: 0...255, using: &generator) }
        reader = FrameReader(nonce: nonce)
        killAt = start + settings.timeLimit + Self.grace
        group = ControlGroup.make(memoryLimit: settings.memoryLimit, threadLimit: settings.threadLimit)
        do throws(Errno) {
            let job = try OwnedDescriptor(sandbox_sealed_memory(nonce + job, nonce.count + job.count))
            spawned = try SpawnedProcess(settings.arguments(groups: group?.lists ?? []), job: job)
        } catch {
            group?.remove()
            throw .cannotStart("\(settings.executable): \(error)")
        }
    }

    /// Waits for the end, and says how it ended.
    mutating func finish(cancelledBy bell: CancellationBell) throws(SealedProcessError) -> SealedProcess.Outcome {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var watched = [
            pollfd(fd: spawned.results.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: spawned.trouble.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let left = ContinuousClock.now.duration(to: killAt)
            if left <= .zero {
                // The child of a killed supervisor dies by PR_SET_PDEATHSIG; what even that leaves is not waited for.
                guard !isKilled else { break }
                kill()
                continue
            }
            guard poll(&watched, 3, Int32(clamping: left.milliseconds + 1)) > 0 else { continue }
            if watched[2].revents != 0 {
                watched[2].fd = -1
                end(.cancelled)
            }
            if watched[1].revents != 0 {
                if let text = spawned.trouble.receive(into: &buffer) { note(text) } else { watched[1].fd = -1 }
            }
            if watched[0].revents != 0 {
                guard let bytes = spawned.results.receive(into: &buffer) else { break }
                take(bytes)
            }
        }
        // Whoever could write results is gone, the supervisor too.
        var status: Int32 = 0
        var waited = waitpid(spawned.process, &status, 0)
        while waited < 0, errno == EINTR { waited = waitpid(spawned.process, &status, 0) }
        let reason = Errno.current
        if let text = spawned.trouble.receive(into: &buffer) { trouble.append(text) }
        group?.remove()
        // Without a status, nothing vouches for what was said.
        guard waited == spawned.process else { throw .cannotStart("waitpid: \(reason)") }
        return try outcome(ChildStatus(raw: status))
    }

    private mutating func outcome(_ status: ChildStatus) throws(SealedProcessError) -> SealedProcess.Outcome {
        if let failure { throw failure }
        if isKilled { throw .outOfTime(settings.timeLimit) }
        let said = trouble.text
        if let failure = status.failure(of: settings, sealed: sealed != nil, trouble: said) { throw failure }
        do throws(FrameReader.Breach) { try reader.finish() } catch { throw .broken(error.reason) }
        guard let report = reader.report, let sealed, let level = sealed.level else {
            throw .ended(status.text, trouble: said)
        }
        let passed = report.kind == .passed
        guard status.code == (passed ? SealedFrame.passedStatus : SealedFrame.failedStatus) else {
            throw .disagreement(passed: passed, status: status.text)
        }
        let elapsed = start.duration(to: .now)
        return SealedProcess.Outcome(
            report: report.payload, passed: passed, level: level, shortOf: sealed.shortOf,
            seconds: Double(elapsed.milliseconds) / 1000)
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        // What comes after a failure is read only to get to its end.
        guard failure == nil else { return }
        do throws(FrameReader.Breach) {
            for frame in try reader.take(bytes) { take(frame) }
        } catch {
            end(.broken(error.reason))
        }
    }

    private mutating func note(_ text: ArraySlice<UInt8>) {
        trouble.append(text)
        if trouble.length > BoundedText.mostLength, failure == nil {
            end(.broken("more than \(BoundedText.mostLength >> 20) MiB on standard error"))
        }
    }

    private mutating func take(_ frame: SealedFrame) {
        switch frame.kind {
        case .sealed:
            sealed = frame
            if let level = frame.level, level >= settings.leastLevel { return }
            end(.notSealed(least: settings.leastLevel, frame.shortOf ?? "it named no level"))
        case .progress: progress(frame.payload)
        case .passed, .failed: break
        }
    }

    private mutating func end(_ reason: SealedProcessError) {
        if failure == nil { failure = reason }
        Glibc.kill(spawned.process, SIGTERM)
        killAt = min(killAt, .now + Self.grace)
    }

    private mutating func kill() {
        Glibc.kill(spawned.process, SIGKILL)
        isKilled = true
        killAt = .now + Self.grace
    }
}

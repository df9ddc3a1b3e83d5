import Glibc
import Logging
import RegistryCatalog
import RegistryCore
import RegistryStorage
import RegistryUpstream
import Synchronization

/// Wakes whoever works on queued mirrors, and knows which of them are being done: a few at a time, so that the others
/// stay what they are, and a thousand of them cost upstream nothing before their turn.
final class JobQueue: Sendable {
    private static let width = 4

    let bell = Bell()
    private let taken = Mutex<Set<Int64>>([])

    /// - Returns: false where it is being done, or enough others are.
    fileprivate func take(_ job: Int64) -> Bool {
        taken.withLock { $0.count < Self.width && $0.insert(job).inserted }
    }

    fileprivate func giveBack(_ job: Int64) {
        taken.withLock { _ = $0.remove(job) }
        bell.ring()
    }
}

extension Registry {
    /// Background work, until cancelled: does the mirrors that a crash cut off, that were queued for later, or whose
    /// wait is over.
    func workQueue() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(15))
                    self.queue.bell.ring()
                }
            }
            group.addTask {
                await withDiscardingTaskGroup { mirrors in
                    for await _ in self.queue.bell.rings {
                        let due = (try? await self.catalog.dueJobs(at: .now)) ?? []
                        for job in due {
                            guard let revision = try? Revision(job.revision) else { continue }
                            let order = Mirror(
                                repository: job.repository, revision: revision, promotion: job.promotion,
                                again: job.again)
                            guard !self.mirrors.isUnderWay(order), !self.running.contains(job.id),
                                self.queue.take(job.id)
                            else { continue }
                            mirrors.addTask {
                                await self.mirrorInBackground(order)
                                self.queue.giveBack(job.id)
                            }
                        }
                    }
                }
            }
            queue.bell.ring()
            await group.next()
            group.cancelAll()
        }
    }

    private func mirrorInBackground(_ order: Mirror) async {
        do {
            _ = try await order.perform(in: self, isAttended: false) { _ in }
        } catch {
            // Its row says so too.
            Logger(label: "lapidary").notice("mirroring of \(order.repository)@\(order.revision): \(Failure(error))")
        }
    }
}

/// When a job that failed is tried again.
enum Retry {
    static let attempts = 12

    /// Nil where trying again would not help, or was tried often enough: a minute, doubling up to six hours, with
    /// jitter so that several jobs do not come back together.
    static func delay(after error: any Error, attempt: Int) -> Duration? {
        guard mayPass(error), attempt < attempts else { return nil }
        let minutes = min(Double(1 << min(attempt - 1, 9)), 360)
        return .seconds(60 * minutes * Double.random(in: 0.75...1.25))
    }

    private static func mayPass(_ error: any Error) -> Bool {
        switch error {
        case let error as UpstreamError: error.mayPass
        case StorageError.full, CatalogError.full: true
        case StorageError.failed(_, _, let errno): errno == ENOSPC || errno == EDQUOT
        default: false
        }
    }
}

import Foundation
import RegistryCore
import RegistryOperations
import RegistryStorage
import RegistryUpstream
import Synchronization

/// Performs a verb wherever the storage is owned: here, where nobody holds the lock, else in the server that does.
enum Connection {
    static func perform<Act: Verb>(
        _ verb: Act, _ settings: Settings, report: @escaping Report = { _ in }
    ) async throws -> Act.Answer {
        do {
            let registry = try await Registry.open(settings.registry)
            return try await verb.perform(in: registry, report: report)
        } catch StorageError.locked(let root, let owner) {
            let layout = StorageLayout(root: root)
            guard let server = StorageLock.owner(layout)?.server else {
                throw StorageError.locked(root: root, owner: owner)
            }
            guard let token = KeyFile.read(layout.adminToken) else {
                throw Failure(
                    message: "a server owns \(root), and \(layout.adminToken), which lets you act through it, cannot "
                        + "be read: run this as the user who runs the server", exitCode: 1)
            }
            return try await send(verb, to: server, token: Secret(token), report: report)
        }
    }

    private static func send<Act: Verb>(
        _ verb: Act, to server: String, token: Secret, report: @escaping Report
    ) async throws -> Act.Answer {
        let outcome = Mutex<Line<Act.Answer>?>(nil)
        let post = JSONPost(
            url: "\(server)/api/lapidary/\(Act.name)", token: token, body: Array(try JSONEncoder().encode(verb)))
        let status: Int
        do {
            status = try await post.send { line in
                guard let line = try? JSONDecoder().decode(Line<Act.Answer>.self, from: Data(line)) else { return }
                if let progress = line.progress { report(progress) } else { outcome.withLock { $0 = line } }
            }
        } catch UpstreamError.unreachable(_, let reason) {
            throw Failure(
                message: "the server at \(server) has gone away (\(reason)): what it was mirroring goes on when it is "
                    + "started again ('lapidary jobs' shows it); anything else can be asked again", exitCode: 1)
        }
        let line = outcome.withLock { $0 }
        if let answer = line?.answer { return answer }
        throw line?.failure
            ?? Failure(message: "the server at \(server) answered \(status) and broke off; see its log", exitCode: 1)
    }

    /// A line of the server's answer: exactly one of the three.
    private struct Line<Answer: Codable & Sendable>: Codable, Sendable {
        var progress: Step?
        var answer: Answer?
        var failure: Failure?
    }
}

import Foundation
import Glibc
import Testing

/// `lapidary serve` as a process of its own, on a storage that it owns until it is ended.
final class ServerProcess: Sendable {
    let url: String
    private let process: Process

    /// - Parameter environment: what the server is configured with.
    init(_ environment: [String: String]) async throws {
        let log = FileManager.default.temporaryDirectory.path + "/serve-\(UUID().uuidString).log"
        defer { try? FileManager.default.removeItem(atPath: log) }
        try Data().write(to: URL(fileURLWithPath: log))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: House.executable)
        process.arguments = ["serve", "--listen", "127.0.0.1:0"]
        process.environment = environment.merging(["PATH": "/usr/bin:/bin", "HOME": "/tmp"]) { given, _ in given }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        self.process = process
        var url: String?
        try await eventually("the server listens") {
            let text = try String(contentsOfFile: log, encoding: .utf8)
            url = text.split(separator: "\n").first.flatMap { $0.split(separator: " ").last.map(String.init) }
            return url?.hasPrefix("http://") == true
        }
        self.url = try #require(url)
    }

    deinit { kill() }

    /// As a crash or a power cut would: without a word.
    func kill() {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

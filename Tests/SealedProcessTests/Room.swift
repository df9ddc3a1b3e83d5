import Foundation
import RegistryCore
import SealedProcess

/// A folder as a model's, secrets beside it, and children of the given program that may read the one and not the other.
final class Room: Sendable {
    /// Far more than a child needs that ends by itself: a busy machine must not make it one that does not.
    static let timeLimit = Duration.seconds(20)

    let root: URL
    let model: URL
    let secret: URL

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "lapidary-room-\(UUID().uuidString)")
        model = root.appending(path: "model")
        secret = root.appending(path: "admin-token")
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try Data("a secret".utf8).write(to: secret)
        try Data("weights".utf8).write(to: file)
        for (url, mode) in [(root, 0o755), (model, 0o777), (secret, 0o644), (file, 0o644)] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
        }
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: secret)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    var file: URL { model.appending(path: "model.safetensors") }
    var link: URL { model.appending(path: "link-to-the-token") }

    /// What HostileChild is called where less can be had: see Tests/PoorerKernel.
    enum Kernel: String, CaseIterable {
        case asItIs, docker, dockerUser = "docker-user", user, noLandlock = "no-landlock", noSeccomp = "no-seccomp"
    }

    /// A job is the behaviour's name and what it needs; `$model` and the like stand for this room's paths.
    func run(
        _ job: String, on kernel: Kernel = .asItIs, timeLimit: Duration = Room.timeLimit,
        leastLevel: SandboxLevel = .seccomp, progress: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws(SealedProcessError) -> SealedProcess.Outcome {
        let process: SealedProcess
        do {
            process = SealedProcess(
                executable: try executable(on: kernel), readable: [model.path], memoryLimit: 256 << 20,
                timeLimit: timeLimit, leastLevel: leastLevel)
        } catch {
            throw .cannotStart("\(error)")
        }
        return try await process.run(job: Array(expanded(job).utf8), progress: progress)
    }

    /// Without any sealing: what got through, or `held`.
    func control(_ job: String) throws -> String {
        let process = Process(), output = Pipe()
        process.executableURL = Self.built("HostileChild")
        let words = expanded(job).split(separator: " ", maxSplits: 1)
        process.arguments = [String(words[0]), words.count > 1 ? String(words[1]) : ""]
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    /// Processes whose command line names this room: all of its children, however far they got.
    var processes: [Int32] {
        var line = [UInt8](repeating: 0, count: 8192)
        return ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap(Int32.init).filter {
            let file = open("/proc/\($0)/cmdline", O_RDONLY)
            guard file >= 0 else { return false }
            defer { close(file) }
            // Not by FileManager.contents, with which each scan of /proc left 250 KiB behind (measured).
            let count = read(file, &line, line.count)
            return count > 0 && String(decoding: line[..<count], as: UTF8.self).contains(model.path)
        }
    }

    static func built(_ program: String) -> URL {
        let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: test).deletingLastPathComponent().appending(path: program)
    }

    private func executable(on kernel: Kernel) throws -> String {
        guard kernel != .asItIs else { return Self.built("HostileChild").path }
        let name = root.appending(path: kernel.rawValue)
        if !FileManager.default.fileExists(atPath: name.path) {
            try FileManager.default.createSymbolicLink(at: name, withDestinationURL: Self.built("PoorerKernel"))
        }
        return name.path
    }

    private func expanded(_ job: String) -> String {
        let names = [
            "$file": file.path, "$new": model.appending(path: "new").path, "$secret": secret.path, "$link": link.path,
            "$model": model.path, "$parent": "\(getpid())",
        ]
        return names.reduce(job) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
    }
}

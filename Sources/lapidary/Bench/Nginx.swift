import Foundation
import RegistryCore

/// The reference for serving a file: nginx with `sendfile on`, over the same file.
struct Nginx: Sendable {
    let contender: Contender
    /// Without a path.
    let url: String
    private let process: Process

    /// What serves one file. Nil where nginx is not installed.
    static func start(serving file: String, in folder: String) async throws -> Nginx? {
        let url = URL(fileURLWithPath: file)
        return try await start(
            root: url.deletingLastPathComponent().path, in: folder, more: "", probing: url.lastPathComponent)
    }

    /// Serves a folder.
    /// - Parameters:
    ///   - folder: for its own files.
    ///   - more: directives of the server.
    ///   - path: below the root; the contender's, and what tells that it is ready.
    static func start(root: String, in folder: String, more: String, probing path: String) async throws -> Nginx? {
        guard let program = ["/usr/sbin/nginx", "/usr/bin/nginx"].first(where: FileManager.default.isExecutableFile)
        else {
            return nil
        }
        let port = Int.random(in: 20_000...60_000)
        let configuration = """
            daemon off; worker_processes 2; pid \(folder)/nginx.pid; error_log \(folder)/nginx.log;
            user \(NSUserName());
            events { worker_connections 64; }
            http {
                access_log off; sendfile on; tcp_nopush on;
                client_body_temp_path \(folder)/body; proxy_temp_path \(folder)/proxy;
                fastcgi_temp_path \(folder)/fastcgi; uwsgi_temp_path \(folder)/uwsgi; scgi_temp_path \(folder)/scgi;
                server { listen 127.0.0.1:\(port); root \(root); \(more) }
            }
            """
        let file = "\(folder)/nginx.conf"
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-c", file, "-e", "\(folder)/nginx.log"]
        process.standardError = FileHandle.nullDevice
        try process.run()
        let parent = process.processIdentifier
        let contender = Contender(
            name: "nginx", url: "http://127.0.0.1:\(port)/\(path)",
            cpuSeconds: { workers(of: parent).reduce(0) { $0 + cpuSeconds(of: $1) } })
        // nginx says nothing when it is ready; curl's own retries wait for its socket.
        try await blocking {
            let probe = Process()
            probe.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
            probe.arguments = [
                "--silent", "--head", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "-o", "/dev/null",
                contender.url,
            ]
            try probe.run()
            probe.waitUntilExit()
        }
        return Nginx(contender: contender, url: "http://127.0.0.1:\(port)", process: process)
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    private static func workers(of parent: Int32) -> [Int32] {
        let text = try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { Int32($0) }
    }

    /// utime and stime of `/proc/<pid>/stat`, fields 14 and 15, in ticks of 1/100 s.
    private static func cpuSeconds(of process: Int32) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / 100
    }
}

import Foundation
import RegistryCore
import RegistryOperations

/// A repository of random bytes, laid out so that a plain web server speaks the Hub's protocol with it.
struct IngestSource: Sendable {
    static let repository = "bench/model"
    private static let commit = String(repeating: "b", count: 40)

    let root: String
    /// Paths in the repository.
    let names: [String]
    let bytes: Int64
    var isMany: Bool { names.count > 1 }

    /// The one file.
    var file: String { "\(resolved)/\(names[0])" }
    private var resolved: String { "\(root)/\(Self.repository)/resolve/\(Self.commit)" }

    /// Blocking.
    init(in place: String, size: Int64, files: Int) throws {
        root = "\(place)/source"
        let manager = FileManager.default
        let api = "\(root)/api/models/\(Self.repository)"
        let resolved = "\(root)/\(Self.repository)/resolve/\(Self.commit)"
        for folder in [resolved, "\(api)/revision", "\(api)/tree"] {
            try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        var noise = [UInt8](repeating: 0, count: 1 << 20)
        for index in noise.indices { noise[index] = UInt8.random(in: 0...255) }
        var entries: [String] = []
        var names: [String] = []
        var bytes: Int64 = 0
        for number in 0..<max(1, files) {
            let name = files > 0 ? "part-\(number).json" : "model.safetensors"
            let path = "\(resolved)/\(name)"
            let length = files > 0 ? Int64(1024 * (1 + number % 64)) : size
            guard manager.createFile(atPath: path, contents: nil), let handle = FileHandle(forWritingAtPath: path)
            else { throw Failure(message: "\(path) cannot be written", exitCode: 1) }
            var left = length
            while left > 0 {
                // No two pieces alike, or a file system could do less work than with a model.
                withUnsafeBytes(of: Int64(number) << 40 | left) { noise.replaceSubrange(0..<8, with: $0) }
                let piece = noise.prefix(Int(min(left, Int64(noise.count))))
                try handle.write(contentsOf: piece)
                left -= Int64(piece.count)
            }
            try handle.close()
            guard let digest = ContentDigests.ofFile(path)?.sha256 else {
                throw Failure(message: "\(path) cannot be read", exitCode: 1)
            }
            let git = ContentDigests.gitObject(of: Array(name.utf8))
            entries.append(
                #"{"type":"file","oid":"\#(git.hex)","size":\#(length),"path":"\#(name)","lfs":{"oid":"\#(digest.hex)","size":\#(length),"pointerSize":130}}"#
            )
            names.append(name)
            bytes += length
        }
        let siblings = names.map { #"{"rfilename":"\#($0)"}"# }.joined(separator: ",")
        try
            #"{"id":"\#(Self.repository)","modelId":"\#(Self.repository)","sha":"\#(Self.commit)","tags":[],"siblings":[\#(siblings)],"private":false,"gated":false,"disabled":false,"downloads":0,"likes":0}"#
            .write(toFile: "\(api)/revision/main", atomically: true, encoding: .utf8)
        try "[\(entries.joined(separator: ","))]"
            .write(toFile: "\(api)/tree/\(Self.commit)", atomically: true, encoding: .utf8)
        self.names = names
        self.bytes = bytes
    }

    func serve() async throws -> Nginx {
        let headers = "add_header X-Repo-Commit \(Self.commit) always; default_type application/json;"
        guard
            let nginx = try await Nginx.start(
                root: root, in: root, more: headers, probing: "api/models/\(Self.repository)/revision/main")
        else { throw Failure(message: "nginx is what serves here: apt-get install nginx-light", exitCode: 1) }
        return nginx
    }

    /// What curl and aria2c read to know what to fetch.
    func list(_ url: String, target: String) -> (curl: String, aria2: String) {
        let lists = (curl: "\(root)/curl.list", aria2: "\(root)/aria2.list")
        let base = "\(url)/\(Self.repository)/resolve/\(Self.commit)"
        let curl = names.map { "url = \"\(base)/\($0)\"\noutput = \"\(target)/\($0)\"\n" }.joined()
        try? curl.write(toFile: lists.curl, atomically: true, encoding: .utf8)
        try? names.map { "\(base)/\($0)\n" }.joined().write(toFile: lists.aria2, atomically: true, encoding: .utf8)
        return lists
    }

    /// The floor of the disk: the same bytes, written in pieces of a MiB and synced.
    func write(into target: String) throws -> ProcessCost {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        return try Self.measured {
            for name in names {
                let source = open("\(resolved)/\(name)", O_RDONLY)
                let copy = open("\(target)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
                defer {
                    close(source)
                    close(copy)
                }
                while case let count = read(source, &buffer, buffer.count), count > 0 {
                    guard Glibc.write(copy, buffer, count) == count else {
                        throw Failure(message: "\(target) cannot be written", exitCode: 1)
                    }
                }
                if !isMany { fsync(copy) }
            }
            if isMany { sync() }
        }
    }

    /// The floor of the proof: one pass of libcrypto.
    func hash() throws -> ProcessCost {
        Self.measured { for name in names { _ = ContentDigests.ofFile("\(resolved)/\(name)") } }
    }

    private static func measured(_ body: () throws -> Void) rethrows -> ProcessCost {
        let start = ContinuousClock.now, before = BenchServe.ownCPUSeconds()
        try body()
        return ProcessCost(
            seconds: (ContinuousClock.now - start) / .seconds(1), cpuSeconds: BenchServe.ownCPUSeconds() - before,
            peakAnonymousBytes: nil, peakResidentBytes: nil, output: "")
    }
}

import Foundation
import RegistryCore
import RegistryOperations

/// One way to get the bytes of a bench's source onto the disk.
struct IngestContender: Sendable {
    static let aria2 = "aria2c -x8"
    static let together = "curl, openssl, sync"
    static let disk = "write and fsync"
    static let hash = "SHA-256"

    let name: String
    let run: @Sendable () throws -> ProcessCost

    /// Those whose programs are installed; each writes into a folder that is empty at its start.
    static func all(_ source: IngestSource, _ url: String, in place: String) throws -> [IngestContender] {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let target = "\(place)/target"
        @Sendable func emptied(_ body: () throws -> ProcessCost) throws -> ProcessCost {
            try? FileManager.default.removeItem(atPath: target)
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
            // What others left dirty is not this one's to write.
            sync()
            return try body()
        }
        var all = [
            IngestContender(name: "lapidary") {
                try emptied {
                    try MeasuredProcess.run(program, ["bench", "ingest", "--only", url, "--folder", target])
                }
            }
        ]
        let list = source.list(url, target: target)
        if let curl = installed("curl") {
            all.append(
                IngestContender(name: "curl -o") {
                    try emptied { try MeasuredProcess.run(curl, ["--silent", "--fail", "--config", list.curl]) }
                })
        }
        if let aria = installed("aria2c") {
            let shape = source.isMany ? ["-j8", "-x1"] : ["-x8", "-s8", "-k1M"]
            all.append(
                IngestContender(name: aria2) {
                    try emptied {
                        try MeasuredProcess.run(
                            aria, shape + ["--quiet", "--allow-overwrite=true", "-d", target, "-i", list.aria2])
                    }
                })
        }
        if !source.isMany, let curl = installed("curl"), let openssl = installed("openssl") {
            // What the cores, which all of this shares with nginx, can do at once. A pipe through which nothing goes: the
            // shell's own "wait" would hang, because a thread of ours that starts it has SIGCHLD blocked.
            let script =
                "'\(curl)' --silent --fail --config '\(list.curl)' | '\(openssl)' dgst -sha256 '\(source.file)'; "
                + "sync --data '\(target)/\(source.names[0])'"
            all.append(
                IngestContender(name: together) {
                    let cost = try emptied { try MeasuredProcess.run("/bin/sh", ["-c", script]) }
                    // The memory that was seen is the shell's alone.
                    return ProcessCost(
                        seconds: cost.seconds, cpuSeconds: cost.cpuSeconds, peakAnonymousBytes: nil,
                        peakResidentBytes: nil, output: "", machineSeconds: cost.machineSeconds)
                })
        }
        let hf = FileManager.default.currentDirectoryPath + "/.venv/hub-2.4.0/bin/hf"
        if FileManager.default.isExecutableFile(atPath: hf) {
            all.append(
                IngestContender(name: "hf download") {
                    try emptied {
                        try MeasuredProcess.run(
                            hf, ["download", IngestSource.repository],
                            environment: [
                                "HF_ENDPOINT": url, "HF_HOME": target, "HF_HUB_DISABLE_UPDATE_CHECK": "1",
                                "HF_HUB_DISABLE_TELEMETRY": "1",
                            ])
                    }
                })
        }
        all.append(IngestContender(name: disk) { try emptied { try source.write(into: target) } })
        all.append(IngestContender(name: hash) { try source.hash() })
        return all
    }

    private static func installed(_ program: String) -> String? {
        ["/usr/bin", "/usr/local/bin", "/usr/sbin"].map { "\($0)/\(program)" }
            .first(where: FileManager.default.isExecutableFile)
    }
}

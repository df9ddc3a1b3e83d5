import RegistryCore
package import RegistryStorage

/// What can be said of a disk's syncs from how long they take and from what the kernel tells of it.
package struct SyncVerdict {
    /// Flash whose cache outlives a power cut syncs in 10 to 50 µs; what has to wait for its flash takes 0.1 to 5 ms.
    private static let flash = 50e-6
    /// A platter has to come round: 8 ms at 7,200 turns a minute, half of it on average.
    private static let platter = 2e-3

    /// Seconds, the shortest first.
    private let times: [Double]
    private let system: MountedFileSystem?
    private let hasEatMyData: Bool

    package init(times: [Double], on system: MountedFileSystem?, hasEatMyData: Bool) {
        self.times = times
        self.system = system
        self.hasEatMyData = hasEatMyData
    }

    private var median: Double { times.isEmpty ? 0 : times[times.count / 2] }

    package var check: HealthCheck {
        let doubts = doubts
        let disk = system.map { system in
            "\(system.type) at \(system.mountPoint)"
                + (system.cache.map { ", \(system.isVirtual ? "virtual disk" : "disk"), its cache \($0)" } ?? "")
        }
        let measured =
            "4 KiB are synced in \(milliseconds(median)) (median of \(times.count), longest "
            + "\(milliseconds(times.last ?? 0))) on \(disk ?? "an unknown file system")"
        let limits =
            "what no program can see is whether the disk\(system?.isVirtual == true ? ", and the machine below it," : "") "
            + "keeps what it says it has: that shows only pulling the plug while it is written to, and reading back "
            + "what it had acknowledged"
        return doubts.isEmpty
            ? HealthCheck("sync", .ok, measured, limits)
            : HealthCheck("sync", .warn, "\(measured): \(doubts.joined(separator: "; "))", limits)
    }

    private var doubts: [String] {
        var doubts: [String] = []
        if hasEatMyData { doubts.append("libeatmydata is loaded, which throws syncs away") }
        guard let system else { return doubts }
        if !system.carelessOptions.isEmpty {
            doubts.append("mounted with \(system.carelessOptions.joined(separator: ", ")): a sync is not waited for")
        }
        switch system.kind {
        case .volatile: doubts.append("it lies in memory, and is gone with the power")
        case .layered:
            doubts.append("it is a container's layer, and goes with the container: mount a volume")
        case .remote:
            doubts.append(
                "what a sync means there is its server's or program's to say; the catalogue needs locks and shared "
                    + "memory that such file systems often lack")
        case .disk:
            if system.isRotational == true, median < Self.platter {
                doubts.append(
                    "faster than a platter turns: a cache takes it, and whether that outlives a power cut cannot "
                        + "be told"
                )
            } else if system.isRotational != true, median < Self.flash, system.cache == "write back" {
                doubts.append("faster than flash writes, though the disk says that its cache has to be flushed")
            } else if median < 5e-6 {
                doubts.append("faster than any disk: nothing was waited for")
            }
        }
        return doubts
    }
}

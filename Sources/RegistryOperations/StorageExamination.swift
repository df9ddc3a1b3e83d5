import Glibc
import RegistryCatalog
import RegistryCore
import RegistryStorage
import RegistryUpstream

/// The storage folder, its disk and its catalogue.
struct StorageExamination: Sendable {
    private let configuration: RegistryConfiguration
    private let layout: StorageLayout

    init(_ configuration: RegistryConfiguration) {
        self.configuration = configuration
        layout = StorageLayout(root: configuration.storage)
    }

    func run() async -> [HealthCheck] {
        let checks = try? await blocking { [self] in
            let disk = DiskProbe(layout)
            return [folder(disk), syncs(disk), space(disk), keys(), secrets(), catalogue(disk)]
        }
        return checks ?? []
    }

    private func folder(_ disk: DiskProbe) -> HealthCheck {
        guard disk.canWrite else {
            return HealthCheck(
                "storage", .fail, "\(disk.place) cannot be read and written by this user",
                "give it to the user who runs the server, or name another folder with --storage")
        }
        guard disk.isThere else {
            return HealthCheck("storage", .ok, "\(layout.root) is not there yet: it is made at the first start")
        }
        do throws(StorageError) {
            try disk.link()
            return HealthCheck("storage", .ok, "\(layout.root) can be written, and links work in it")
        } catch {
            // A server that starts at this moment sweeps what lies in ingest/.
            if case .failed(_, _, ENOENT) = error {
                return HealthCheck("storage", .ok, "\(layout.root) holds nothing yet")
            }
            return HealthCheck(
                "storage", .fail, "a file cannot be linked from ingest/ to blobs/: \(error)",
                "both have to lie on one file system, which has hard links")
        }
    }

    private func syncs(_ disk: DiskProbe) -> HealthCheck {
        guard disk.canWrite else { return HealthCheck("sync", .unchecked, "\(disk.place) cannot be written") }
        let times: [Double]
        do { times = try disk.syncTimes() } catch {
            return HealthCheck("sync", .fail, "\(error)", "look at the disk: nothing can be kept on it")
        }
        return SyncVerdict(times: times, on: MountedFileSystem(of: disk.place), hasEatMyData: DiskProbe.hasEatMyData)
            .check
    }

    private func space(_ disk: DiskProbe) -> HealthCheck {
        do {
            let space = try disk.space()
            var measured =
                "\(Quantity.bytes(max(0, space.room))) beside the reserve of \(Quantity.bytes(space.reserve))"
            if space.files > 0 { measured += ", \(Quantity.grouped(Int64(clamping: space.freeFiles))) free inodes" }
            guard space.room > 0 else {
                return HealthCheck(
                    "space", .fail, measured, "nothing more is fetched: 'lapidary gc --dry-run' tells what can go")
            }
            // A file system without a fixed number of them (btrfs) tells of none.
            let isShort = space.files > 0 && space.freeFiles < 10_000
            return HealthCheck(
                "space", isShort ? .warn : .ok, measured,
                isShort ? "each file of a model takes an inode, and two while it is tested" : "")
        } catch { return HealthCheck("space", .fail, "\(error)") }
    }

    private func keys() -> HealthCheck {
        let bad = [layout.keys, layout.adminToken].compactMap { path in
            DiskProbe.exposure(of: path).map { "\(path) \($0)" }
        }
        return bad.isEmpty
            ? HealthCheck("keys", .ok, "nobody but their owner can look into \(layout.keys)")
            : HealthCheck(
                "keys", .fail, bad.joined(separator: "; "),
                "whoever reads admin.token acts as this registry's owner: chmod 700 \(layout.keys), "
                    + "chmod 600 \(layout.adminToken), then remove it and restart, for a new one")
    }

    /// Files outside that hold secrets.
    private func secrets() -> HealthCheck {
        let bad = configuration.secretFiles.compactMap { path in
            DiskProbe.exposure(of: path).map { "\(path) \($0)" }
        }
        guard bad.isEmpty else {
            return HealthCheck(
                "secrets", .warn, bad.joined(separator: "; "), "chmod 600, as the user who runs the server")
        }
        let visible =
            configuration.settings.contains { $0.name == "proxy" && $0.source == "--proxy" }
            && configuration.hub.proxy?.contains("@") == true
        return visible
            ? HealthCheck(
                "secrets", .warn, "the proxy's password stands on the command line, which all users here can see",
                "give it in LAPIDARY_PROXY")
            : HealthCheck(
                "secrets", .ok,
                configuration.secretFiles.isEmpty ? "in no file" : "in files that their owner alone can read")
    }

    private func catalogue(_ disk: DiskProbe) -> HealthCheck {
        guard BlobStore.fileSize(layout.database) != nil else {
            return HealthCheck("catalogue", disk.isThere ? .unchecked : .ok, "there is none yet")
        }
        do throws(CatalogError) {
            let health = try CatalogHealth(path: layout.database)
            if let problem = health.problems?.first {
                return HealthCheck(
                    "catalogue", .fail,
                    "damaged: \(problem.printable)"
                        + ((health.problems?.count ?? 0) > 1 ? " and more" : ""),
                    "stop the server, keep a copy of registry.sqlite* and restore a backup; blobs are not touched")
            }
            if let newest = health.newest, newest > .from(now: .seconds(60)) {
                return HealthCheck(
                    "catalogue", .warn, "its newest record is of \(newest.text), which lies ahead",
                    "the clock was, or is, wrong: see clock")
            }
            return HealthCheck(
                "catalogue", .ok,
                "\(Quantity.bytes(health.size)), "
                    + (health.problems == nil
                        ? "too large to be checked here: sqlite3 registry.sqlite 'PRAGMA integrity_check'"
                        : "SQLite finds nothing wrong")
                    + (health.newest.map { ", newest record of \($0.minutes)" } ?? ""))
        } catch { return HealthCheck("catalogue", .fail, "\(error)") }
    }
}

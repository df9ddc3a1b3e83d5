import Foundation
import Glibc
import RegistryCore

/// What a storage folder's disk does, measured with a small file that is gone afterwards. Needs no lock, and works
/// beside a running owner. Every call blocks.
package struct DiskProbe: Sendable {
    private let layout: StorageLayout
    /// Where it is measured: the storage folder, or where that is not made yet the folder that it will be made in.
    package let place: String
    /// Whether the storage folder is there.
    package let isThere: Bool

    package init(_ layout: StorageLayout) {
        self.layout = layout
        isThere = Self.isFolder(layout.root)
        var place = layout.root
        while !Self.isFolder(place), place.contains("/"), place != "/" {
            let parent = PosixFile.folder(of: place)
            place = parent.isEmpty ? "/" : parent
        }
        self.place = place
    }

    package var canWrite: Bool { access(place, R_OK | W_OK | X_OK) == 0 }

    /// Seconds that writes of 4 KiB took to be on the disk as fdatasync(2) has it, the shortest first.
    package func syncTimes(count: Int = 32) throws(StorageError) -> [Double] {
        let path = temporary(place)
        let descriptor = try check("open", path, open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        defer {
            close(descriptor)
            unlink(path)
        }
        let page = [UInt8](repeating: 0x5A, count: 4096)
        var times: [Double] = []
        for index in 0..<count {
            let began = ContinuousClock.now
            try PosixFile.writeAll(descriptor, page, at: Int64(index * page.count), path: path)
            try check("fdatasync", path, fdatasync(descriptor))
            times.append((ContinuousClock.now - began) / .seconds(1))
        }
        return times.sorted()
    }

    /// Makes a blob's way: a file in `ingest/`, and a hard link to it where blobs lie.
    package func link() throws(StorageError) {
        let (from, to) = (temporary(layout.ingest), temporary(layout.blobs))
        let descriptor = try check("open", from, open(from, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        close(descriptor)
        defer {
            unlink(from)
            unlink(to)
        }
        try check("link", to, Glibc.link(from, to))
    }

    package struct Space: Sendable {
        /// Bytes beside the reserve; negative where it is touched.
        package let room: Int64
        package let reserve: Int64
        package let files: UInt64
        package let freeFiles: UInt64
    }

    package func space() throws(StorageError) -> Space {
        var status = statvfs()
        try check("statvfs", place, statvfs(place, &status))
        let unit = Int64(clamping: status.f_frsize)
        let free = Int64(clamping: status.f_bavail).multipliedReportingOverflow(by: unit).partialValue
        let reserve = BlobStore.reserve(of: status)
        return Space(
            room: free - reserve, reserve: reserve, files: UInt64(status.f_files), freeFiles: UInt64(status.f_favail))
    }

    /// A path that others than its owner may read or change, or that is somebody else's: why; nil where it is right.
    package static func exposure(of path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        if status.st_uid != geteuid(), geteuid() != 0 {
            return "belongs to user \(status.st_uid), not to \(geteuid()) who asks"
        }
        let mode = status.st_mode & 0o777
        return mode & 0o077 == 0 ? nil : "has mode \(String(mode, radix: 8)), so that others may look into it"
    }

    /// Whether a library that throws syncs away is loaded into this process.
    package static var hasEatMyData: Bool {
        FileManager.default.contents(atPath: "/proc/self/maps").map {
            String(decoding: $0, as: UTF8.self).contains("libeatmydata")
        } ?? false
    }

    private func temporary(_ folder: String) -> String {
        "\(folder)/doctor-\((0..<8).map { _ in UInt8.random(in: .min ... .max) }.hex).new"
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}

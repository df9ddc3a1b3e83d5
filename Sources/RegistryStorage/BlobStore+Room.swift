import Glibc

extension BlobStore {
    /// Bytes of a regular file anywhere on this machine; nil for anything else.
    package static func fileSize(_ location: String) -> Int64? { PosixFile.size(location) }

    /// Bytes that may still be filled before the reserve is touched; negative where it is. The reserve is a GiB, or a
    /// tenth of a small disk: the catalogue must go on, and cleaning up takes room too (reliability E7).
    package func room() throws(StorageError) -> Int64 {
        var status = statvfs()
        guard statvfs(layout.root, &status) == 0 else {
            throw .failed(operation: "statvfs", path: layout.root, errno: errno)
        }
        let unit = Int64(clamping: status.f_frsize)
        let free = Int64(clamping: status.f_bavail).multipliedReportingOverflow(by: unit).partialValue
        return free - Self.reserve(of: status)
    }

    static func reserve(of status: statvfs) -> Int64 {
        let unit = Int64(clamping: status.f_frsize)
        return min(1 << 30, Int64(clamping: status.f_blocks).multipliedReportingOverflow(by: unit).partialValue / 10)
    }
}

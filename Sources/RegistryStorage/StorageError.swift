import Glibc
package import RegistryCore

/// What can go wrong between Lapidary and its disk.
package enum StorageError: Error, CustomStringConvertible {
    /// Another process owns this storage.
    case locked(root: String, owner: String)
    case full(root: String, needed: Int64, free: Int64)
    /// The bytes are not those that were announced.
    case mismatch(file: String, expected: String, got: String, kept: String?)
    case missing(SHA256Digest)
    /// The disk said that it could not keep what was written.
    case lost(file: String, errno: Int32)
    case failed(operation: String, path: String, errno: Int32)

    package var description: String {
        switch self {
        case .locked(let root, let owner):
            "storage \(root) is in use by \(owner): wait until it is done or stop it, or give LAPIDARY_STORAGE another folder"
        case .full(let root, let needed, let free):
            "storage \(root) is full: \(Quantity.bytes(needed)) needed, \(Quantity.bytes(free)) free beside the reserve; "
                + "make room or give LAPIDARY_STORAGE a folder on another disk"
        case .mismatch(let file, let expected, let got, let kept):
            "digest mismatch for \(file): expected \(expected), got \(got); "
                + (kept.map { "kept in \($0), " } ?? "") + "nothing was published"
        case .missing(let digest):
            "blob \(digest) is not in the store: mirror its repository again"
        case .lost(let file, let errno):
            "the disk did not keep \(file): \(String(cString: strerror(errno))); what was written of it is thrown away, "
                + "nothing was published: look at the disk, then try again"
        case .failed(let operation, let path, let errno):
            errno == ENOSPC
                ? "no space left on the disk of \(path): make room or give LAPIDARY_STORAGE a folder on another disk"
                : "\(operation) \(path): \(String(cString: strerror(errno)))"
        }
    }
}

/// Turns a C call's -1 into an error that names the call and the path.
@discardableResult
func check<Value: SignedInteger>(_ operation: String, _ path: String, _ result: Value) throws(StorageError) -> Value {
    guard result != -1 else { throw .failed(operation: operation, path: path, errno: errno) }
    return result
}

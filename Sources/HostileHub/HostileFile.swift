package import RegistryCore

/// The one file of a hostile hub, and what the hub announces of it.
package final class HostileFile: Sendable {
    package let path: String
    package let bytes: [UInt8]
    package let sha256: SHA256Digest
    /// What git holds: the content's id, or for a file in LFS its pointer's.
    package let gitObject: GitObjectID
    package let isLFS: Bool

    package var size: Int64 { Int64(bytes.count) }

    /// - Parameter isLFS: whether it is announced by its SHA-256, and lies on a storage host.
    package init(_ bytes: [UInt8], path: String = "model.safetensors", isLFS: Bool = true) {
        self.path = path
        self.bytes = bytes
        self.isLFS = isLFS
        sha256 = ContentDigests.sha256(of: bytes)
        gitObject = ContentDigests.gitObject(
            of: isLFS ? Array(Self.pointer(sha256, size: bytes.count).utf8) : bytes)
    }

    package var pointer: String { Self.pointer(sha256, size: bytes.count) }

    /// The strong tag that its healthy answers have.
    package var tag: String { "\"\(sha256.hex.prefix(32))\"" }

    private static func pointer(_ digest: SHA256Digest, size: Int) -> String {
        "version https://git-lfs.github.com/spec/v1\noid sha256:\(digest.hex)\nsize \(size)\n"
    }

    /// Bytes that no compression makes smaller, the same for the same seed; quick, for many megabytes.
    package static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var numbers = Numbers(seed: seed)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            var offset = 0
            while offset + 8 <= count {
                raw.storeBytes(of: numbers.next(), toByteOffset: offset, as: UInt64.self)
                offset += 8
            }
            while offset < count {
                raw[offset] = UInt8(truncatingIfNeeded: numbers.next())
                offset += 1
            }
            done = count
        }
    }
}

/// The same numbers for the same seed: splitmix64.
package struct Numbers: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

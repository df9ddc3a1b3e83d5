import Foundation
import Glibc

/// The file system that a path lies on, as the kernel tells of it.
package struct MountedFileSystem: Sendable, Equatable {
    /// `ext4`, `overlay`, `fuse.sshfs`.
    package let type: String
    package let mountPoint: String
    /// Of the mount and of the file system: `rw`, `relatime`, `nobarrier`, ….
    package let options: [String]
    /// What the kernel says of the disk's cache, `write back` or `write through`; nil where it cannot be read.
    package var cache: String?
    /// Nil where it cannot be read, or there is no disk.
    package var isRotational: Bool?
    /// A disk that a machine below ours makes up; whether it turns is then not known either.
    package var isVirtual = false

    /// What bytes on it are worth, as far as its kind tells.
    package enum Kind: Sendable, Equatable {
        /// In memory: gone with the power.
        case volatile
        /// A layer of a container's image.
        case layered
        /// Somewhere else, or in somebody's program: what a sync means is theirs to say.
        case remote
        case disk
    }

    package var kind: Kind {
        switch type {
        case "tmpfs", "ramfs", "zram": .volatile
        case "overlay", "aufs": .layered
        case let type
        where type.hasPrefix("fuse") || type.hasPrefix("nfs")
            || ["cifs", "smb3", "9p", "virtiofs", "ceph", "glusterfs", "lustre", "afs", "gpfs"].contains(type):
            .remote
        default: .disk
        }
    }

    /// Options that take a sync its meaning.
    package var carelessOptions: [String] {
        options.filter { ["nobarrier", "barrier=0", "volatile", "fsync_mode=nobarrier", "eatmydata"].contains($0) }
    }

    /// Nil where the kernel does not tell. Blocking.
    package init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0, let table = Self.text("/proc/self/mountinfo"),
            let place = realpath(path, nil)
        else { return nil }
        defer { free(place) }
        guard let mount = Self.find(String(cString: place), in: table) else { return nil }
        self = mount
        // Major and minor number as makedev(3) packs them.
        let device = UInt64(status.st_dev)
        let major = (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000
        let minor = device & 0xFF | (device >> 12) & 0xFFFF_FF00
        let block = "/sys/dev/block/\(major):\(minor)"
        if let device = realpath(block, nil) {
            defer { free(device) }
            isVirtual = ["/virtio", "/vbd-", "/VMBUS"].contains { String(cString: device).contains($0) }
        }
        // A partition's queue is its disk's.
        for queue in ["\(block)/queue", "\(block)/../queue"] where cache == nil {
            cache = Self.text("\(queue)/write_cache")?.trimmingCharacters(in: .whitespacesAndNewlines)
            if !isVirtual { isRotational = Self.text("\(queue)/rotational").map { $0.hasPrefix("1") } }
        }
    }

    private init(type: String, mountPoint: String, options: [String]) {
        self.type = type
        self.mountPoint = mountPoint
        self.options = options
    }

    /// The mount that a path lies on: of those above it the deepest, and of several there the last.
    package static func find(_ path: String, in table: String) -> MountedFileSystem? {
        var best: MountedFileSystem?
        for line in table.split(separator: "\n") {
            // `36 35 98:0 /root /mount rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue`
            let words = line.split(separator: " ").map { String($0).withoutOctalEscapes }
            guard let dash = words.firstIndex(of: "-"), words.count > dash + 1, dash > 5 else { continue }
            let point = words[4]
            let isAbove = path == point || path.hasPrefix(point.hasSuffix("/") ? point : point + "/")
            guard isAbove, point.utf8.count >= best?.mountPoint.utf8.count ?? 0 else { continue }
            let more = words.count > dash + 3 ? words[dash + 3] : ""
            let options = (words[5] + "," + more).split(separator: ",").map(String.init)
            best = MountedFileSystem(type: words[dash + 1], mountPoint: point, options: options)
        }
        return best
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension String {
    /// `\040` is a blank.
    fileprivate var withoutOctalEscapes: String {
        guard contains("\\") else { return self }
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

import CSandbox
import Glibc
import RegistryCore

/// A control group (version 2) for one run, with bounds on memory and threads: what the kernel enforces where RLIMIT_AS
/// only approximates.
///
/// To be had only where systemd delegates a group to the service and puts it into a subgroup (`Delegate=memory pids`,
/// `DelegateSubgroup=server`): the run's group lies beside the subgroup, because a group holds processes or groups
/// with limits, not both. It is made before the child, which enters it by itself, and removed after.
struct ControlGroup {
    private let folder: String

    /// The file through which a process enters.
    var lists: [String] { [folder + "/cgroup.procs"] }

    /// Nil where there is none to have.
    static func make(memoryLimit: Int64, threadLimit: Int) -> ControlGroup? {
        guard let parent = delegatedParent() else { return nil }
        // Fails where they are on already and not ours to write, which is as good.
        _ = write("+memory +pids", to: "\(parent)/cgroup.subtree_control")
        let group = ControlGroup(folder: "\(parent)/lapidary-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        guard mkdir(group.folder, 0o755) == 0 else { return nil }
        // There only where the kernel counts swap.
        _ = write("0", to: "\(group.folder)/memory.swap.max")
        guard write("\(memoryLimit)", to: "\(group.folder)/memory.max"),
            write("\(threadLimit)", to: "\(group.folder)/pids.max")
        else {
            group.remove()
            return nil
        }
        return group
    }

    /// Succeeds once no process is in it.
    func remove() { rmdir(folder) }

    /// The group above this process's own, where systemd says that it is ours to divide: cgroup-v2's single writer.
    private static func delegatedParent() -> String? {
        guard let text = read("/proc/self/cgroup"),
            let own = text.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })?.dropFirst(3)
        else { return nil }
        guard let slash = own.lastIndex(of: "/"), slash != own.startIndex else { return nil }
        let parent = "/sys/fs/cgroup\(own[..<slash])"
        return sandbox_is_delegated(parent) == 1 ? parent : nil
    }

    private static func read(_ path: String) -> String? {
        guard let file = try? OwnedDescriptor(open(path, O_RDONLY | O_CLOEXEC)) else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        return file.receive(into: &buffer).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Without creating anything: the kernel makes these files.
    private static func write(_ value: String, to path: String) -> Bool {
        guard let file = try? OwnedDescriptor(open(path, O_WRONLY | O_CLOEXEC)) else { return false }
        let bytes = Array(value.utf8)
        return Glibc.write(file.number, bytes, bytes.count) == bytes.count
    }
}

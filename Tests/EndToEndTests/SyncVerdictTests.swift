import RegistryOperations
import RegistryStorage
import Testing

/// What is said of a disk from what it was seen to do, and no more than that.
@Suite struct SyncVerdictTests {
    private static let table = """
        22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,nobarrier,errors=remount-ro
        30 22 0:26 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,size=100k
        31 22 0:40 / /mnt/with\\040blank rw - fuse.sshfs ada@host:/x rw
        32 22 0:41 / /srv rw - nfs4 host:/srv rw
        33 32 254:2 / /srv/models rw,noatime master:3 propagate_from:2 - xfs /dev/vdb rw
        34 22 0:50 / /layer rw - overlay overlay rw,lowerdir=/a,volatile
        """

    @Test(arguments: [
        ("/srv/models/storage", "xfs", "/srv/models"), ("/srv/modelsx", "nfs4", "/srv"), ("/etc", "ext4", "/"),
        ("/run/x", "tmpfs", "/run"), ("/mnt/with blank/x", "fuse.sshfs", "/mnt/with blank"),
    ]) func theMountIsTheDeepestAboveAPath(path: String, type: String, point: String) throws {
        let found = try #require(MountedFileSystem.find(path, in: Self.table))
        #expect(found.type == type && found.mountPoint == point)
    }

    @Test(arguments: [
        ("/etc", "nobarrier: a sync is not waited for"), ("/run", "gone with the power"),
        ("/mnt/with blank", "its server's or program's"), ("/srv", "its server's or program's"),
        ("/layer", "volatile: a sync"), ("/layer", "mount a volume"),
    ]) func whatTheKernelTellsIsSaid(path: String, words: String) throws {
        let check = SyncVerdict(times: [0.001], on: MountedFileSystem.find(path, in: Self.table), hasEatMyData: false)
            .check
        #expect(check.outcome == .warn && check.measured.contains(words), "\(check.measured)")
        #expect(check.advice.contains("pulling the plug"))
    }

    @Test func timesAreHeldAgainstWhatTheDiskCanDo() throws {
        var system = try #require(MountedFileSystem.find("/srv/models", in: Self.table))
        func outcome(_ seconds: Double, hasEatMyData: Bool = false) -> HealthCheck.Outcome {
            SyncVerdict(times: [seconds, seconds, 1], on: system, hasEatMyData: hasEatMyData).check.outcome
        }
        #expect(outcome(0.001) == .ok && outcome(0.001, hasEatMyData: true) == .warn && outcome(1e-6) == .warn)
        system.isRotational = true
        #expect(outcome(0.001) == .warn && outcome(0.008) == .ok)
        system.isRotational = false
        system.cache = "write back"
        #expect(outcome(20e-6) == .warn && outcome(0.001) == .ok)
        // A cache that need not be flushed may well be that fast.
        system.cache = "write through"
        #expect(outcome(20e-6) == .ok)
    }
}

import Foundation
package import RegistryCatalog
package import RegistryCore
package import RegistryPolicy
package import RegistryStorage
package import RegistryUpstream
import Synchronization

/// Everything a Lapidary is configured with, read once by the CLI.
package struct RegistryConfiguration: Sendable {
    /// Folder of ``StorageLayout``.
    package var storage: String
    /// A policy file, or a folder with `default.yaml`.
    package var policies: String
    /// URL of the hub to mirror from.
    package var upstream: String
    package var upstreamToken: Secret?
    /// How upstream is reached, and how much is asked of it.
    package var hub: HubOptions
    /// The `lapidary` that runs the smoke test, in a child process.
    package var executable: String
    /// Whether clients without a token may pull.
    package var anonymousPulls: Bool
    /// Where a refused person may ask, e.g. `#models on chat`; may be empty.
    package var contact: String
    /// All of this for people, with where each came from.
    package var settings: [Setting]
    /// Files that hold secrets, by the settings.
    package var secretFiles: [String]

    package init(
        storage: String, policies: String, upstream: String, upstreamToken: Secret?, executable: String,
        anonymousPulls: Bool, contact: String, hub: HubOptions = HubOptions(), settings: [Setting] = [],
        secretFiles: [String] = []
    ) {
        self.storage = storage
        self.policies = policies
        self.upstream = upstream
        self.upstreamToken = upstreamToken
        self.executable = executable
        self.anonymousPulls = anonymousPulls
        self.contact = contact
        self.hub = hub
        self.settings = settings
        self.secretFiles = secretFiles
    }
}

/// The owner of a storage folder: holds its lock, and joins store, catalogue, policy and upstream. The verbs act on
/// it, the server asks it what may be served.
package final class Registry: Sendable {
    package let configuration: RegistryConfiguration
    package let blobs: BlobStore
    package let catalog: Catalog
    package let policy: Policy
    /// Lets this machine's owner act through a running server.
    package let adminToken: Secret
    /// Which build tests models: `lapidary sha256:<12 hex>` of the executable.
    package var testerBuild: String { tester.name }
    private let tester: TesterBuild
    let upstream: HubClient
    /// So many repositories are fetched at once; the connections that they share are the upstream client's.
    let mirrorTurn = Turn(width: 4)
    let mirrors = Flights<Mirror, Mirror.Answer>()
    /// Whoever changes what is here of a repository holds its turn.
    let repositoryTurns = Turns<RepositoryID>()
    let queue = JobQueue()
    let syncTurn = Turn()
    /// One re-test at a time.
    let retestTurn = Turn()
    /// Between reading verdicts and replacing them.
    let verdictTurn = Turn()
    let testTurn = TestTurn()
    /// Between what an ingest relies on (``holds``) and taking bytes away.
    let publication = Turn()
    let holds = BlobHolds()
    let room = RoomLedger()
    let scrubTurn = Turn()
    let garbageTurn = Turn()
    let cuts = TransferCuts()
    let running = RunningJobs()
    let retests = RetestWatch()
    let transfers = TransferRecorder()
    let anonymous = Mutex<[String: Consumer]>([:])
    private let revoked = Mutex<Set<Int64>>([])
    private let lock: StorageLock

    /// Takes the storage, and brings it to a known state: interrupted mirrors are queued again, half-built views swept.
    package static func open(_ configuration: RegistryConfiguration) async throws -> Registry {
        let registry = try await blocking { try Registry(configuration) }
        try await registry.catalog.requeueInterruptedJobs()
        for snapshot in try await registry.catalog.snapshots() where snapshot.revocation != nil {
            registry.markRevoked(snapshot.id)
        }
        return registry
    }

    private init(_ configuration: RegistryConfiguration) throws {
        self.configuration = configuration
        // The lock first: where a server has it, the command line asks that server, and needs no policy of its own.
        let layout = StorageLayout(root: configuration.storage)
        lock = try StorageLock(layout)
        policy = try PolicyFile.read(configuration.policies)
        tester = try TesterBuild(executable: configuration.executable)
        upstream = try HubClient(
            endpoint: configuration.upstream, token: configuration.upstreamToken, userAgent: "lapidary",
            options: configuration.hub)
        blobs = try BlobStore(layout: layout)
        catalog = try Catalog(path: layout.database)
        if let token = KeyFile.read(layout.adminToken) {
            adminToken = Secret(token)
        } else {
            let token = TokenText.make()
            try KeyFile.write(token, to: layout.adminToken)
            adminToken = Secret(token)
        }
    }

    /// Background work, until cancelled: writes transfers to the catalogue, the last ones on the way out; re-tests what
    /// was tested under other rules than the present ones; takes up mirrors that wait for somebody who does them; looks
    /// after the store; keeps in step with upstream.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.transfers.run(into: self.catalog) }
            // Early, on a thread that may block.
            group.addTask { _ = try await blocking { self.testerBuild } }
            group.addTask { await self.keepTestsCurrent() }
            group.addTask { await self.workQueue() }
            group.addTask { await self.keepInStep() }
            group.addTask { await self.keepStoreClean() }
            try await group.waitForAll()
        }
    }

    /// Asks the policy anew about everything that another policy decided on. For whoever is about to serve: a command
    /// that only looks must not change what is served because its environment names another policy.
    package func applyPolicy() async throws {
        for snapshot in try await catalog.snapshots() where snapshot.decision?.policy != policy.digest {
            try await decideAgain(snapshot)
        }
    }

    /// Says in the lock file where this process serves, so that the CLI finds it.
    package func announce(server: String) throws { try lock.announce(server: server) }

    /// Remembers an answer that carried bytes; returns at once.
    package func record(_ transfer: Transfer) { transfers.add(transfer) }

    /// Whether a snapshot was revoked; asked between the pieces of a running transfer, so it looks at memory only.
    package func isRevoked(_ snapshot: Int64) -> Bool { revoked.withLock { $0.contains(snapshot) } }
    func markRevoked(_ snapshot: Int64) { revoked.withLock { _ = $0.insert(snapshot) } }
}

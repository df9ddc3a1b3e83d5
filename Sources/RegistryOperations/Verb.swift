import RegistryCatalog
package import RegistryCore
import RegistryPolicy
import RegistryStorage
import RegistryUpstream

/// One thing an operator can ask for, as a value. The CLI performs it where it owns the storage, and sends it to the
/// running server where that does: one code path for both.
package protocol Verb: Codable, Sendable {
    associatedtype Answer: Codable & Sendable
    /// As in `POST /api/lapidary/{name}`.
    static var name: String { get }
    func perform(in registry: Registry, report: @escaping Report) async throws -> Answer
}

package typealias Report = @Sendable (Step) -> Void

/// What happens while a verb runs.
package enum Step: Codable, Sendable {
    case message(String)
    /// So many files of so many bytes are not here yet and are being fetched.
    case fetching(files: Int, bytes: Int64)
    /// Bytes of one file that are here.
    case file(path: String, received: Int64, size: Int64)
    /// About once a second while a smoke test runs.
    case testing(TestProgress)
}

package enum Verbs {
    package static let all: [any Verb.Type] = [
        Mirror.self, ListModels.self, ShowModel.self, RevokeModel.self, ShowStatistics.self, ShowInventory.self,
        CreateToken.self, CompareModels.self, Retest.self, CancelModel.self, ListJobs.self, PlanMirror.self,
        Discover.self, ListBases.self,
        Sync.self, AcceptOrigin.self,
        Import.self,
        QueueMirror.self,
        Scrub.self, CollectGarbage.self, PinModel.self, UnpinModel.self, ShowStorage.self, Doctor.self,
    ]
}

/// An error as it crosses a process: what to print, and how to exit.
package struct Failure: Error, Codable, Sendable, CustomStringConvertible {
    package let message: String
    /// 1 failed, 2 usage, 3 refused, 4 corrupt.
    package let exitCode: Int32

    package init(message: String, exitCode: Int32) {
        self.message = message
        self.exitCode = exitCode
    }

    /// The one table from errors to exit codes.
    package init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as OperationError: self.init(message: "\(error)", exitCode: error.exitCode)
        case let error as InvalidName: self.init(message: "\(error)", exitCode: 2)
        case let error as PolicyError: self.init(message: "\(error)", exitCode: 2)
        case StorageError.mismatch: self.init(message: "\(error)", exitCode: 4)
        case CatalogError.notADatabase: self.init(message: "\(error)", exitCode: 4)
        case UpstreamError.endpoint: self.init(message: "\(error)", exitCode: 2)
        case is QuotaRefusal: self.init(message: "\(error)", exitCode: 3)
        case is CancellationError: self.init(message: "cancelled", exitCode: 1)
        default: self.init(message: "\(error)", exitCode: 1)
        }
    }

    package var description: String { message }
}

/// What can go wrong with a verb itself.
package enum OperationError: Error, CustomStringConvertible {
    case unknownModel(RepositoryID)
    case nothingToRevoke(RepositoryID)
    case nothingToCancel(RepositoryID)
    /// The test could not be made, for a reason that lies with this machine: no verdict on the model.
    case cannotTest(String)
    case notHere(RepositoryID, String)
    /// Upstream's repository is not what it was: a person has to look.
    case attention(RepositoryID, String)
    /// The folder of all blobs is empty, and should not be.
    case diskAway(String)
    /// By somebody's word, which is given.
    case cancelled(String)
    case invalid(String)

    var exitCode: Int32 {
        if case .invalid = self { 2 } else { 1 }
    }

    package var description: String {
        switch self {
        case .unknownModel(let repository):
            "\(repository) is not known here: 'lapidary list' shows what is, 'lapidary mirror \(repository)' fetches it"
        case .nothingToRevoke(let repository):
            "\(repository) has no snapshot in service to revoke: 'lapidary show \(repository)' tells its state"
        case .nothingToCancel(let repository):
            "nothing of \(repository) runs or waits here: 'lapidary list' shows what does"
        case .cannotTest(let reason):
            "the smoke test cannot run on this machine, which says nothing about the model: \(reason)"
        case .notHere(let repository, let reason):
            "\(repository) cannot be tested: \(reason); 'lapidary mirror \(repository)' fetches it again"
        case .attention(let repository, let reason):
            "\(repository) needs a person: \(reason). What is served of it stays; when you have looked: "
                + "'lapidary accept \(repository) --reason …'"
        case .diskAway(let folder):
            "\(folder) is empty, although the catalogue knows blobs in it: is its disk mounted? Nothing was fetched. If "
                + "they are lost for good, make a file 'lost' in \(folder)/sha256 to say so"
        case .cancelled(let reason): "\(reason); the same command can be given again"
        case .invalid(let message): message
        }
    }
}

import HTTPTypes
import Hummingbird
import RegistryCatalog
import RegistryCore
import RegistryOperations

/// `/api/models/{repository}[/revision/{revision}]`, `/refs` and `/api/whoami-v2` (hub-protocol sections 3 and 5).
extension Responder {
    func model(_ snapshot: SnapshotRecord, _ query: Query) async throws -> Response {
        let files = try await registry.files(of: snapshot)
        let asked = Self.expanded(query)
        let pulls = try await registry.catalog.pulls(of: [snapshot.id]).count { $0.completedAt != nil }
        return try JSONBody.response(
            ModelDescription(
                snapshot: snapshot, pulls: pulls,
                siblings: files.map { .init($0, withBlobs: query.flag("blobs")) }, fields: asked))
    }

    /// The names of `expand=`, also as the comma list that some clients send; nil where nothing was asked for.
    static func expanded(_ query: Query) -> Set<String>? {
        let names = query.all("expand").flatMap { $0.split(separator: ",").map(String.init) }
        return names.isEmpty ? nil : Set(names)
    }

    func refs(_ repository: RepositoryID, _ query: Query) async throws -> Response {
        _ = try await served(repository, .main)
        let branches = try await registry.catalog.snapshots(of: repository).filter { canServe($0) == nil }
            .flatMap { snapshot in
                snapshot.refs.map { Refs.Branch(name: $0, ref: "refs/heads/\($0)", targetCommit: snapshot.commit.hex) }
            }
        let withRequests = query["include_prs"] != nil || query["include_pull_requests"] != nil
        return try JSONBody.response(
            Refs(branches: branches.sorted { $0.name < $1.name }, pullRequests: withRequests ? [] : nil))
    }

    /// All names are given as branches: a registry does not know which of upstream's names were tags. llama.cpp needs
    /// the route, huggingface_hub the three lists.
    private struct Refs: Encodable {
        struct Branch: Encodable {
            let name: String
            let ref: String
            let targetCommit: String
        }
        let branches: [Branch]
        var tags: [Branch] = []
        var converts: [Branch] = []
        let pullRequests: [Branch]?
    }

    /// Who a token stands for. Without one there is nobody to name, even where anonymous pulls are allowed.
    func whoAmI(_ consumer: Consumer) throws -> Response {
        guard consumer.kind == .token else {
            throw ErrorResponse(
                .unauthorized, "TokenRequired", "no token was sent: set HF_TOKEN, or run 'hf auth login'")
        }
        return try JSONBody.response(Identity(consumer))
    }

    private struct Identity: Encodable {
        struct Auth: Encodable {
            struct AccessToken: Encodable {
                let displayName: String
                var role = "read"
            }
            var type = "access_token"
            let accessToken: AccessToken
        }
        var type = "user"
        let id: String
        let name: String
        let fullname: String
        var isPro = false
        var orgs: [String] = []
        let auth: Auth

        init(_ consumer: Consumer) {
            id = ModelDescription.objectID("consumer \(consumer.id)")
            name = consumer.team
            fullname = consumer.label
            auth = Auth(accessToken: .init(displayName: consumer.label))
        }
    }
}

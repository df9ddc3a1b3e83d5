import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import RegistryCatalog
import RegistryCore
import RegistryOperations

/// Answers every request: reads the route, asks who is there, and hands over to the handler of that route.
///
/// All routes are in ``answer(_:_:)``, in one list. A HEAD is answered as its GET, without the body, so that the two
/// cannot disagree.
struct Responder: HTTPResponder {
    let registry: Registry
    let pages: Pages

    func respond(to request: Request, context: ServerContext) async throws -> Response {
        var response: Response
        do {
            response = try await answer(request, context)
        } catch let error as HTTPParserError {
            throw error
        } catch {
            let refusal = ErrorResponse(error)
            if refusal.status == .internalServerError {
                context.logger.error("\(request.method) \(request.rawPath.printable): \(error)")
            }
            response = isForPeople(request) ? pages.error(refusal) : refusal.response
            if refusal.status == .unauthorized, isForPeople(request) {
                // A browser asks its user for this: any name, the token as the password.
                response.headers[.wwwAuthenticate] = "Basic realm=\"lapidary: your token as the password\""
            }
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let route = try Route(path: request.rawPath)
        try require(request.method, for: route)
        switch route {
        case .health: return try await health()
        case .stylesheet: return pages.stylesheet(request)
        case .verb(let name): return try await verb(name, request, context)
        case .unknown where request.rawPath.hasPrefix("/api/") || request.rawPath.contains("/resolve/"):
            throw ErrorResponse.repositoryNotFound("only models named namespace/name are served here")
        case .unknown: throw ErrorResponse.nothingHere
        default: break
        }

        let consumer = try await registry.consumer(token: request.token, address: context.address)
        switch route {
        case .home: return try await pages.home(registry)
        case .compare: return try await pages.compare(request, registry)
        case .tests: return try await pages.tests(registry)
        case .jobs: return try await pages.jobs(registry)
        case .storage: return try await pages.storage(registry)
        case .modelPage(let repository): return try await pages.model(repository, request, registry)
        case .resolve(let repository, let revision, let path):
            return try await file(path, of: served(repository, revision), to: consumer, request, context)
        case .raw(let repository, let revision, let path):
            return try await rawFile(path, of: served(repository, revision), to: consumer, request, context)
        case .models: return try await models(request)
        case .model(let repository, let revision):
            return try await model(served(repository, revision), request.query)
        case .tree(let repository, let revision, let folder):
            return try await tree(served(repository, revision), folder, revision, request)
        case .refs(let repository): return try await refs(repository, request.query)
        case .pathsInfo(let repository, let revision):
            return try await pathsInfo(served(repository, revision), request)
        case .authCheck(let repository):
            _ = try await served(repository, .main)
            return try JSONBody.response([String: String]())
        case .whoAmI: return try whoAmI(consumer)
        case .inventory: return try await inventory(request, from: consumer)
        case .health, .stylesheet, .verb, .unknown: throw ErrorResponse.nothingHere
        }
    }

    /// The gate: the snapshot that may be served at this revision, or the reason why there is none.
    func served(_ repository: RepositoryID, _ revision: Revision) async throws -> SnapshotRecord {
        switch try await registry.availability(of: repository, at: revision) {
        case .served(let snapshot): return snapshot
        case .unavailable(let reason): throw ErrorResponse(reason)
        }
    }

    private func require(_ method: HTTPRequest.Method, for route: Route) throws {
        let allowed: [HTTPRequest.Method] =
            switch route {
            case .verb, .inventory, .pathsInfo: [.post]
            case .unknown: [method]
            default: [.get, .head]
            }
        guard allowed.contains(method) else {
            throw ErrorResponse(
                .methodNotAllowed, "BadRequest",
                "\(method.rawValue.printable) is not possible here, only "
                    + allowed.map(\.rawValue).joined(separator: " and "))
        }
    }

    /// A browser says that it wants HTML; clients of the Hub never do.
    private func isForPeople(_ request: Request) -> Bool {
        request.headers[.accept]?.contains("text/html") == true
    }
}

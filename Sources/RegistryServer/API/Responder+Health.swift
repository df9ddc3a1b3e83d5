import Hummingbird
import RegistryCatalog
import RegistryOperations

extension Responder {
    /// `GET /healthz`: 200 once the catalogue answers, which is what being ready means.
    func health() async throws -> Response {
        let active = try await registry.catalog.activeJobs().count
        return try JSONBody.response(Health(status: "ok", jobs: active))
    }

    private struct Health: Encodable {
        let status: String
        /// Mirrors that run or wait.
        let jobs: Int
    }
}

import Hummingbird
import RegistryCatalog
import RegistryOperations

extension Responder {
    /// `POST /api/inventory`: what a scan found on a host, from any consumer; answers with what those models are here.
    func inventory(_ request: Request, from consumer: Consumer) async throws -> Response {
        let report = try await JSONBody.read(request, as: ReportDeployments.self, limit: 16 << 20)
        return try JSONBody.response(try await report.perform(in: registry, as: consumer))
    }
}

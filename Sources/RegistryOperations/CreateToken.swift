package import RegistryCatalog
import RegistryCore

/// Makes a token for a consumer. The text is shown once; the catalogue keeps its SHA-256.
package struct CreateToken: Verb {
    package static let name = "create-token"
    package var team: String
    package var environment: Consumer.Environment
    package var sector: String
    package var useCase: String

    package init(team: String, environment: Consumer.Environment, sector: String, useCase: String) {
        self.team = team
        self.environment = environment
        self.sector = sector
        self.useCase = useCase
    }

    package struct Answer: Codable, Sendable {
        package let token: String
        package let consumer: Consumer
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        for (name, value) in [("team", team), ("sector", sector), ("use case", useCase)] {
            guard value.utf8.count <= 100, value == value.printable else {
                throw OperationError.invalid("the \(name) must be at most 100 bytes without control characters")
            }
        }
        guard !team.isEmpty else { throw OperationError.invalid("the team must not be empty") }
        let token = TokenText.make()
        let consumer = try await registry.catalog.addToken(
            TokenText.digest(Secret(token)), label: "\(token.prefix(7))…", team: team, environment: environment,
            sector: sector, useCase: useCase, actor: "operator")
        return Answer(token: token, consumer: consumer)
    }
}

/// What our tokens look like: `hf_` and 40 letters or digits, because llama.cpp sends nothing else on API calls
/// (hub-protocol section 5). 40 of 62 symbols are 238 bits from the kernel's generator.
enum TokenText {
    static func make() -> String {
        let symbols = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        var generator = SystemRandomNumberGenerator()
        return "hf_" + String((0..<40).map { _ in symbols[Int.random(in: 0..<symbols.count, using: &generator)] })
    }

    static func digest(_ token: Secret) -> SHA256Digest { ContentDigests.sha256(of: Array(token.reveal().utf8)) }
}

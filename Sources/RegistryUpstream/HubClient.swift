import Foundation
package import RegistryCore

/// A client of one Hugging Face Hub, or of anything that speaks its protocol.
///
/// Copies share the transfers and their thread, which ends with ``close()`` or with the last copy. Proxies and CA
/// bundles come from the environment as libcurl reads them (`https_proxy`, `no_proxy`, …).
package struct HubClient: Sendable {
    /// Without trailing slash, perhaps with a path prefix.
    package let endpoint: String
    let home: WebAddress
    let token: Secret?
    let userAgent: String
    let attempts: AttemptPolicy
    private(set) var waiting: @Sendable (UpstreamWait) -> Void
    let transfers: Transfers
    package let options: HubOptions
    /// Requests for bytes of files that run at once, over all files.
    let connections: Turn
    let budget = RequestBudget()

    /// - Parameters:
    ///   - endpoint: `https://huggingface.co`, `http://127.0.0.1:8081/prefix`.
    ///   - token: shown to exactly this endpoint's scheme, host and port, never to a redirect's.
    ///   - waiting: told before each pause that comes before a repeated request.
    /// - Throws: ``UpstreamError/endpoint(_:reason:)``
    package init(
        endpoint: String, token: Secret? = nil, userAgent: String = "lapidary", attempts: AttemptPolicy = .standard,
        options: HubOptions = HubOptions(),
        waiting: @escaping @Sendable (UpstreamWait) -> Void = { _ in }
    ) throws(UpstreamError) {
        func unusable(_ reason: String) -> UpstreamError { .endpoint(endpoint.printable, reason: reason) }

        var text = endpoint[...]
        while text.hasSuffix("/") { text.removeLast() }
        do {
            home = try WebAddress(String(text))
        } catch {
            throw unusable("\(error.reason); expected e.g. https://huggingface.co")
        }
        guard !text.contains("?"), !text.contains("#") else { throw unusable("leave out what follows ? or #") }
        for (name, value) in [("token", token?.reveal() ?? "-"), ("user agent", userAgent)] {
            guard !value.utf8.isEmpty, value.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
                throw unusable("the \(name) is empty or holds a character that no header may hold")
            }
        }
        for (file, setting) in [(options.caBundle, "--ca-bundle"), (options.netrc, "--netrc")] {
            guard let file, !FileManager.default.isReadableFile(atPath: file) else { continue }
            throw unusable("\(file.printable), which \(setting) names, cannot be read")
        }
        do { try options.requireProxy() } catch { throw unusable(error.reason) }
        guard let transfers = Transfers(options) else { throw unusable("libcurl does not start") }

        self.endpoint = String(text)
        self.token = token
        self.userAgent = userAgent
        self.attempts = attempts
        self.waiting = waiting
        self.transfers = transfers
        self.options = options
        connections = Turn(width: options.connections)
    }

    /// This client, for somebody who wants to hear of the pauses in his own requests.
    package func telling(_ waiting: @escaping @Sendable (UpstreamWait) -> Void) -> HubClient {
        var copy = self
        copy.waiting = waiting
        return copy
    }

    /// Bytes a second that may be fetched now; nil for any.
    package var bytesPerSecond: Int64? { options.bandwidth.limit(at: .now) }

    /// Aborts what is under way and ends the transfer thread.
    package func close() { transfers.close() }

    /// The repository's page, for people.
    package func pageURL(of repository: RepositoryID) -> String { "\(endpoint)/\(repository)" }

    /// An address below the endpoint. `path` begins with `/` and is already percent-encoded.
    func address(_ path: String) throws(UpstreamError) -> WebAddress {
        do {
            return try WebAddress(endpoint + path)
        } catch {
            throw .endpoint(endpoint, reason: "\(error.reason): \(path.printable)")
        }
    }
}

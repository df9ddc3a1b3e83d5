import HTTPTypes
import Hummingbird
import Mustache
import NIOCore
import RegistryCore
import RegistryOperations

/// The web pages: rendered here, no script, one small stylesheet, nothing from anywhere else.
struct Pages: Sendable {
    private let templates: MustacheLibrary
    private let css = PackageResources.lapidary_css
    /// Changes with its content, so that it may be cached for good.
    private let stylesheetPath: String

    init() throws {
        MustacheContentTypes.register(MarkupEscaping(), named: "MARKUP")
        let sources = [
            "layout": PackageResources.layout_mustache, "home": PackageResources.home_mustache,
            "model": PackageResources.model_mustache, "error": PackageResources.error_mustache,
            "smoketest": PackageResources.smoketest_mustache, "compare": PackageResources.compare_mustache,
            "jobs": PackageResources.jobs_mustache,
            "tests": PackageResources.tests_mustache, "storage": PackageResources.storage_mustache,
        ]
        var library = MustacheLibrary()
        for (name, bytes) in sources {
            let source = "{{% CONTENT_TYPE:MARKUP}}\n" + String(decoding: bytes, as: UTF8.self)
            library.register(try MustacheTemplate(string: source), named: name)
        }
        templates = library
        stylesheetPath = "/assets/lapidary.css?v=\(ContentDigests.sha256(of: css).hex.prefix(12))"
    }

    func home(_ registry: Registry) async throws -> Response {
        let tests = try await Retest().perform(in: registry) { _ in }
        return html(HomePage(try await registry.summaries(), tests, stylesheet: stylesheetPath), "home")
    }

    /// `/compare?a=namespace/name@revision&b=…`
    func compare(_ request: Request, _ registry: Registry) async throws -> Response {
        guard let a = request.query["a"], let b = request.query["b"] else {
            throw ErrorResponse.badRequest("/compare needs two models: ?a=namespace/name&b=namespace/name@revision")
        }
        let (left, right) = (try ModelName(a), try ModelName(b))
        let verb = CompareModels(left.repository, left.revision, right.repository, right.revision)
        return html(ComparePage(try await verb.perform(in: registry) { _ in }, stylesheet: stylesheetPath), "compare")
    }

    func tests(_ registry: Registry) async throws -> Response {
        html(TestsPage(try await Retest().perform(in: registry) { _ in }, stylesheet: stylesheetPath), "tests")
    }

    func jobs(_ registry: Registry) async throws -> Response {
        let jobs = try await ListJobs(ended: 100).perform(in: registry) { _ in }
        let page = JobsPage(jobs, stylesheet: stylesheetPath)
        var response = html(page, "jobs")
        // A page without script that shows how things go.
        if page.isBusy { response.headers.set("Refresh", "3") }
        return response
    }

    func storage(_ registry: Registry) async throws -> Response {
        html(StoragePage(try await ShowStorage().perform(in: registry) { _ in }, stylesheet: stylesheetPath), "storage")
    }

    func model(_ repository: RepositoryID, _ request: Request, _ registry: Registry) async throws -> Response {
        guard let detail = try await ModelPage.detail(of: repository, in: registry) else {
            switch try await registry.availability(of: repository, at: .main) {
            case .unavailable(let reason): throw ErrorResponse(reason)
            case .served: throw ErrorResponse.nothingHere
            }
        }
        let page = ModelPage(
            detail, endpoint: request.publicURL, needsToken: !registry.configuration.anonymousPulls,
            stylesheet: stylesheetPath)
        return html(page, "model")
    }

    /// The same refusal that a client gets, for people.
    func error(_ error: ErrorResponse) -> Response {
        let page = ErrorPage(
            title: error.status.reasonPhrase, heading: error.status.reasonPhrase, message: error.message,
            stylesheet: stylesheetPath)
        var response = html(page, "error")
        response.status = error.status
        for (name, value) in error.response.headers.map({ ($0.name, $0.value) })
        where name != .contentLength && name != .contentType {
            response.headers[name] = value
        }
        return response
    }

    private struct ErrorPage {
        let title: String
        let heading: String
        let message: String
        let stylesheet: String
    }

    func stylesheet(_ request: Request) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/css; charset=utf-8"
        headers[.cacheControl] = "public, max-age=31536000, immutable"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: css)))
    }

    private func html(_ page: Any, _ template: String) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/html; charset=utf-8"
        headers[.cacheControl] = "no-cache"
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        headers.set("Referrer-Policy", "no-referrer")
        let text = templates.render(page, withTemplate: template) ?? ""
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// `namespace/name[@revision]`, as a query says it.
private struct ModelName {
    let repository: RepositoryID
    let revision: Revision?

    init(_ text: String) throws(InvalidName) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        repository = try RepositoryID(parts.first ?? "")
        revision = parts.count == 2 ? try Revision(parts[1]) : nil
    }
}

/// Escapes text for HTML, in contents and in quoted attributes.
///
/// swift-mustache's own escaping goes by Characters and lets a quote that carries a combining mark through, which
/// would end an attribute; this one goes by bytes.
package struct MarkupEscaping: MustacheContentType {
    package init() {}

    package func escapeText(_ text: String) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count)
        for byte in text.withoutSteering.utf8 {
            switch byte {
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            case UInt8(ascii: "`"): escaped += "&#96;".utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}

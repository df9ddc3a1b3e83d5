package import RegistryCore

/// Why upstream did not give what was asked, by what can be done about it.
package enum UpstreamError: Error, Equatable, CustomStringConvertible {
    /// The address, token or user agent that the client was set up with cannot be used.
    case endpoint(String, reason: String)
    /// Missing, or private and hidden from this token; the Hub does not say which.
    case unknownRepository(RepositoryID, endpoint: String, anonymous: Bool)
    /// Upstream answers under another name.
    case renamed(RepositoryID, to: String)
    case unknownRevision(String, RepositoryID, endpoint: String)
    case entryNotFound(String, RepositoryID, endpoint: String)
    /// The licence has to be accepted first, on `page`.
    case gated(RepositoryID, page: String, anonymous: Bool)
    case unauthorized(endpoint: String, message: String)
    /// Upstream, or a proxy that answers in its place, asks for a name and a password.
    case passwordWanted(endpoint: String, proxy: String?)
    case disabled(RepositoryID, endpoint: String)
    /// `seconds`: when upstream said to come back, where it did.
    case rateLimited(endpoint: String, seconds: Int64?)
    /// No answer at all: name, connection, TLS, timeout.
    case unreachable(endpoint: String, reason: String)
    /// The connection broke in the middle of an answer.
    case brokenOff(endpoint: String, reason: String)
    /// An answer that came too slowly, or never to its end.
    case tooSlow(endpoint: String, reason: String)
    case serverTrouble(endpoint: String, status: Int)
    /// The host to which upstream sent us for a file's bytes does not give them.
    case storageRefused(endpoint: String, status: Int)
    /// Upstream answered something that no Hub answers, or that contradicts what it said before.
    case protocolViolation(String, expected: String, got: String)
    /// It sends us to a host that nobody has listed.
    case redirectRefused(from: String, host: String)
    /// A host turned out to have an address on this machine or in its network.
    case privateAddress(host: String)
    /// Other content came with every attempt.
    case contentChanged(String)
    /// The file ended early, again and again.
    case truncated(String, expected: Int64, got: Int64)
    /// The pointer that git holds in place of a file in LFS.
    case lfsPointer(String)
    /// A page for people: a proxy, a portal, a maintenance notice.
    case webPage(String, beginning: String)

    package var description: String {
        switch self {
        case .endpoint(let text, let reason):
            "upstream '\(text)' cannot be used: \(reason)"
        case .unknownRepository(let repository, let endpoint, anonymous: true):
            "\(repository) is unknown at \(endpoint), or private; check the name, or set HF_TOKEN if it is private"
        case .unknownRepository(let repository, let endpoint, anonymous: false):
            "\(repository) is unknown at \(endpoint), or hidden from this HF_TOKEN; check the name and the token's rights"
        case .renamed(let repository, let name):
            "\(repository) answers as \(name.printable) upstream: it was renamed, or is spelled so; nothing was fetched"
        case .unknownRevision(let revision, let repository, let endpoint):
            "\(repository) has no revision '\(revision.printable)' at \(endpoint); leave the revision out for main"
        case .entryNotFound(let path, let repository, let endpoint):
            "\(repository) has no file '\(path.printable)' at \(endpoint), though its tree lists it; mirror it again"
        case .gated(let repository, let page, anonymous: true):
            "\(repository) is gated: accept its licence at \(page), then set HF_TOKEN to a token of that account"
        case .gated(let repository, let page, anonymous: false):
            "\(repository) is gated and this HF_TOKEN has no access: accept its licence at \(page) and try again"
        case .unauthorized(let endpoint, let message):
            "\(endpoint) refused access (\(message.printable)); set HF_TOKEN to a valid token that may read it"
        case .passwordWanted(let endpoint, nil):
            "\(endpoint) wants a name and a password: --netrc names a file that holds them"
        case .passwordWanted(let endpoint, let proxy?):
            "\(endpoint), or \(proxy), wants a name and a password: --netrc names a file that holds upstream's, "
                + "LAPIDARY_PROXY takes the proxy's, http://user:password@host:port"
        case .disabled(let repository, let endpoint):
            "\(repository) has been disabled at \(endpoint); nothing can be fetched from it"
        case .rateLimited(let endpoint, let seconds?):
            "\(endpoint) is limiting our rate; try again in \(seconds) s, or set HF_TOKEN for a higher limit"
        case .rateLimited(let endpoint, nil):
            "\(endpoint) is limiting our rate; try again in a few minutes, or set HF_TOKEN for a higher limit"
        case .unreachable(let endpoint, let reason):
            "\(endpoint) is unreachable: \(reason.printable); check the address, the network and https_proxy"
        case .brokenOff(let endpoint, let reason):
            "\(endpoint) broke the connection off: \(reason.printable); what arrived is kept, try again"
        case .tooSlow(let endpoint, let reason):
            "\(endpoint) is too slow: \(reason.printable); what arrived is kept, try again"
        case .serverTrouble(let endpoint, let status):
            "\(endpoint) is in trouble (status \(status)); nothing is wrong here, try again later"
        case .storageRefused(let endpoint, let status):
            "\(endpoint), where upstream keeps its files, refused one: expected 200 or 206, got \(status); what arrived is "
                + "kept, try again later"
        case .protocolViolation(let what, let expected, let got):
            "upstream's \(what) is wrong: expected \(expected.printable), got \(got.printable); nothing of it is used"
        case .redirectRefused(let address, let host):
            "\(address.printable) redirects to \(host.printable), which is not upstream's own host: nothing was sent there; "
                + "if files lie there, add it to --redirect-hosts"
        case .privateAddress(let host):
            "\(host.printable) has a private address: nothing was sent there; if files lie in your network, add exactly "
                + "this host to --redirect-hosts"
        case .contentChanged(let path):
            "\(path) changed while it was fetched, again and again; nothing of it is used, try again later"
        case .truncated(let path, let expected, let got):
            "\(path) ended early: expected \(expected) bytes, got \(got); what arrived is kept, try again"
        case .lfsPointer(let path):
            "\(path) came as its Git LFS pointer and not as its bytes: upstream's storage, or a mirror on the way, has "
                + "not got them; nothing of it is used"
        case .webPage(let path, let beginning):
            "\(path) came as a web page, '\(beginning.printable)': something on the way answers in upstream's place, or "
                + "upstream is being maintained; none of it is used, try again"
        }
    }

    /// True where the same request may succeed at another time.
    package var mayPass: Bool {
        switch self {
        case .rateLimited, .unreachable, .brokenOff, .tooSlow, .serverTrouble, .truncated, .contentChanged, .webPage:
            true
        default: false
        }
    }

    /// True where what came was wrong, so that nothing of the file may be kept.
    package var isAboutContent: Bool {
        switch self {
        case .protocolViolation, .lfsPointer: true
        default: false
        }
    }
}

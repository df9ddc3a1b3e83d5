import Foundation
import RegistryCore
import RegistryPolicy
import RegistryUpstream

/// The way to upstream: whether it is there, who it says it is, what it makes of our token and of our clock.
struct UpstreamExamination {
    /// Of those that the policy follows.
    private static let repositoryLimit = 8

    let configuration: RegistryConfiguration
    let policy: Policy?
    let repository: RepositoryID?

    init(_ configuration: RegistryConfiguration, _ policy: Policy?, _ repository: RepositoryID?) {
        self.configuration = configuration
        self.policy = policy
        self.repository = repository
    }

    func run() async -> [HealthCheck] {
        let patience = AttemptPolicy(
            attempts: 1, firstDelay: .zero, longestDelay: .zero, longestWait: .seconds(5),
            deadlines: Deadlines(connect: .seconds(10), firstByte: .seconds(15), slowest: 1024, slowFor: .seconds(10)))
        let hub: HubClient
        do {
            hub = try HubClient(
                endpoint: configuration.upstream, token: configuration.upstreamToken, userAgent: "lapidary",
                attempts: patience, options: configuration.hub)
        } catch {
            return [HealthCheck("upstream", .fail, "\(error)", "correct that setting")]
        }
        defer { hub.close() }
        do {
            let contact = try await hub.contact()
            guard contact.status != 407 else {
                return [
                    HealthCheck("upstream", .fail, HubOptions.Proxy.wantsCredentials(hub.proxy), "see there")
                ]
            }
            return await [upstream(hub, contact), certificate(hub), clock(contact), token(hub)]
                + [repositories(hub)] + TransferExamination(hub: hub, repository: subject).run()
        } catch let silence as HubClient.NoContact {
            return await silent(hub, silence)
        } catch {
            return [HealthCheck("upstream", .fail, "\(error)")]
        }
    }

    /// The repository that transfers are tried with.
    private var subject: RepositoryID? { repository ?? followed.first }

    private var followed: [RepositoryID] {
        guard let follow = policy?.follow else { return [] }
        return follow.repositories + follow.bases.map(\.base)
    }

    private func silent(_ hub: HubClient, _ silence: HubClient.NoContact) async -> [HealthCheck] {
        var checks = [
            HealthCheck(
                "upstream", .fail, "\(silence.error)",
                silence.isUntrusted
                    ? "see certificate"
                    : "try 'curl -v \(hub.endpoint)' here; a proxy is named by --proxy, exceptions by --no-proxy")
        ]
        if silence.isUntrusted {
            let chain = (try? await hub.certificates()) ?? []
            let seen = chain.first.map { "\($0.subject), issued by \(chain.last?.issuer ?? $0.issuer)" }
            checks.append(
                HealthCheck(
                    "certificate", .fail, "not trusted: \(seen ?? "the handshake shows none")",
                    "if that issuer is your network's own authority, get its certificate from whoever runs it and "
                        + "name the file: --ca-bundle (LAPIDARY_CA_BUNDLE); if it is nobody you know, trust nothing"))
        }
        return checks + [HealthCheck("clock, token, transfers", .unchecked, "upstream is not reached")]
    }

    private func upstream(_ hub: HubClient, _ contact: HubClient.Contact) -> HealthCheck {
        var measured = "\(hub.endpoint) answered \(contact.status)"
        if let journey = contact.journey {
            // An address behind a SOCKS proxy or a tunnel is the proxy's to know: what is seen is whom we connect to.
            measured +=
                " in \(milliseconds(journey.total)) from \(journey.peer) (name \(milliseconds(journey.lookup)), "
                + "connected after \(milliseconds(journey.connect))"
                + (journey.tls > 0 ? ", TLS after \(milliseconds(journey.tls)))" : ")")
        }
        measured += ", \(hub.way)"
        if contact.wantsPassword {
            return HealthCheck("upstream", .fail, measured, "\(hub.passwordWanted)")
        }
        switch contact.status {
        case ..<400: return HealthCheck("upstream", .ok, measured)
        case 429: return HealthCheck("upstream", .warn, measured, "it limits our rate now; try again in five minutes")
        case 500...:
            return HealthCheck("upstream", .warn, measured, "it, or the proxy, is in trouble; try again later")
        default: return HealthCheck("upstream", .warn, measured, "is this a Hub? --upstream names it")
        }
    }

    private func certificate(_ hub: HubClient) async -> HealthCheck {
        guard hub.isEncrypted else {
            return hub.isLocal
                ? HealthCheck("certificate", .ok, "none needed: upstream is this machine")
                : HealthCheck(
                    "certificate", .warn, "upstream is spoken to without TLS: whoever is in between reads the token",
                    "give --upstream an https address; what is fetched is proven by its hashes only if they are right")
        }
        guard let own = try? await hub.certificates().first else {
            return HealthCheck("certificate", .ok, "trusted")
        }
        let days = own.expires.map { Int(Date.now.distance(to: $0) / 86_400) }
        let measured =
            "trusted: \(own.subject), issued by \(own.issuer)" + (days.map { ", good for \($0) days" } ?? "")
        guard let days, days < 14 else { return HealthCheck("certificate", .ok, measured) }
        return HealthCheck("certificate", .warn, measured, "whoever runs it has to renew it")
    }

    private func clock(_ contact: HubClient.Contact) -> HealthCheck {
        guard let ahead = contact.ahead else {
            return HealthCheck(
                "clock", .unchecked, "upstream tells no time", "'timedatectl' tells whether it is in step")
        }
        let off = abs(ahead)
        let seconds = Quantity.fixed(off, off < 10 ? 1 : 0)
        let measured =
            // A server may keep a Date for a second.
            off <= contact.uncertainty + 1
            ? "in step with upstream, as far as its Date tells (±\(Quantity.fixed(contact.uncertainty, 1)) s)"
            : "\(seconds) s \(ahead > 0 ? "behind" : "ahead of") upstream"
        let advice =
            "set the clock, and keep it in step (systemd-timesyncd, chrony): signed addresses and tokens end "
            + "by it, and records get the wrong time"
        return HealthCheck("clock", off > 300 ? .fail : off > 60 ? .warn : .ok, measured, off > 60 ? advice : "")
    }

    private func token(_ hub: HubClient) async -> HealthCheck {
        guard configuration.upstreamToken != nil else {
            let isHuggingFace = hub.endpoint.hasSuffix("//huggingface.co")
            return HealthCheck(
                "token", isHuggingFace ? .warn : .ok, "none is set",
                isHuggingFace
                    ? "gated repositories, Gemma's own among them, want one in HF_TOKEN or --token-file; with one the "
                        + "rate limits are higher, too" : "")
        }
        do {
            guard let owner = try await hub.tokenOwner() else {
                return HealthCheck("token", .unchecked, "upstream does not tell whose it is (no /api/whoami-v2)")
            }
            return HealthCheck("token", .ok, "accepted, as \(owner.printable)")
        } catch {
            return HealthCheck(
                "token", .fail, "\(error.upstream)",
                "make a new one at \(hub.endpoint)/settings/tokens, and put it into HF_TOKEN or the token file")
        }
    }

    /// Whether we may read what we shall follow.
    private func repositories(_ hub: HubClient) async -> HealthCheck {
        let name = "repositories"
        let asked = repository.map { [$0] } ?? Array(followed.prefix(Self.repositoryLimit))
        guard !asked.isEmpty else {
            return HealthCheck(
                name, .unchecked, "the policy follows none by name", "give one: --repository NAMESPACE/NAME")
        }
        var refused: [String] = []
        for one in asked {
            do { try await hub.requireAccess(to: one) } catch { refused.append("\(error.upstream)") }
        }
        let rest = repository == nil && followed.count > asked.count ? " (of \(followed.count))" : ""
        guard refused.isEmpty else {
            return HealthCheck(name, .fail, refused.joined(separator: "; "), "see there; then run this again")
        }
        return HealthCheck(
            name, .ok, "\(asked.map(\.description).joined(separator: ", ")) can be read\(rest)")
    }
}

extension HubClient {
    /// `directly`, or through which proxy.
    fileprivate var way: String {
        proxy.map { "through \($0)" }
            ?? (options.exceptions.map { "directly (\($0.source): \($0.text.printable))" }
                ?? "directly")
    }
}

extension Error {
    /// Without the wrapping of an answer that did not come.
    var upstream: any Error { (self as? HubClient.NoContact)?.error ?? self }
}

func milliseconds(_ seconds: Double) -> String {
    seconds < 0.001
        ? "\(Quantity.fixed(seconds * 1e6, 0)) µs"
        : "\(Quantity.fixed(seconds * 1000, seconds < 0.01 ? 1 : 0)) ms"
}
